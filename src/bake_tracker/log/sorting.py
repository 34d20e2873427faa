"""Sort any number of log lines by a field; most of them wait in temporary files, so memory stays constant."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from operator import itemgetter
from tempfile import TemporaryFile
from typing import Any

from bake_tracker.domain.log.conditions import as_number, values
from bake_tracker.log.scan import LogLine, log_line

RUN = 20_000
"""The most lines kept in memory."""
Found = tuple[bytes, LogLine]
Keyed = tuple[Any, bytes]
Key = Callable[[LogLine], Any]
_BY_KEY = itemgetter(0)


class _Reversed:
    """A value that sorts the other way round."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: "_Reversed") -> bool:
        return bool(other.value < self.value)


def sort_lines(lines: Iterable[Found], wanted: str, first: int | None = None) -> Iterator[Found]:
    """Lines by the value of a field, ascending, or descending after a minus; those without the field come last.

    Numbers come before texts. Lines with the same value stay in their order. ``first`` keeps only so many.
    """
    key = _key_of(wanted)
    keyed = ((key(line), raw) for raw, line in lines)
    for _, raw in _in_order(keyed, key, first):
        if (line := log_line(raw)) is not None:
            yield raw, line


def _in_order(keyed: Iterator[Keyed], key: Key, first: int | None) -> Iterator[Keyed]:
    """Only the raw lines are kept: parsed, they take several times the memory."""
    if first is not None and first <= RUN:
        yield from heapq.nsmallest(first, keyed, _BY_KEY)
        return
    with ExitStack() as open_files:
        runs: list[Iterator[Keyed]] = []
        while len(run := sorted(islice(keyed, RUN), key=_BY_KEY)) == RUN:
            file = open_files.enter_context(TemporaryFile())
            file.writelines(raw + b"\n" for _, raw in run)
            file.seek(0)
            runs.append((key(line), raw) for raw in map(bytes.rstrip, file) if (line := log_line(raw)) is not None)
        yield from islice(heapq.merge(*runs, run, key=_BY_KEY), first)


def _key_of(wanted: str) -> Key:
    path = wanted.removeprefix("-")
    turned: Callable[[Any], Any] = _Reversed if wanted.startswith("-") else lambda value: value

    def key(line: LogLine) -> tuple[int, Any]:
        value = next((one for one in values(line, path) if one is not None), None)
        if value is None:
            return 2, turned("")
        number = as_number(value)
        return (1, turned(str(value))) if number is None else (0, turned(number))

    return key

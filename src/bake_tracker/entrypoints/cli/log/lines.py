"""Print log lines, for people or exactly as they are in the log."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

from bake_tracker.domain.log.conditions import values
from bake_tracker.domain.log.tree import APART
from bake_tracker.entrypoints.cli.state import NotShownError, complain, counted, say, state
from bake_tracker.log.values import escape_unsafe

_ENDING = ("error", "rolled_back_because")
_SHOWN = frozenset({"timestamp", "level", "message", "operation", "outcome", "operation_id", "duration_ms", *_ENDING})
_FEW = 3
_STYLES = {"DEBUG": "dim", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}


def print_line(raw: bytes, line: Mapping[str, Any], asked: Iterable[str] = ()) -> None:
    """Print one line; ``asked`` are the fields that somebody searched or sorted by."""
    if state.as_json:
        sys.stdout.write(escape_unsafe(raw.decode("utf-8", "replace")) + "\n")
    elif sys.stdout.isatty():
        say(one_line(line, asked), _STYLES.get(str(line.get("level")), ""))
    else:
        sys.stdout.write(escape_unsafe(one_line(line, asked)) + "\n")


def one_line(line: Mapping[str, Any], asked: Iterable[str] = ()) -> str:
    """A log line for people: time, level, message, operation id, duration, what was asked for, and the other fields."""
    ending = [on_one_line(line[name]) for name in _ENDING if line.get(name)]
    head = f"{line['timestamp']} {line.get('level') or '':<7} {line.get('message') or ''}"
    took = [f"{line['duration_ms']} ms"] if line.get("duration_ms") is not None else []
    return "  ".join(
        [head, str(line.get("operation_id") or "")[:13], *took, *_asked(line, asked), *fields(line), *ending]
    )


def _asked(line: Mapping[str, Any], paths: Iterable[str]) -> Iterator[str]:
    """The fields at these paths, as ``name=value``, unless the line shows them anyway."""
    for path in dict.fromkeys(paths):
        name = path.partition(".")[0]
        if name in APART and name not in _SHOWN and (found := list(islice(values(line, path), _FEW))):
            yield f"{path}={plain(found)}"


def spent(line: Mapping[str, Any]) -> str:
    """Duration and number of SQL statements, which a repaired line does not have."""
    if "repaired_at" in line:
        return "written by a repair"
    return f"{line.get('duration_ms', 0)} ms, {line.get('sql_count', 0)} SQL"


def fields(line: Mapping[str, Any]) -> list[str]:
    """The other fields, as ``name=value``."""
    return [f"{key}={plain(value)}" for key, value in line.items() if key not in APART and value is not None]


def on_one_line(text: Any) -> str:
    """A text of several lines, such as the database's errors, as one."""
    return " ".join(str(text).splitlines())


def plain(value: Any) -> str:
    """A value as text, without the punctuation of JSON."""
    if isinstance(value, Mapping):
        return f"({', '.join(f'{key}={plain(one)}' for key, one in value.items())})"
    return ", ".join(map(plain, value)) if isinstance(value, list) else str(value)


@contextmanager
def printing() -> Iterator[None]:
    """Print many lines; a reader that closes the pipe ends the command quietly.

    Raises:
        NotShownError: the lines could not be printed.
    """
    try:
        yield
        sys.stdout.flush()
    except (OSError, UnicodeError) as error:
        raise NotShownError("The lines", error) from error


def say_unreadable(count: int) -> None:
    if count:
        was = "was" if count == 1 else "were"
        complain(f"{counted(count, 'line')} could not be read and {was} skipped.")

"""A fair sample of many log lines in constant memory, each as its fields with their values as text."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

Flat = dict[str, tuple[str, ...]]
_DEEPEST, _MOST_ELEMENTS = 3, 20


@dataclass(slots=True)
class Sample:
    """At most ``most`` of all lines added, each with the same chance; the same ones every time."""

    most: int
    seen: int = 0
    kept: list[Flat] = field(default_factory=list)
    _dice: Random = field(default_factory=lambda: Random(7))

    def add(self, line: Mapping[str, Any]) -> None:
        self.seen += 1
        if len(self.kept) < self.most:
            self.kept.append(flattened(line))
        elif (place := self._dice.randrange(self.seen)) < self.most:
            self.kept[place] = flattened(line)


def flattened(line: Mapping[str, Any]) -> Flat:
    """Each field of a line with its values; those inside objects and lists have a dotted path."""
    flat: Flat = {}
    for name, value in line.items():
        if type(value) is str:
            flat[name] = (value,)
        else:
            flat.update(_flat(value, name, 1))
    return flat


def _flat(value: Any, path: str, depth: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    if depth > _DEEPEST or value is None:
        return
    if isinstance(value, Mapping):
        for name, below in value.items():
            yield from _flat(below, f"{path}.{name}", depth + 1)
    elif isinstance(value, list):
        found: dict[str, set[str]] = {}
        for one in value[:_MOST_ELEMENTS]:
            for name, texts in _flat(one, path, depth + 1):
                found.setdefault(name, set()).update(texts)
        yield from ((name, tuple(sorted(texts))) for name, texts in found.items())
    else:
        yield path, (value if type(value) is str else json.dumps(value),)

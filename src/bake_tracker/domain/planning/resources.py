"""What is free of a resource, and the moments at which an occupation of it fits."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.planning.figures import whole_number


@dataclass(frozen=True, slots=True)
class Resource:
    """How much there is at once, such as decks of an oven, and when: (from, until) instants; None for always."""

    capacity: int
    hours: Sequence[tuple[int, int]] | None = None


class Usage:
    """How much of a resource is taken, from each instant on; outside its hours all of it is."""

    def __init__(self, name: str, resource: Resource) -> None:
        self._name = name
        self._capacity = whole_number(f"capacity of {name}", resource.capacity, 1)
        self._instants: list[int] = []
        self._taken: list[int] = [0 if resource.hours is None else self._capacity]
        for begin, until in sorted(resource.hours or ()):
            if until <= begin:
                raise ValidationError.of(f"hours of {name}", f"end at {until}, but must end after {begin}")
            if self._instants and begin <= self._instants[-1]:
                self._instants[-1] = max(self._instants[-1], until)
            else:
                self._instants += [begin, until]
                self._taken += [0, self._capacity]

    def check_holds(self, amount: int) -> None:
        """Refuse more than there is at once."""
        if amount > self._capacity:
            problem = f"is {amount}, but there are only {self._capacity} of {self._name}; use fewer at once"
            raise ValidationError.of("amount", problem)

    def take(self, begin: int, end: int, amount: int) -> None:
        """Occupy ``amount`` from ``begin`` until ``end``."""
        if begin < end:
            for index in range(self._split(begin), self._split(end)):
                self._taken[index] += amount

    def latest(self, start: int, duration: int, amount: int, floor: int) -> int | None:
        """The latest start, at or before this one, from which so much is free throughout; None if before the floor."""
        while start >= floor:
            full = next(self._full(start, start + duration, amount), None)
            if full is None:
                return start
            if full == 0:
                return None
            start = self._instants[full - 1] - duration
        return None

    def earliest(self, start: int, duration: int, amount: int) -> int | None:
        """The earliest start, at or after this one, from which so much is free throughout; None if there is none."""
        while True:
            full = max(self._full(start, start + duration, amount), default=None)
            if full is None:
                return start
            if full == len(self._instants):
                return None
            start = self._instants[full]

    def _full(self, begin: int, end: int, amount: int) -> Iterator[int]:
        """The stretches between these instants that have less than the amount free, in order."""
        if begin < end:
            for index in range(bisect_right(self._instants, begin), bisect_left(self._instants, end) + 1):
                if self._taken[index] + amount > self._capacity:
                    yield index

    def _split(self, instant: int) -> int:
        """The stretch that begins at an instant, split off from the one before where none did."""
        index = bisect_left(self._instants, instant)
        if index == len(self._instants) or self._instants[index] != instant:
            self._instants.insert(index, instant)
            self._taken.insert(index + 1, self._taken[index])
        return index + 1

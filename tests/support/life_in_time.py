"""A shelf in time: an independent model of what happened when, and what every count found."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from support.kitchen import Kitchen

Event = tuple[int, datetime, int]
"""A lot, a moment and a signed quantity in millionths."""


class AskedError(Exception):
    """A count would be altered, and nobody said whether it had seen the change."""


class BelowZeroError(Exception):
    """A lot would hold less than nothing at some moment."""


@dataclass
class Count:
    """What a count found in a lot; ``unseen`` has, by operation, what it had not seen."""

    operation: str
    lot: int
    at: datetime
    found: int
    unseen: dict[str, int] = field(default_factory=dict)


@dataclass
class Shelf:
    """Only what stands: an operation that is undone is as if it had never been.

    ``given`` has the corrections of counts that had seen something, by the operation that said so and by the count's.
    """

    events: dict[str, list[Event]] = field(default_factory=dict)
    counts: list[Count] = field(default_factory=list)
    given: list[tuple[str, str, Event]] = field(default_factory=list)

    def everything(self) -> list[Event]:
        return [event for own in self.events.values() for event in own] + [event for _, _, event in self.given]

    def held(self, lot: int, at: datetime) -> int:
        """What a lot held at a moment."""
        return sum(change for of, moment, change in self.everything() if of == lot and moment <= at)

    def by_moment(self) -> dict[tuple[int, datetime], int]:
        """The change of every lot at every moment, without those that come to nothing."""
        sums: defaultdict[tuple[int, datetime], int] = defaultdict(int)
        for lot, at, change in self.everything():
            sums[lot, at] += change
        return {key: change for key, change in sums.items() if change}

    def left(self) -> dict[int, int]:
        """What every lot holds after all of it."""
        sums: defaultdict[int, int] = defaultdict(int)
        for lot, _, change in self.everything():
            sums[lot] += change
        return dict(sums)

    def happen(
        self,
        owner: str,
        added: Iterable[Event],
        *,
        undone: Iterable[str] = (),
        saw: str | None,
        found: Iterable[Count] = (),
    ) -> None:
        """Undo these operations and add these events as one change, with one answer for all counts that it alters.

        Raises:
            AskedError, BelowZeroError: it must be refused; do not use the shelf after this.
        """
        was = {id(count): self._off(count) for count in self.counts}
        gone = set(undone)
        for key in gone:
            self.events.pop(key, None)
        self.counts = [count for count in self.counts if count.operation not in gone]
        self.given = [one for one in self.given if one[0] not in gone and one[1] not in gone]
        for count in self.counts:
            count.unseen = {key: amount for key, amount in count.unseen.items() if key not in gone}
        self.events[owner] = list(added)
        for count in sorted(self.counts, key=lambda one: one.at):
            if altered := self._off(count) - was[id(count)]:
                if saw is None:
                    raise AskedError
                if saw == "before":
                    self.given.append((owner, count.operation, (count.lot, count.at, -altered)))
                else:
                    count.unseen[owner] = altered
        self.counts += found
        if self.is_below_zero():
            raise BelowZeroError

    def is_below_zero(self) -> bool:
        held: defaultdict[int, int] = defaultdict(int)
        for (lot, _), change in sorted(self.by_moment().items(), key=lambda one: one[0][1]):
            held[lot] += change
            if held[lot] < 0:
                return True
        return False

    def every_count_stands(self) -> bool:
        return all(self._off(count) == 0 for count in self.counts)

    def _off(self, count: Count) -> int:
        return self.held(count.lot, count.at) - count.found - sum(count.unseen.values())


def ledger_by_moment(kitchen: Kitchen) -> dict[tuple[int, str], int]:
    """The same changes by moment from the ledger; a moment is written as the database writes it."""
    rows = kitchen.rows("SELECT lot_id, happened_at, sum(quantity_micros) FROM movement GROUP BY lot_id, happened_at")
    return {(row[0], moment_text(row[1])): int(row[2]) for row in rows if row[2]}


def moment_text(at: object) -> str:
    """A moment of either database as text."""
    found = at if isinstance(at, datetime) else datetime.fromisoformat(str(at))
    return (found if found.tzinfo is None else found.astimezone(UTC).replace(tzinfo=None)).isoformat()

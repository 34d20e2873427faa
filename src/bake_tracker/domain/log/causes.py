"""Why some log lines differ from the rest: the fields whose values tell the two apart, strongest first.

A field explains the lines if one of its values, or its numbers above or below some limit, are far more frequent among
them than among the rest. The evidence grows with the number of lines and the size of the difference, less what so many
values would show by chance; so an id that never repeats explains nothing. A field that only accompanies a stronger one
is marked.
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Literal, TypedDict

from bake_tracker.domain.log.conditions import as_number, is_time
from bake_tracker.domain.log.evidence import evidence, lift
from bake_tracker.domain.log.outcomes import NO_ENDS
from bake_tracker.domain.log.sampling import Flat, Sample
from bake_tracker.domain.log.tree import TIMES

MOST_LINES, MOST_OTHERS = 3_000, 7_000
"""How many of the lines in question, and of the rest, are compared; if there are more, a random sample is."""
FEWEST = 3
"""A value that fewer lines share explains nothing."""
_CUTS = 100
_CHANCE = 0.01
_ENDS = frozenset(
    {"outcome", "level", "message", "error", "exception", "settled_at", "logger", "cause_operation_id"}
    | {"after_operation_id", "rolled_back_because", "failed_in", "xid", "lsn", "timeline", "durability"}
)
"""Fields that repeat how an operation ended."""
_SPENT = frozenset({"duration_ms", "sql_count", *TIMES})
"""An operation that is refused ends sooner, so these follow from how it ended."""

Sign = Literal["=", ">=", "<", "is given", "is missing"]
Ordered = Decimal | str
Column = Sequence[tuple[str, ...]]
"""A field's values in each line of a group."""


class Cause(TypedDict):
    """A field's most telling value: its share of the lines and of the rest, and how many times as frequent it is.

    ``along_with`` names a stronger field that explains this one too.
    """

    field: str
    sign: Sign
    value: str | None
    percent: float
    others_percent: float
    lift: float
    evidence: float
    along_with: str | None


class Causes(TypedDict):
    """What tells the lines in question from the others, and how many of them were looked at.

    ``only_these_have`` are fields that none of the others has: they say what happened, not why.
    """

    lines: int
    others: int
    lines_read: int
    others_read: int
    causes: list[Cause]
    only_these_have: list[str]


@dataclass(frozen=True, slots=True)
class _Offer:
    """A value or limit of a field, with its evidence, and which lines have it: those in question first, as bits."""

    path: str
    sign: Sign
    value: str | None
    strength: float
    has: Callable[[tuple[str, ...]], bool]
    rows: int = 0


def find_causes(
    lines: Iterable[Mapping[str, Any]], is_meant: Callable[[Mapping[str, Any]], bool], asked: Collection[str] = ()
) -> Causes:
    """What tells the lines in question from the others; only lines that end an operation count.

    ``asked`` are the fields that select the lines in question, and so explain nothing.
    """
    meant, others = Sample(MOST_LINES), Sample(MOST_OTHERS)
    for line in lines:
        if line.get("operation_id") and (outcome := line.get("outcome")) and outcome not in NO_ENDS:
            (meant if is_meant(line) else others).add(line)
    skipped = _skipped(asked)
    known = {path for flat in others.kept for path in flat}
    paths = sorted({path for flat in meant.kept for path in flat if path.partition(".")[0] not in skipped})
    comparison = _Comparison(meant.kept, others.kept)
    found = [best for path in paths if path in known and (best := comparison.best_of(path))]
    limit = math.log(max(len(paths), 1) / _CHANCE)
    strong = sorted((one for one in found if one.strength > limit), key=lambda one: (-one.strength, one.path))
    return {
        "lines": meant.seen,
        "others": others.seen,
        "lines_read": len(meant.kept),
        "others_read": len(others.kept),
        "causes": list(comparison.told(strong, limit)),
        "only_these_have": [path for path in paths if path not in known and others.kept],
    }


def _skipped(asked: Collection[str]) -> frozenset[str]:
    names = {path.partition(".")[0] for path in asked}
    return _ENDS | names | (_SPENT if names & _ENDS else frozenset())


@dataclass(frozen=True, slots=True)
class _Comparison:
    """The lines in question and the others."""

    meant: list[Flat]
    others: list[Flat]

    def best_of(self, path: str) -> _Offer | None:
        """The strongest evidence from a field: one of its values, a limit, or whether the line has the field at all."""
        ours, theirs = ([flat.get(path, ()) for flat in group] for group in (self.meant, self.others))
        offers = [
            *self._values(path, ours, theirs),
            *self._limits(path, ours, theirs),
            *self._given(path, ours, theirs),
        ]
        return max(offers, key=lambda offer: offer.strength, default=None)

    def _values(self, path: str, ours: Column, theirs: Column) -> Iterator[_Offer]:
        counts, others = (Counter(text for texts in column for text in texts) for column in (ours, theirs))
        chances = math.log(len(counts | others) or 1)
        for text, count in counts.items():
            strength = self._strength(count, others[text]) - chances
            yield from _offered(path, "=", text, strength, partial(_has, text))

    def _limits(self, path: str, ours: Column, theirs: Column) -> Iterator[_Offer]:
        """Above and below each percentile of numbers and times; ids are names, whatever they look like."""
        order = None if path.endswith("_id") else _order_of([*ours, *theirs])
        if order is None:
            return
        ranked, others = (sorted(order(texts[0]) for texts in column if texts) for column in (ours, theirs))
        cuts = sorted({*_percentiles(ranked), *_percentiles(others)})
        chances = math.log(2 * len(cuts))
        for cut in cuts:
            below, other_below = bisect_left(ranked, cut), bisect_left(others, cut)
            above = self._strength(len(ranked) - below, len(others) - other_below) - chances
            under = self._strength(below, other_below) - chances
            yield from _offered(path, ">=", _written(cut), above, partial(_is_beyond, order, cut, True))
            yield from _offered(path, "<", _written(cut), under, partial(_is_beyond, order, cut, False))

    def _given(self, path: str, ours: Column, theirs: Column) -> Iterator[_Offer]:
        given, others = sum(map(bool, ours)), sum(map(bool, theirs))
        missing, others_missing = len(ours) - given, len(theirs) - others
        yield from _offered(path, "is given", None, self._strength(given, others), bool)
        yield from _offered(path, "is missing", None, self._strength(missing, others_missing), lambda texts: not texts)

    def _strength(self, count: int, others: int) -> float:
        """The evidence that these lines have more of it; 0 if there are too few, or fewer than among the others."""
        if count < FEWEST or count * len(self.others) <= others * len(self.meant):
            return 0.0
        return evidence(count, len(self.meant), others, len(self.others))

    def told(self, strong: Iterable[_Offer], limit: float) -> Iterator[Cause]:
        """Each offer as a cause; it accompanies a stronger one if it has too little evidence besides that one's."""
        everything = (1 << len(self.meant) + len(self.others)) - 1
        first: list[tuple[str, int]] = []
        for offer in strong:
            rows = self._rows(offer)
            left = {
                path: sum(self._within(rows, part) for part in (above, everything ^ above)) for path, above in first
            }
            along_with = min(left, key=lambda path: left[path], default=None)
            if along_with is not None and left[along_with] > limit:
                along_with = None
            if along_with is None:
                first.append((offer.path, rows))
            count, others = self._counts(rows)
            yield {
                "field": offer.path,
                "sign": offer.sign,
                "value": offer.value,
                "percent": round(100 * count / len(self.meant), 1),
                "others_percent": round(100 * others / len(self.others), 1),
                "lift": round(lift(count, len(self.meant), others, len(self.others)), 1),
                "evidence": round(offer.strength, 1),
                "along_with": along_with,
            }

    def _rows(self, offer: _Offer) -> int:
        flags = ("1" if offer.has(flat.get(offer.path, ())) else "0" for flat in (*self.meant, *self.others))
        return int("".join(flags)[::-1], 2)

    def _counts(self, rows: int) -> tuple[int, int]:
        ours = (rows & ((1 << len(self.meant)) - 1)).bit_count()
        return ours, rows.bit_count() - ours

    def _within(self, rows: int, part: int) -> float:
        """The evidence within a part of all lines."""
        of, others_of = self._counts(part)
        count, others = self._counts(rows & part)
        return evidence(count, of, others, others_of) if count * others_of > others * of else 0.0


def _offered(
    path: str, sign: Sign, value: str | None, strength: float, has: Callable[[tuple[str, ...]], bool]
) -> Iterator[_Offer]:
    if strength > 0:
        yield _Offer(path, sign, value, strength, has)


def _has(text: str, texts: tuple[str, ...]) -> bool:
    return text in texts


def _is_beyond(order: Callable[[str], Any], cut: Ordered, is_above: bool, texts: tuple[str, ...]) -> bool:
    return bool(texts) and (order(texts[0]) >= cut) == is_above


def _order_of(columns: Column) -> Callable[[str], Any] | None:
    """How to order a field's values: as numbers or as times. None if one of them is neither, or a line has several."""
    if any(len(texts) > 1 for texts in columns):
        return None
    texts = [texts[0] for texts in columns if texts]
    if all(as_number(text) is not None for text in texts):
        return Decimal
    return str if all(map(is_time, texts)) else None


def _percentiles(ranked: Sequence[Ordered]) -> set[Ordered]:
    return {ranked[len(ranked) * step // _CUTS] for step in range(_CUTS)} if ranked else set()


def _written(cut: Ordered) -> str:
    return cut if isinstance(cut, str) else format(cut, "f")

"""What counts say about changes that are dated before them and recorded after them.

A change that is recorded as it happens comes after every count, and asks nothing. Any other is refused if it alters a
lot before a count, unless somebody says whether the count had seen it. If it had, the count is corrected by the
opposite, so that the counted quantity stands. No lot may be below zero at any moment.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

from sqlalchemy import insert

from bake_tracker.domain.amounts import amount
from bake_tracker.domain.errors import ConflictError, CountedSinceError, CountSince
from bake_tracker.domain.money import format_money, negated
from bake_tracker.domain.stock.counts import CountedLot, Posting, Unsettled, first_below_zero, unsettled
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.queries.stock.counted import load_counts_since, load_moved, load_unseen_of
from bake_tracker.queries.stock.lots import load_lots
from bake_tracker.services.operation import Kind, Operation, recording
from bake_tracker.services.stock.movements import Change, change_remaining, post

ADJUST = Kind(
    "record_adjustment",
    "adjustment_service",
    "Adjusted the stock",
    success_fields=("kind", "reason", "recipient_id", "event_id", "lots", "total_cost"),
)

_add_adjustment = insert(tables.adjustment)
_add_answer = insert(tables.count_answer)


@contextmanager
def settling_counts(operation: Operation) -> Iterator[None]:
    """Ask about counts once, for everything inside this operation together: what it undoes and records again."""
    if operation.settling is not None:
        yield
        return
    operation.unsettled = []
    yield
    posted, operation.unsettled = operation.unsettled, None
    found = _decide(operation, posted, already_posted=True)
    _correct(operation, [one for one in found if one.quantity_micros < 0])
    _correct(operation, [one for one in found if one.quantity_micros > 0])


@contextmanager
def asking_counts(operation: Operation, changes: Sequence[Change]) -> Iterator[None]:
    """Ask about counts before these changes are written, and correct the counts that had seen them."""
    if operation.said_at is None or not changes:
        yield
        return
    posted = [Posting(one.lot_id, operation.at, one.quantity_micros, one.cost_micros) for one in changes]
    around = operation.settling
    if around is not None and around.unsettled is not None:
        around.unsettled += posted
        yield
        return
    found = _decide(operation, posted)
    # What a count gives back comes first, because a lot may be empty now.
    _correct(operation, [one for one in found if one.quantity_micros < 0])
    yield
    _correct(operation, [one for one in found if one.quantity_micros > 0])


def _decide(operation: Operation, posted: Sequence[Posting], *, already_posted: bool = False) -> list[Unsettled]:
    """The counts to correct, after everything that could refuse the changes.

    Raises:
        CountedSinceError: nobody said whether the counts had seen them.
        ConflictError: a lot would be below zero at some moment.
    """
    session, saw = operation.session, operation.count_saw
    if not posted:
        return []
    found = _unsettled(operation, posted, operation.undone, but={operation.id})
    if found and saw is None:
        latest = _latest(found)
        local = operation.house.local_time
        raise CountedSinceError(_told(latest), [f"{local(one.counted_at):%Y-%m-%d %H:%M}" for one in latest])
    corrections = [
        Posting(one.count.lot_id, one.count.counted_at, -one.quantity_micros) for one in found if saw == "before"
    ]
    _refuse_below_zero(operation, posted, corrections, already_posted=already_posted)
    if saw == "after":
        rows = [_answer(operation, one, one.quantity_micros) for one in found]
        if rows:
            session.execute(_add_answer, rows)
        return []
    return found


def counts_to_ask_about(
    operation: Operation, posted: Sequence[Posting], undone: Collection[str], *, refuses: bool
) -> list[CountSince]:
    """The latest count of each lot that an undo would ask about; ``undone`` is everything that it undoes.

    Raises:
        ConflictError: ``refuses`` is set, and nobody needs to be asked, but a lot would be below zero at some moment.
    """
    found = _unsettled(operation, posted, undone, but=undone) if posted else []
    if refuses and not found:
        _refuse_below_zero(operation, posted, [], already_posted=False)
    return _told(_latest(found))


def _unsettled(
    operation: Operation, posted: Sequence[Posting], undone: Collection[str], *, but: Collection[str]
) -> list[Unsettled]:
    session = operation.session
    withdrawn = load_unseen_of(session, undone) if undone else []
    touched = [*((one.lot_id, one.at) for one in posted), *((one.lot_id, one.counted_at) for one in withdrawn)]
    counts = load_counts_since(session, {lot_id for lot_id, _ in touched}, min(at for _, at in touched), but=but)
    by_line = {one.line_id: one.quantity_micros for one in withdrawn}
    return unsettled(posted, counts, by_line, next_only=operation.count_saw == "before")


def _latest(found: Sequence[Unsettled]) -> list[CountedLot]:
    return list({one.count.lot_id: one.count for one in found}.values())


def _told(counts: Sequence[CountedLot]) -> list[CountSince]:
    return [
        {
            "lot_id": count.lot_id,
            "lot_code": count.lot_code,
            "stocktake_id": count.stocktake_id,
            "counted_at": count.counted_at.isoformat(),
            "counted": format_micros(count.counted_micros),
            "unit": count.unit,
        }
        for count in counts
    ]


def _refuse_below_zero(
    operation: Operation, posted: Sequence[Posting], corrections: Sequence[Posting], *, already_posted: bool
) -> None:
    added = [*posted, *corrections]
    lot_ids = {one.lot_id for one in added if one.quantity_micros < 0}
    if not lot_ids:
        return
    moved = load_moved(operation.session, lot_ids)
    lots = load_lots(operation.session, sorted(lot_ids))
    below, days = list[str](), list[str]()
    for lot_id in sorted(lot_ids):
        own = [one for one in added if one.lot_id == lot_id]
        before = moved[lot_id]
        if already_posted:
            ours = [one for one in posted if one.lot_id == lot_id]
            before = [*before, *(Posting(lot_id, one.at, -one.quantity_micros) for one in ours)]
        if found := first_below_zero(before, own):
            moment, lacking = found
            day = operation.house.local_day(moment).isoformat()
            lot = lots[lot_id]
            below.append(f"lot {lot.code} would be {amount(format_micros(lacking), lot.base_unit)} short on {day}")
            days.append(day)
    if below:
        raise ConflictError(
            f"{'; '.join(below)}; what was recorded for that day had used it",
            lots=[lots[lot_id].code for lot_id in sorted(lot_ids)],
            days=days,
        )


def _correct(operation: Operation, found: Sequence[Unsettled]) -> None:
    """Post the opposite of what a count had seen, at the count, as an adjustment inside this operation."""
    in_order = sorted(found, key=lambda one: (one.count.stocktake_id, one.count.lot_id))
    for _, group in groupby(in_order, key=lambda one: one.count.stocktake_id):
        _correct_one(operation, list(group))


def _correct_one(operation: Operation, found: Sequence[Unsettled]) -> None:
    at = found[0].count.counted_at
    lines = [
        {"lot_id": one.count.lot_id, "item_id": None, "quantity": format_micros(-one.quantity_micros), "unit": None}
        for one in found
    ]
    of_nobody = {"reason": None, "recipient_id": None, "event_id": None}
    asked: dict[str, Any] = {"kind": "stocktake", "lines": lines, **of_nobody, "happened_at": at}
    with recording(ADJUST, operation.session, {**asked, "operation_id": None}) as correction:
        correction.said_at = at
        correction.claim(asked)
        changes = [Change(one.count.lot_id, -one.quantity_micros, negated(one.cost_micros)) for one in found]
        change_remaining(correction, changes)
        post(correction, changes)
        rows = [
            {
                "operation_id": correction.id,
                "lot_id": one.lot_id,
                "kind": "stocktake",
                "quantity_micros": one.quantity_micros,
                **of_nobody,
                "happened_at": at,
            }
            for one in changes
        ]
        correction.session.execute(_add_adjustment, rows)
        correction.session.execute(_add_answer, [_answer(correction, one, -one.quantity_micros) for one in found])
        correction.succeed(_result(correction, found, changes))


def _result(correction: Operation, found: Sequence[Unsettled], changes: Sequence[Change]) -> dict[str, Any]:
    lots = load_lots(correction.session, [one.count.lot_id for one in found])
    costs = [one.cost_micros for one in changes]
    return {
        "operation_id": correction.id,
        "kind": "stocktake",
        "reason": None,
        "recipient_id": None,
        "event_id": None,
        "happened_at": correction.at.isoformat(),
        "lots": [
            {
                "lot_id": one.lot_id,
                "lot_code": lots[one.lot_id].code,
                "item_slug": lots[one.lot_id].item_slug,
                "quantity": format_micros(one.quantity_micros),
                "unit": lots[one.lot_id].base_unit,
                "cost": format_money(one.cost_micros),
            }
            for one in changes
        ],
        "total_cost": None if None in costs else format_money(sum(cost for cost in costs if cost is not None)),
    }


def _answer(operation: Operation, one: Unsettled, quantity_micros: int) -> dict[str, object]:
    saw = "after" if operation.count_saw == "after" else "before"
    return {
        "operation_id": operation.id,
        "stocktake_line_id": one.count.line_id,
        "saw": saw,
        "quantity_micros": quantity_micros,
    }

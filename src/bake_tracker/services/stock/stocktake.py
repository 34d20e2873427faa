"""Stocktakes: what was counted of each lot, how it differs from the ledger, and one operation that adjusts it.

A line from a count sheet carries the quantity ``expected`` by the sheet. If the ledger has changed since, the count
alone does not say what is on hand now, and ``moved`` decides. ``"refuse"``, the default, lists those lots. ``"after"``
means that the stock moved after the count, so the difference from the sheet still applies. ``"before"`` means that the
move was recorded late, and the count includes it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, TypedDict, cast
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments, check_is_past
from bake_tracker.domain.choices import said_of_counts
from bake_tracker.domain.errors import ConflictError, ConversionProblem, UnitConversionError, ValidationError
from bake_tracker.domain.money import divide_half_even, format_money
from bake_tracker.domain.recipes.quantities import base_quantity
from bake_tracker.domain.stock.counts import Posting, balance_at
from bake_tracker.domain.units import MAX_TOTAL_MICROS, MICRO, format_micros
from bake_tracker.models import Stocktake, tables
from bake_tracker.queries.bakery import BakeryInfo
from bake_tracker.queries.catalog.definitions import load_items
from bake_tracker.queries.stock.counted import load_counts_since, load_moved
from bake_tracker.queries.stock.lots import LotState, load_lots
from bake_tracker.services.operation import Kind, Operation, checking, recording
from bake_tracker.services.stock.adjustment import change_of, post_adjustments, total_of
from bake_tracker.services.stock.former_units import refuse_former_units
from bake_tracker.services.stock.ledger import Change, lock_items

CHECK = Kind("check_stocktake", "stocktake_service", "Checked a count", passed_message="Count checked")
RECORD = Kind(
    "record_stocktake",
    "stocktake_service",
    "Counted the stock",
    entry_message="Recording stocktake",
    success_fields=("stocktake_id", "counted_count", "different_count", "cost_difference"),
)

MOVED = ("refuse", "after", "before")

_add_stocktake = insert(tables.stocktake).returning(Stocktake.__table__.c.id)
_add_line = insert(tables.stocktake_line)


@dataclass(frozen=True, slots=True)
class CountedLine:
    """A counted line: ``counted`` in ``unit``, or ``percent_left`` of the lot's original quantity."""

    lot_id: int
    counted: Fraction | None
    unit: str | None
    percent_left: Fraction | None
    expected_micros: int | None


@dataclass(frozen=True, slots=True)
class _Counted:
    """A lot, the quantity to compare with, the counted quantity and what the ledger held then, in millionths."""

    line: CountedLine
    lot: LotState
    expected_micros: int
    counted_micros: int
    held_micros: int

    @property
    def change(self) -> Change:
        return change_of(self.lot, self.counted_micros - self.expected_micros)

    @property
    def has_moved(self) -> bool:
        return self.line.expected_micros not in (None, self.held_micros)


class CountDifference(TypedDict):
    """A counted lot, in its item's base unit; ``percent`` is of the expected quantity, None if that is 0."""

    lot_id: int
    lot_code: str
    item_slug: str
    unit: str
    expected: str
    counted: str
    difference: str
    percent: str | None
    cost: str | None


class MovedLot(TypedDict):
    """A lot that changed in the ledger since the sheet was printed."""

    lot_id: int
    lot_code: str
    unit: str
    on_sheet: str
    on_hand: str


class StocktakeCheck(TypedDict):
    """What a count would change; ``cost_difference`` is None if the cost of a differing lot is unknown."""

    counted_count: int
    different_count: int
    lots: list[CountDifference]
    cost_difference: str | None
    moved: list[MovedLot]


class StocktakeResult(TypedDict):
    """A recorded count; ``lots`` lists the lots that differed."""

    operation_id: str
    stocktake_id: int
    counted_at: str
    counted_count: int
    different_count: int
    lots: list[CountDifference]
    cost_difference: str | None


def check_stocktake(
    lines: Sequence[Mapping[str, Any]],
    *,
    session: Session,
    counted_at: datetime | None = None,
    moved: str = "refuse",
) -> StocktakeCheck:
    """Preview how a count differs from the ledger in quantity, per cent and cost; locks and writes nothing.

    With ``counted_at``, it is compared with the ledger at that moment. Lots that moved since the sheet was printed are
    listed, and compared with the sheet unless ``moved`` is ``"before"``.

    Raises:
        ValidationError, LotNotFoundError, UnitConversionError, ConflictError: for the same reasons as
            ``record_stocktake``, except that a lot moved.
    """
    with checking(CHECK, session, locals()) as operation:
        given = Arguments()
        asked = _read_lines(given, lines)
        at = given.moment("counted_at", counted_at, operation.time_zone)
        which = given.choice("moved", moved, MOVED)
        given.done()
        if at is not None:
            check_is_past("counted_at", at, operation.now, operation.house.time_zone)
        lots = load_lots(session, [line.lot_id for line in asked])
        counts = _hold_against(operation, asked, lots, which, at)
        changes = [count.change for count in counts if count.counted_micros != count.expected_micros]
        operation.tell_check({"counted_count": len(counts), "different_count": len(changes)})
        return {
            "counted_count": len(counts),
            "different_count": len(changes),
            "lots": [_difference(count) for count in counts],
            "cost_difference": total_of(changes),
            "moved": [_moved(count) for count in counts if count.has_moved],
        }


def record_stocktake(
    lines: Sequence[Mapping[str, Any]],
    *,
    session: Session,
    counted_at: datetime | None = None,
    notes: str | None = None,
    moved: str = "refuse",
    count_saw: str | None = None,
    operation_id: UUID | str | None = None,
) -> StocktakeResult:
    """Adjust the ledger to a count, as one operation in the caller's transaction.

    A line has ``lot_id``, and either ``counted`` (with ``unit``, if it is not the item's base unit) or ``percent_left``
    of the lot's original quantity. If it was counted on a sheet, it also has the sheet's ``expected`` quantity, in the
    base unit.

    With ``counted_at``, each lot is compared with what the ledger held at that moment. A later change that is dated
    before it is refused unless the caller says whether this count had seen it; so is this count, if it alters what a
    later count found, without ``count_saw``.

    Raises:
        ValidationError: an argument is not allowed.
        LotNotFoundError: one of the lots does not exist.
        UnitConversionError: a unit cannot be converted to an item's base unit; names every such item.
        CountedSinceError: a lot was counted again after ``counted_at``, and ``count_saw`` was left out.
        ConflictError: a lot came in only after ``counted_at``; or was counted at that moment already, and ``count_saw``
            is ``"before"``; or moved since the sheet was printed and ``moved`` is ``"refuse"``; or now holds less than
            the count takes away; or ``operation_id`` was used for something else.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        asked = _read_lines(given, lines)
        at = given.moment("counted_at", counted_at, operation.time_zone)
        remark = given.text("notes", notes)
        which = given.choice("moved", moved, MOVED)
        saw = given.count_saw(count_saw)
        given.done()
        arguments = {
            "lines": [asdict(line) for line in asked],
            "counted_at": at,
            "notes": remark,
            "moved": which,
            **said_of_counts(saw),
        }
        operation.happened("counted_at", at, count_saw=saw)
        if done := operation.claim(arguments):
            return cast(StocktakeResult, done)

        # load
        lot_ids = [line.lot_id for line in asked]
        lock_items(operation, {lot.item_id for lot in load_lots(session, lot_ids).values()})

        # decide
        counts = _hold_against(operation, asked, load_lots(session, lot_ids), which, at)
        _check_moved(counts, which, is_late=at is not None)
        different = [count for count in counts if count.counted_micros != count.expected_micros]
        changes = [count.change for count in different]
        if saw == "before" and at is not None:
            _check_counted_once(operation, different, at)

        # write
        row = {"operation_id": operation.id, "counted_at": operation.at, "notes": remark}
        stocktake_id: int = session.execute(_add_stocktake, row).scalar_one()
        session.execute(_add_line, [_row(count, operation.id, stocktake_id) for count in counts])
        _note_unseen(operation, counts, stocktake_id)
        post_adjustments(operation, "stocktake", changes, reason=remark)
        return operation.succeed(
            StocktakeResult(
                operation_id=operation.id,
                stocktake_id=stocktake_id,
                counted_at=operation.at.isoformat(),
                counted_count=len(counts),
                different_count=len(different),
                lots=[_difference(count) for count in different],
                cost_difference=total_of(changes),
            )
        )


def _read_lines(given: Arguments, lines: object) -> list[CountedLine]:
    asked: list[CountedLine] = []
    for place, row in enumerate(given.rows("lines", lines)):
        at = f"lines[{place}]"
        for name in sorted(row.keys() - {"lot_id", "counted", "unit", "percent_left", "expected"}, key=str):
            given.refuse(at, f"has no field {str(name)[:60]!r}; it takes lot_id, counted, unit, percent_left, expected")
        counted, percent, expected, unit = (row.get(key) for key in ("counted", "percent_left", "expected", "unit"))
        if (counted is None) == (percent is None):
            given.refuse(at, "must have either counted or percent_left, not both")
        share = None if percent is None else given.exact(f"{at}.percent_left", percent)
        if share is not None and share > 100:
            given.refuse(f"{at}.percent_left", f"must be at most 100, not {percent}")
        known_unit = None if unit is None else given.unit(f"{at}.unit", unit)
        asked.append(
            CountedLine(
                given.key(f"{at}.lot_id", row.get("lot_id")),
                None if counted is None else given.exact(f"{at}.counted", counted),
                known_unit.name if known_unit else None,
                share,
                None if expected is None else given.micros(f"{at}.expected", expected),
            )
        )
    if twice := sorted(lot_id for lot_id, count in Counter(line.lot_id for line in asked).items() if count > 1):
        given.refuse("lines", f"lot {', '.join(map(str, twice))} is listed twice; add up what you found")
    return asked


def _hold_against(
    operation: Operation, asked: Sequence[CountedLine], lots: Mapping[int, LotState], moved: str, at: datetime | None
) -> list[_Counted]:
    session = operation.session
    held = {lot_id: lot.quantity_micros for lot_id, lot in lots.items()}
    if at is not None:
        moves = load_moved(session, lots)
        _check_were_there(operation.house, lots.values(), moves, at)
        held = {lot_id: balance_at(moves[lot_id], at)[0] for lot_id in lots}
    items = load_items(session, {lot.item_id for lot in lots.values()})
    counts: list[_Counted] = []
    problems: dict[str, ConversionProblem] = {}
    for place, line in enumerate(asked):
        lot = lots[line.lot_id]
        try:
            if line.percent_left is not None:
                found = line.percent_left / 100 * Fraction(lot.brought_micros, MICRO)
            else:
                found = base_quantity(
                    lot.weighed(items[lot.item_id]), line.counted or Fraction(0), line.unit or lot.base_unit
                )
        except UnitConversionError as error:
            problems.setdefault(lot.item_slug, error.problems[0])
            continue
        counted_micros = divide_half_even(found.numerator * MICRO, found.denominator)
        if counted_micros > MAX_TOTAL_MICROS:
            raise ValidationError.of(f"lines[{place}].counted", "is too large to count")
        on_sheet = line.expected_micros if moved != "before" else None
        expected = held[line.lot_id] if on_sheet is None else on_sheet
        counts.append(_Counted(line, lot, expected, counted_micros, held[line.lot_id]))
    if problems:
        raise UnitConversionError(problems.values())
    if more := [one.lot for one in counts if one.counted_micros > one.expected_micros]:
        refuse_former_units(session, more, "count it there")
    return counts


def _check_were_there(
    house: BakeryInfo, lots: Iterable[LotState], moves: Mapping[int, Sequence[Posting]], at: datetime
) -> None:
    """Refuse lots that came in, or were made or split off, only after they were counted."""
    if late := [lot for lot in lots if moves[lot.lot_id] and moves[lot.lot_id][0].at > at]:
        came = ((lot.code, house.local_time(moves[lot.lot_id][0].at)) for lot in late)
        told = "; ".join(f"lot {code} was not there before {since:%Y-%m-%d %H:%M}" for code, since in came)
        raise ConflictError(
            f"{told}, and was counted at {house.local_time(at):%Y-%m-%d %H:%M}; give a later time, or leave it out",
            lots=[lot.code for lot in late],
        )


def _check_moved(counts: Sequence[_Counted], moved: str, *, is_late: bool) -> None:
    gone = [_moved(count) for count in counts if count.has_moved]
    if gone and moved == "refuse":
        named = "; ".join(
            f"{lot['lot_code']}: {lot['on_sheet']} {lot['unit']} on the sheet, {lot['on_hand']} now" for lot in gone
        )
        raise ConflictError(
            f"stock moved since the sheet was printed: {named}. If it moved after you counted, set moved to after; "
            "if it was recorded late and your count includes it, set moved to before; or count again",
            moved=gone,
        )
    if is_late:
        return  # the ledger refuses to go below zero at any moment, and names the day
    below = [one for one in counts if one.lot.quantity_micros + one.counted_micros - one.expected_micros < 0]
    if below:
        codes = [count.lot.code for count in below]
        raise ConflictError(f"the count removes more than is on hand: {', '.join(codes)}; count again", lots=codes)


def _check_counted_once(operation: Operation, different: Iterable[_Counted], at: datetime) -> None:
    """Refuse to settle another count of the same moment, because that would take back what this one found."""
    since = load_counts_since(operation.session, {count.lot.lot_id for count in different}, at)
    if codes := sorted({count.lot_code for count in since if count.counted_at == at}):
        raise ConflictError(
            f"lot {', '.join(codes)} was counted at {operation.house.local_time(at):%Y-%m-%d %H:%M} already, with "
            "another result; undo that count, or give another time",
            lots=codes,
        )


def _note_unseen(operation: Operation, counts: Sequence[_Counted], stocktake_id: int) -> None:
    """Note for each lot that moved after it was counted by how much the ledger differs from the count."""
    unseen = {one.lot.lot_id: one.held_micros - one.expected_micros for one in counts}
    unseen = {lot_id: micros for lot_id, micros in unseen.items() if micros}
    if not unseen:
        return
    line = tables.stocktake_line.c
    rows = operation.session.execute(select(line.id, line.lot_id).where(line.stocktake_id == stocktake_id)).all()
    said = {"operation_id": operation.id, "saw": "after"}
    operation.session.execute(
        insert(tables.count_answer),
        [
            {**said, "stocktake_line_id": row.id, "quantity_micros": unseen[row.lot_id]}
            for row in rows
            if row.lot_id in unseen
        ],
    )


def _difference(count: _Counted) -> CountDifference:
    lot, expected = count.lot, count.expected_micros
    delta = count.counted_micros - expected
    percent = divide_half_even(delta * 1_000, expected) if expected else None  # in tenths
    return {
        "lot_id": lot.lot_id,
        "lot_code": lot.code,
        "item_slug": lot.item_slug,
        "unit": lot.base_unit,
        "expected": format_micros(expected),
        "counted": format_micros(count.counted_micros),
        "difference": format_micros(delta),
        "percent": None if percent is None else format_micros(percent * MICRO // 10),
        "cost": format_money(count.change.cost_micros if delta else 0),
    }


def _moved(count: _Counted) -> MovedLot:
    return {
        "lot_id": count.lot.lot_id,
        "lot_code": count.lot.code,
        "unit": count.lot.base_unit,
        "on_sheet": format_micros(count.line.expected_micros or 0),
        "on_hand": format_micros(count.held_micros),
    }


def _row(count: _Counted, operation_id: str, stocktake_id: int) -> dict[str, object]:
    return {
        "operation_id": operation_id,
        "stocktake_id": stocktake_id,
        "lot_id": count.lot.lot_id,
        "expected_micros": count.expected_micros,
        "counted_micros": count.counted_micros,
        "percent_left": count.line.percent_left,
    }

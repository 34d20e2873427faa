"""Adjustments: waste, spoilage, gifts, samples, sales and corrections, with their reason."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypedDict, cast
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.choices import said_of_counts
from bake_tracker.domain.errors import (
    ConflictError,
    ConversionProblem,
    InsufficientInventoryError,
    ItemNotFoundError,
    Shortage,
    UnitConversionError,
    ValidationError,
)
from bake_tracker.domain.money import format_money
from bake_tracker.domain.recipes.quantities import Item, Mix, stated_quantity
from bake_tracker.domain.stock.adjusting import KINDS, TO_SOMEBODY, cost_of_change
from bake_tracker.domain.stock.fifo import Draw, draw_from, plan_draws
from bake_tracker.domain.stock.shortages import all_draws, ingredient_shortages
from bake_tracker.domain.units import (
    MAX_TOTAL_MICROS,
    Dimension,
    drawn_micros,
    format_micros,
    parse_unit,
    received_micros,
)
from bake_tracker.models import tables
from bake_tracker.queries.catalog.definitions import check_event, check_recipient, load_items
from bake_tracker.queries.stock.lots import LotState, load_lots
from bake_tracker.services.operation import Operation, recording
from bake_tracker.services.stock.counts import ADJUST
from bake_tracker.services.stock.former_units import refuse_former_units
from bake_tracker.services.stock.ledger import (
    Change,
    change_lots,
    changes_of,
    lock_items,
    note_passed_over,
)
from bake_tracker.services.stock.usable import as_they_were, usable_lots, with_what_came_later

_add = insert(tables.adjustment)


@dataclass(frozen=True, slots=True)
class AdjustmentLine:
    """A line of an adjustment: a lot, or an item whose policy chooses the lots."""

    lot_id: int | None
    item_id: int | None
    quantity: Fraction
    unit: str | None


class AdjustedLot(TypedDict):
    """A changed lot, with a signed quantity in its item's base unit and a signed cost, None if unknown."""

    lot_id: int
    lot_code: str
    item_slug: str
    quantity: str
    unit: str
    cost: str | None


class AdjustmentResult(TypedDict):
    """A recorded adjustment; ``total_cost`` is signed, and None if the cost of a lot is unknown."""

    operation_id: str
    kind: str
    reason: str | None
    recipient_id: int | None
    event_id: int | None
    happened_at: str
    lots: list[AdjustedLot]
    total_cost: str | None


def record_adjustment(
    kind: str,
    lines: Sequence[Mapping[str, Any]],
    *,
    session: Session,
    reason: str | None = None,
    recipient_id: int | None = None,
    event_id: int | None = None,
    happened_at: datetime | None = None,
    count_saw: str | None = None,
    operation_id: UUID | str | None = None,
) -> AdjustmentResult:
    """Take the lines' quantities out of stock, or correct it, with a reason, in the caller's transaction.

    A line has ``lot_id`` or ``item_id``, ``quantity`` and, if it is not the item's base unit, ``unit``. With
    ``item_id``, the item's policy chooses among the usable lots. A correction is signed and needs a reason; an increase
    is valued at the cost of what is left in the lot, or at its original cost if nothing is left.

    With ``happened_at``, lots are taken as they were then. If one was counted since, ``count_saw`` says whether the
    count had seen it (``before``) or not (``after``).

    Raises:
        ValidationError: an argument is not allowed.
        ItemNotFoundError, LotNotFoundError, RecipientNotFoundError, EventNotFoundError: a reference does not exist.
        UnitConversionError: a unit cannot be converted to an item's base unit; names every such item.
        InsufficientInventoryError: lots or items are short; lists every short line and takes nothing.
        CountedSinceError: a lot was counted after ``happened_at``, and ``count_saw`` was left out.
        ConflictError: a lot for a customer is expired or on hold, a lot was received after ``happened_at``, or
            ``operation_id`` was used for something else.
    """
    with recording(ADJUST, session, locals()) as operation:
        given = Arguments()
        which = given.choice("kind", kind, KINDS)
        asked = [_read_line(given, place, row, which) for place, row in enumerate(given.rows("lines", lines))]
        why = None if reason is None else given.name("reason", reason, limit=1_000)
        if which == "correction" and why is None:
            given.refuse("reason", "is required for a correction: say why there is more or less")
        recipient = given.optional_key("recipient_id", recipient_id)
        if recipient is not None and which not in TO_SOMEBODY:
            given.refuse("recipient_id", f"is only for a sample, gift or sale, not for {which}")
        event = given.optional_key("event_id", event_id)
        at = given.moment("happened_at", happened_at, operation.time_zone)
        saw = given.count_saw(count_saw)
        given.done()
        arguments = {
            "kind": which,
            "lines": [asdict(line) for line in asked],
            "reason": why,
            "recipient_id": recipient,
            "event_id": event,
            "happened_at": at,
            **said_of_counts(saw),
        }
        there_on = operation.happened("happened_at", at, count_saw=saw)
        if done := operation.claim(arguments):
            return cast(AdjustmentResult, done)

        check_recipient(session, recipient)
        check_event(session, event)
        changes, after = adjust_lots(
            operation, which, asked, there_on, reason=why, recipient_id=recipient, event_id=event
        )
        return operation.succeed(
            AdjustmentResult(
                operation_id=operation.id,
                kind=which,
                reason=why,
                recipient_id=recipient,
                event_id=event,
                happened_at=operation.at.isoformat(),
                lots=[adjusted_lot(change, after[change.lot_id]) for change in changes],
                total_cost=total_of(changes),
            )
        )


def adjust_lots(
    operation: Operation,
    kind: str,
    asked: Sequence[AdjustmentLine],
    there_on: date,
    *,
    reason: str | None = None,
    recipient_id: int | None = None,
    event_id: int | None = None,
) -> tuple[list[Change], Mapping[int, LotState]]:
    """Load and lock what the lines name, decide, and post; return the changes, and the lots after them.

    Raises:
        ServiceError: what is asked for is not possible; see ``record_adjustment``.
    """
    # load
    session = operation.session
    named = {line.lot_id for line in asked if line.lot_id is not None}
    known = load_lots(session, sorted(named))
    items = _load_items(session, asked, known)
    wanted = _wanted(asked, known, items)
    lock_items(operation, items)
    lots = as_they_were(operation, load_lots(session, sorted(named)))

    # decide
    check_were_there(lots.values(), there_on)
    if kind in TO_SOMEBODY:
        _check_may_go(lots.values(), operation.today, kind)
    draws, added = _decide(operation, asked, wanted, lots, items, there_on)
    if added:
        refuse_former_units(session, [lots[one.lot_id] for one in added], "record it there")
    changes = [*changes_of(draws), *added]

    # write
    post_adjustments(operation, kind, changes, reason=reason, recipient_id=recipient_id, event_id=event_id)
    note_passed_over(operation, draws, there_on)
    return changes, load_lots(session, [change.lot_id for change in changes])


def post_adjustments(
    operation: Operation,
    kind: str,
    changes: Sequence[Change],
    *,
    reason: str | None = None,
    recipient_id: int | None = None,
    event_id: int | None = None,
    of_operations: Mapping[int, str] | None = None,
    credits: Mapping[int, int] | None = None,
) -> None:
    """Post changes to lots with their kind and reason, at the operation's time.

    The caller has locked the items and checked the quantities. For a return, ``of_operations`` and ``credits`` have the
    operation and the credit of each lot.
    """
    if not changes:
        return
    change_lots(operation, changes)
    operation.session.execute(
        _add,
        [
            {
                "operation_id": operation.id,
                "lot_id": change.lot_id,
                "kind": kind,
                "quantity_micros": change.quantity_micros,
                "reason": reason,
                "recipient_id": recipient_id,
                "event_id": event_id,
                "happened_at": operation.at,
                "of_operation_id": (of_operations or {}).get(change.lot_id),
                "credit_micros": (credits or {}).get(change.lot_id),
            }
            for change in changes
        ],
    )


def change_of(lot: LotState, delta_micros: int) -> Change:
    """A change to a lot by this quantity, at the lot's share of cost.

    Raises:
        ValidationError: the lot would hold more than can be counted.
    """
    cost = cost_of_change(
        delta_micros, lot.quantity_micros, lot.cost_micros, lot.brought_micros, lot.brought_cost_micros
    )
    if lot.quantity_micros + delta_micros > MAX_TOTAL_MICROS or (lot.cost_micros or 0) + (cost or 0) > MAX_TOTAL_MICROS:
        raise ValidationError.of("quantity", f"is more than lot {lot.code} can hold; use a smaller number")
    return Change(lot.lot_id, delta_micros, cost, "chosen" if delta_micros < 0 else None)


def adjusted_lot(change: Change, lot: LotState) -> AdjustedLot:
    """A change in readable form."""
    return {
        "lot_id": lot.lot_id,
        "lot_code": lot.code,
        "item_slug": lot.item_slug,
        "quantity": format_micros(change.quantity_micros),
        "unit": lot.base_unit,
        "cost": format_money(change.cost_micros),
    }


def total_of(changes: Iterable[Change]) -> str | None:
    """The total cost of the changes; None if any is unknown."""
    costs = [change.cost_micros for change in changes]
    return None if None in costs else format_money(sum(cost for cost in costs if cost is not None))


def _read_line(given: Arguments, place: int, row: Mapping[str, Any], kind: str) -> AdjustmentLine:
    at = f"lines[{place}]"
    lot_id, item_id = row.get("lot_id"), row.get("item_id")
    if (lot_id is None) == (item_id is None):
        given.refuse(at, "must name either a lot (lot_id) or an item (item_id)")
    for name in sorted(row.keys() - {"lot_id", "item_id", "quantity", "unit"}, key=str):
        given.refuse(at, f"has no field {str(name)[:60]!r}; it takes lot_id or item_id, quantity, unit")
    quantity = _signed(given, f"{at}.quantity", row.get("quantity"), kind == "correction")
    if quantity > 0 and lot_id is None and kind == "correction":
        given.refuse(f"{at}.lot_id", "must name the lot that has more; an item's policy only chooses lots to take from")
    unit = None if row.get("unit") is None else given.unit(f"{at}.unit", row["unit"])
    return AdjustmentLine(
        given.optional_key(f"{at}.lot_id", lot_id),
        given.optional_key(f"{at}.item_id", item_id),
        quantity,
        unit.name if unit else None,
    )


def _signed(given: Arguments, field: str, value: object, is_correction: bool) -> Fraction:
    """The signed change: stock out is given without a sign, a correction with one."""
    if not is_correction:
        return -given.exact(field, value, above_zero=True)
    if isinstance(value, Decimal) and value.is_signed():
        return -given.exact(field, value.copy_negate(), above_zero=True)
    if (type(value) is int or isinstance(value, Fraction)) and value < 0:
        return -given.exact(field, -value, above_zero=True)
    return given.exact(field, value, above_zero=True)


def _load_items(session: Session, asked: Iterable[AdjustmentLine], lots: Mapping[int, LotState]) -> dict[int, Item]:
    by_item = {line.item_id for line in asked if line.item_id is not None}
    by_lot = {lot.item_id: lot.item_slug for lot in lots.values()}
    if both := sorted(slug for item_id, slug in by_lot.items() if item_id in by_item):
        raise ValidationError.of("lines", f"{', '.join(both)}: give a lot in all of its lines, or in none")
    items = load_items(session, by_item | by_lot.keys())
    for item_id in sorted(by_item - items.keys()):
        raise ItemNotFoundError(item_id)
    return items


def _wanted(
    asked: Iterable[AdjustmentLine], lots: Mapping[int, LotState], items: Mapping[int, Item]
) -> dict[tuple[int | None, int], int]:
    """(lot or None, item) -> signed millionths; lines for the same lot or item are added and rounded once."""
    sums: defaultdict[tuple[int | None, int], Fraction] = defaultdict(Fraction)
    problems: dict[tuple[str, str | None], ConversionProblem] = {}
    for line in asked:
        lot = None if line.lot_id is None else lots[line.lot_id]
        item = items[line.item_id or 0] if lot is None else lot.weighed(items[lot.item_id])
        try:
            amount = stated_quantity(item, abs(line.quantity), line.unit or item.base_unit)
        except UnitConversionError as error:
            problems.setdefault((item.slug, line.unit), error.problems[0])
            continue
        sums[line.lot_id, item.item_id] += amount if line.quantity > 0 else -amount
    if problems:
        raise UnitConversionError(problems.values())
    wanted = {key: received_micros(total) if total > 0 else -drawn_micros(-total) for key, total in sums.items()}
    for (lot_id, item_id), micros in wanted.items():
        what = f"lot {lots[lot_id].code}" if lot_id is not None else items[item_id].slug
        if micros == 0:
            raise ValidationError.of("lines", f"{what} would change by too little to record; use a larger quantity")
        if abs(micros) > MAX_TOTAL_MICROS:
            raise ValidationError.of("lines", f"{what} would change by too much to record; use a smaller quantity")
    return wanted


def _mixes(asked: Iterable[AdjustmentLine], items: Mapping[int, Item]) -> dict[int, Mix]:
    """What the policy is asked to take of items in another kind of unit than they are kept in."""
    amounts: defaultdict[int, defaultdict[Dimension, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for line in asked:
        if line.item_id is not None:
            unit = parse_unit(line.unit or items[line.item_id].base_unit)
            amounts[line.item_id][unit.dimension] += abs(line.quantity) * unit.factor
    return {item_id: Mix(items[item_id], dict(of_item)) for item_id, of_item in amounts.items()}


def check_were_there(lots: Iterable[LotState], there_on: date) -> None:
    """Refuse lots that came in after this day.

    Raises:
        ConflictError: one of them did.
    """
    if late := [lot for lot in lots if lot.received_on > there_on]:
        told = "; ".join(f"lot {lot.code} came in on {lot.received_on}" for lot in late)
        raise ConflictError(f"{told}; choose that day or a later one", lots=[lot.code for lot in late])


def _check_may_go(lots: Iterable[LotState], day: date, kind: str) -> None:
    refused: list[str] = []
    codes: list[str] = []
    ids: list[int] = []
    for lot in lots:
        if lot.on_hold:
            refused.append(f"lot {lot.code} is on hold")
        elif lot.usable_until is not None and lot.usable_until < day:
            refused.append(f"lot {lot.code} expired on {lot.usable_until}")
        else:
            continue
        codes.append(lot.code)
        ids.append(lot.lot_id)
    if refused:
        raise ConflictError(
            f"{'; '.join(refused)}: it cannot be recorded as a {kind}; record it as waste",
            remedy={"kind": "release_lots", "lot_ids": ids, "lot_codes": codes},
            lots=codes,
        )


def _decide(
    operation: Operation,
    asked: Iterable[AdjustmentLine],
    wanted: Mapping[tuple[int | None, int], int],
    lots: Mapping[int, LotState],
    items: Mapping[int, Item],
    there_on: date,
) -> tuple[list[Draw], list[Change]]:
    """The draws, and the changes that add to a lot; each in the order of the lines.

    Raises:
        InsufficientInventoryError: something is short; lists all of it.
    """
    needs = {item_id: -micros for (lot_id, item_id), micros in wanted.items() if lot_id is None}
    plan = plan_draws(needs, usable_lots(operation, needs, there_on), _mixes(asked, items))
    shortages = [*with_what_came_later(operation, ingredient_shortages(plan, items), items, there_on)]
    shortages += [
        lot_shortage(lots[lot_id], items[item_id], -micros)
        for (lot_id, item_id), micros in wanted.items()
        if lot_id is not None and lots[lot_id].to_draw(-micros).quantity_micros + micros < 0
    ]
    if shortages:
        raise InsufficientInventoryError(shortages)
    draws = [
        draw_from(lots[lot_id].to_draw(-micros), -micros, "chosen")
        for (lot_id, _), micros in wanted.items()
        if lot_id is not None and micros < 0
    ]
    added = [
        change_of(lots[lot_id], micros) for (lot_id, _), micros in wanted.items() if lot_id is not None and micros > 0
    ]
    return [*draws, *all_draws(plan)], added


def lot_shortage(lot: LotState, item: Item, needed_micros: int) -> Shortage:
    """A lot that holds less than is needed."""
    return {
        "ingredient_slug": item.slug,
        "ingredient_name": item.name,
        "needed": format_micros(needed_micros),
        "available": format_micros(lot.to_draw(needed_micros).quantity_micros),
        "unit": item.base_unit,
        "lot_code": lot.code,
    }

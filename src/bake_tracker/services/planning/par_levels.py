"""Par levels: how much is to be on the shelf at opening, on a weekday or on every day."""

from dataclasses import asdict, dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TypedDict, cast
from uuid import UUID

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.orders.contents import ORDERED
from bake_tracker.domain.planning.pars import EVERY_DAY, WEEKDAYS
from bake_tracker.domain.recipes.quantities import Item, stated_quantity
from bake_tracker.domain.units import MAX_TOTAL_MICROS, drawn_micros, format_micros
from bake_tracker.models import tables
from bake_tracker.queries.catalog.definitions import load_item
from bake_tracker.queries.catalog.parts import Typed, refuse_parts
from bake_tracker.queries.catalog.things import load_things
from bake_tracker.services.catalog.changes import note_changes
from bake_tracker.services.operation import Kind, recording
from bake_tracker.services.stock.ledger import lock_items

RECORD = Kind(
    "record_par_level", "par_level_service", "Set a par level", success_fields=("item_id", "weekday", "quantity")
)

_par = tables.par_level.c


@dataclass(frozen=True, slots=True)
class ParRequest:
    """The normalised arguments; two calls are the same when these are."""

    item_id: int
    quantity: str | None
    unit: str | None
    weekday: str


class ParResult(TypedDict):
    """A par level and the previous one, in the item's base unit; None for none."""

    operation_id: str
    item_id: int
    item_slug: str
    weekday: str
    quantity: str | None
    unit: str
    quantity_before: str | None


def record_par_level(
    item_id: int,
    quantity: int | Decimal | Fraction | None,
    unit: str | None = None,
    *,
    session: Session,
    weekday: str = EVERY_DAY,
    operation_id: UUID | str | None = None,
) -> ParResult:
    """Set how much of an item is to be on the shelf at opening, in the caller's transaction; it changes no stock.

    ``weekday`` is ``monday`` to ``sunday``, or ``every day``, which holds for days without a level of their own, so
    that 0 on Sunday means none on Sunday. None for the quantity removes the level.

    Raises:
        ValidationError: an argument is not allowed, or the item is not one that is sold.
        ItemNotFoundError: there is no such item.
        UnitConversionError: the unit cannot be converted to the item's base unit.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        amount = None if quantity is None else given.exact("quantity", quantity)
        known_unit = None if unit is None else given.unit("unit", unit)
        asked = ParRequest(
            item_id=given.key("item_id", item_id),
            quantity=None if amount is None else str(amount),
            unit=known_unit.name if known_unit else None,
            weekday=given.choice("weekday", weekday, WEEKDAYS),
        )
        given.done()
        if done := operation.claim(asdict(asked)):
            return cast(ParResult, done)

        # load and decide
        item = load_item(session, asked.item_id)
        if item.kind not in ORDERED:
            raise ValidationError.of("item_id", f"{item.slug} is neither a finished unit nor a finished good")
        micros = None if amount is None else _micros(session, item, amount, asked.unit)
        number = WEEKDAYS.index(asked.weekday)

        # write
        lock_items(operation, [item.item_id])
        thing = ("par_level", f"{item.item_id}:{number}")
        before = load_things(session, [thing])
        session.execute(delete(tables.par_level).where(_par.item_id == item.item_id, _par.weekday == number))
        if micros is not None:
            row = {"item_id": item.item_id, "weekday": number, "quantity_micros": micros}
            session.execute(insert(tables.par_level), row)
        note_changes(operation, before)
        was = [row["quantity_micros"] for row in before[thing]]
        return operation.succeed(
            ParResult(
                operation_id=operation.id,
                item_id=item.item_id,
                item_slug=item.slug,
                weekday=asked.weekday,
                quantity=None if micros is None else format_micros(micros),
                unit=item.base_unit,
                quantity_before=format_micros(was[0]) if was else None,
            )
        )


def _micros(session: Session, item: Item, amount: Fraction, unit: str | None) -> int:
    refuse_parts(session, [Typed("quantity", item.item_id, amount, unit)])
    micros = drawn_micros(stated_quantity(item, amount, unit or item.base_unit))
    if micros > MAX_TOTAL_MICROS:
        raise ValidationError.of("quantity", "is too much to count; use a smaller number")
    return micros

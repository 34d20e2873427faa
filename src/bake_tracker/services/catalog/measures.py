"""Measures: what a volume or a piece of an item weighs, with source, date and the previous value."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, NotRequired, TypedDict, cast
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.errors import LotNotFoundError, ValidationError
from bake_tracker.domain.recipes.quantities import Item, weighed
from bake_tracker.domain.units import COLUMN_OF_MEASURE, Dimension, MeasureKind, Unit, grams_per_base
from bake_tracker.models import tables
from bake_tracker.queries.catalog.definitions import load_item
from bake_tracker.queries.catalog.weights import (
    InForce,
    load_changed_lots,
    load_in_force,
    load_last_lot,
    load_root,
    load_weights,
)
from bake_tracker.services.operation import Kind, Operation, recording
from bake_tracker.services.stock.ledger import lock_items
from bake_tracker.services.stock.places import weigh_lots

DENSITY = Kind(
    "record_density",
    "measure_service",
    "Weighed a cup",
    success_fields=("item_id", "slug", "g_per_ml", "was"),
    sometimes=("lot_id", "lot_code", "corrects"),
)
PIECE = Kind(
    "record_piece_weight",
    "measure_service",
    "Weighed a piece",
    success_fields=("item_id", "slug", "g_per_each", "was"),
    sometimes=("lot_id", "lot_code", "corrects"),
)

NO_SOURCE = "no source was given"

_add = insert(tables.item_measure)


class Measured(TypedDict):
    """A measure of an item with source, date and the previous value, as exact ratios in g.

    ``lot_*`` is present if it is a lot's own, ``corrects``, the operation of the mistyped measure, if it was a
    correction; that is None if the mistyped weight came with an import.
    """

    operation_id: str
    item_id: int
    slug: str
    source: str
    measured_on: str
    was: str | None
    lot_id: NotRequired[int]
    lot_code: NotRequired[str]
    corrects: NotRequired[str | None]


class DensityResult(Measured):
    """The weight of one ml of an ingredient, as an exact ratio in g."""

    g_per_ml: str


class PieceResult(Measured):
    """The weight of one piece of an item, as an exact ratio in g."""

    g_per_each: str


@dataclass(frozen=True, slots=True)
class _Given:
    """Normalised arguments; an omitted source or day is None."""

    item_id: int
    value: Fraction
    source: str | None
    measured_on: date | None
    lot_id: int | None
    correct: bool


def record_density(
    item_id: int,
    volume: int | Decimal | Fraction,
    volume_unit: str,
    weight: int | Decimal | Fraction,
    weight_unit: str,
    *,
    session: Session,
    source: str | None = None,
    measured_on: date | None = None,
    lot_id: int | None = None,
    correct: bool = False,
    operation_id: UUID | str | None = None,
) -> DensityResult:
    """State what a volume of an ingredient weighs ("1 cup = 120 g"), so that recipes in cups can draw grams.

    ``source`` says where the figure is from; ``measured_on`` defaults to today in the bakery's time zone. It holds for
    the lots received since the measure before it, for all if it is the first, and for later ones until the next.
    ``lot_id`` states one lot's own weight. ``correct`` replaces a mistyped figure for the same lots. What was recorded
    stays as it is.

    Raises:
        ValidationError: an argument is not allowed, or there is nothing to correct.
        ItemNotFoundError, LotNotFoundError: there is no such item or lot.
    """
    with recording(DENSITY, session, locals()) as operation:
        given = Arguments()
        stated = _read(given, "volume", locals())
        if done := operation.claim(_asked(stated, "density")):
            return cast(DensityResult, done)
        told = _state(operation, stated, "density")
        return operation.succeed(DensityResult(**told, g_per_ml=str(stated.value)))


def record_piece_weight(
    item_id: int,
    pieces: int | Decimal | Fraction,
    weight: int | Decimal | Fraction,
    weight_unit: str,
    *,
    session: Session,
    source: str | None = None,
    measured_on: date | None = None,
    lot_id: int | None = None,
    correct: bool = False,
    operation_id: UUID | str | None = None,
) -> PieceResult:
    """State what a number of pieces weighs ("1 egg = 50 g"), so that recipes in pieces can draw grams, and the reverse.

    ``source`` says where the figure is from; ``measured_on`` defaults to today in the bakery's time zone. It holds for
    the lots received since the measure before it, for all if it is the first, and for later ones until the next.
    ``lot_id`` states one lot's own weight. ``correct`` replaces a mistyped figure for the same lots. What was recorded
    stays as it is.

    Raises:
        ValidationError: an argument is not allowed, or there is nothing to correct.
        ItemNotFoundError, LotNotFoundError: there is no such item or lot.
    """
    with recording(PIECE, session, locals()) as operation:
        given = Arguments()
        stated = _read(given, "pieces", {**locals(), "pieces_unit": "each"})
        if done := operation.claim(_asked(stated, "piece")):
            return cast(PieceResult, done)
        told = _state(operation, stated, "piece")
        return operation.succeed(PieceResult(**told, g_per_each=str(stated.value)))


def _read(given: Arguments, amount: str, asked: Mapping[str, Any]) -> _Given:
    """Normalise the arguments; ``amount`` is "volume" or "pieces"."""
    dimension: Dimension = "volume" if amount == "volume" else "count"
    numbers = [given.exact(field, asked[field], above_zero=True) for field in (amount, "weight")]
    units = _unit(given, f"{amount}_unit", asked, dimension), _unit(given, "weight_unit", asked, "mass")
    source = asked["source"]
    stated = _Given(
        item_id=given.key("item_id", asked["item_id"]),
        value=Fraction(1),
        source=None if source is None else given.name("source", source, limit=300),
        measured_on=given.day("measured_on", asked["measured_on"]),
        lot_id=given.optional_key("lot_id", asked["lot_id"]),
        correct=given.flag("correct", asked["correct"]),
    )
    given.done()
    assert units[0]
    assert units[1]
    value = grams_per_base(numbers[0], units[0], numbers[1], units[1])
    if len(str(value)) > 80:
        given.refuse("weight", "has too many digits; write it with a few decimals")
        given.done()
    return replace(stated, value=value)


def _unit(given: Arguments, field: str, asked: Mapping[str, Any], dimension: Dimension) -> Unit | None:
    unit = given.unit(field, asked[field])
    if unit and unit.dimension != dimension:
        given.refuse(field, f"must be a unit of {dimension}, not {unit.name}")
    return unit


def _asked(stated: _Given, kind: MeasureKind) -> dict[str, Any]:
    """The values that make two calls the same; what was left out makes no difference."""
    more: dict[str, object] = {"source": stated.source, "measured_on": stated.measured_on, "lot_id": stated.lot_id}
    more["correct"] = True if stated.correct else None
    asked = {"item_id": stated.item_id, COLUMN_OF_MEASURE[kind]: str(stated.value)}
    return asked | {name: value for name, value in more.items() if value is not None}


def _state(operation: Operation, stated: _Given, kind: MeasureKind) -> Measured:
    """Record the measure, and apply it to the item or the lot."""
    session = operation.session
    lock_items(operation, [stated.item_id])  # so that ``was`` is the value this one replaces
    item = load_item(session, stated.item_id)
    lot = None if stated.lot_id is None else _lot_of(session, item, stated.lot_id)
    in_force = load_in_force(session, item.item_id, kind)
    before = in_force.get(lot.id if lot else None)
    was = _was(item, lot, kind)
    if stated.correct and (before is None if lot else was is None):
        what = f"lot {lot.code} has no measure of its own" if lot else f"what {item.slug} weighs was not recorded yet"
        raise ValidationError.of("correct", f"{what}, so there is nothing to correct; leave it out")
    today = operation.house.local_day(operation.now)
    day = stated.measured_on or today
    if day > today:
        raise ValidationError.of("measured_on", f"must be today ({today}) or earlier, not {day}")
    row = {
        "operation_id": operation.id,
        "item_id": item.item_id,
        "kind": kind,
        "value": stated.value,
        "source": stated.source or NO_SOURCE,
        "measured_on": day,
        "lot_id": lot.id if lot else None,
        "corrects_id": before.measure_id if before and stated.correct else None,
        **_holds_for(session, item.item_id, before, is_of_lot=lot is not None, is_correction=stated.correct),
    }
    session.execute(_add, row)
    apply_weights(operation, item.item_id, kind)
    told = Measured(
        operation_id=operation.id,
        item_id=item.item_id,
        slug=item.slug,
        source=str(row["source"]),
        measured_on=day.isoformat(),
        was=None if was is None else str(was),
    )
    if lot:
        told |= {"lot_id": lot.id, "lot_code": lot.code}
    if stated.correct:
        told["corrects"] = before.operation_id if before else None
    return told


def apply_weights(operation: Operation, item_id: int, kind: MeasureKind, *, without: str | None = None) -> None:
    """Give an item and its lots the weights that its measures say; the caller has locked the item.

    ``without`` is an operation that is being undone.
    """
    session, column = operation.session, COLUMN_OF_MEASURE[kind]
    weights = load_weights(session, [item_id], kind, without=without)[item_id]
    session.execute(update(tables.item).where(tables.item.c.id == item_id).values({column: weights.of_item}))
    weigh_lots(operation, kind, load_changed_lots(session, item_id, kind, weights))


def _lot_of(session: Session, item: Item, lot_id: int) -> Any:
    """The lot whose own weight is stated; of a part that was split off, the lot that it came from."""
    lot = load_root(session, lot_id)
    if lot is None:
        raise LotNotFoundError(lot_id)
    if lot.item_id != item.item_id:
        raise ValidationError.of("lot_id", f"lot {lot.code} is not of {item.slug}")
    return lot


def _was(item: Item, lot: Any, kind: MeasureKind) -> Fraction | None:
    weights = weighed(item, lot.g_per_ml, lot.g_per_each) if lot else item
    return weights.g_per_ml if kind == "density" else weights.g_per_each


def _holds_for(
    session: Session, item_id: int, before: InForce | None, *, is_of_lot: bool, is_correction: bool
) -> dict[str, int | None]:
    """The lots that a measure of the item holds for: those since the one before it, or those of the mistyped one."""
    if is_of_lot:
        return {"since_lot_id": None, "last_lot_id": None}
    if is_correction and before:
        return {"since_lot_id": before.weight.since_lot_id, "last_lot_id": before.weight.last_lot_id}
    since = None
    if before:
        since = before.weight.last_lot_id
        since = load_last_lot(session, item_id, by=before.recorded_at) if since is None else since
    return {"since_lot_id": since, "last_lot_id": load_last_lot(session, item_id)}

"""Measures: what a volume or a piece of an item weighs, with source, date and the previous value."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypedDict, cast
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.units import Dimension, MeasureKind, Unit, grams_per_base
from bake_tracker.models import tables
from bake_tracker.queries.catalog.definitions import load_item
from bake_tracker.services.operation import Kind, Operation, recording
from bake_tracker.services.stock.ledger import lock_items

DENSITY = Kind(
    "record_density", "measure_service", "Weighed a cup", success_fields=("item_id", "slug", "g_per_ml", "was")
)
PIECE = Kind(
    "record_piece_weight", "measure_service", "Weighed a piece", success_fields=("item_id", "slug", "g_per_each", "was")
)

NO_SOURCE = "no source was given"
COLUMNS: Mapping[MeasureKind, str] = {"density": "g_per_ml", "piece": "g_per_each"}

_add = insert(tables.item_measure)


class Measured(TypedDict):
    """A measure of an item with source, date and the previous value, as exact ratios in g."""

    operation_id: str
    item_id: int
    slug: str
    source: str
    measured_on: str
    was: str | None


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
    operation_id: UUID | str | None = None,
) -> DensityResult:
    """State what a volume of an ingredient weighs ("1 cup = 120 g"), so that recipes in cups can draw grams.

    ``source`` says where the figure is from; ``measured_on`` defaults to today in the bakery's time zone.

    Raises:
        ValidationError: an argument is not allowed.
        ItemNotFoundError: there is no such item.
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
    operation_id: UUID | str | None = None,
) -> PieceResult:
    """State what a number of pieces weighs ("1 egg = 50 g"), so that recipes in pieces can draw grams, and the reverse.

    ``source`` says where the figure is from; ``measured_on`` defaults to today in the bakery's time zone.

    Raises:
        ValidationError: an argument is not allowed.
        ItemNotFoundError: there is no such item.
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
    )
    given.done()
    assert units[0]
    assert units[1]
    value = grams_per_base(numbers[0], units[0], numbers[1], units[1])
    if len(str(value)) > 80:
        given.refuse("weight", "has too many digits; write it with a few decimals")
        given.done()
    return _Given(stated.item_id, value, stated.source, stated.measured_on)


def _unit(given: Arguments, field: str, asked: Mapping[str, Any], dimension: Dimension) -> Unit | None:
    unit = given.unit(field, asked[field])
    if unit and unit.dimension != dimension:
        given.refuse(field, f"must be a unit of {dimension}, not {unit.name}")
    return unit


def _asked(stated: _Given, kind: MeasureKind) -> dict[str, Any]:
    """The values that make two calls the same; without a source, they are the same as before sources existed."""
    more = {"source": stated.source, "measured_on": stated.measured_on}
    asked = {"item_id": stated.item_id, COLUMNS[kind]: str(stated.value)}
    return asked | {name: value for name, value in more.items() if value is not None}


def _state(operation: Operation, stated: _Given, kind: MeasureKind) -> Measured:
    """Record the measure and apply it to the item."""
    session = operation.session
    lock_items(operation, [stated.item_id])  # so that ``was`` is the value this one replaces
    item = load_item(session, stated.item_id)
    was = item.g_per_ml if kind == "density" else item.g_per_each
    source = stated.source or NO_SOURCE
    day = stated.measured_on or operation.house.local_day(operation.now)
    row = {"operation_id": operation.id, "item_id": item.item_id, "kind": kind, "value": stated.value}
    session.execute(_add, {**row, "source": source, "measured_on": day})
    session.execute(update(tables.item).where(tables.item.c.id == item.item_id).values({COLUMNS[kind]: stated.value}))
    return Measured(
        operation_id=operation.id,
        item_id=item.item_id,
        slug=item.slug,
        source=source,
        measured_on=day.isoformat(),
        was=None if was is None else str(was),
    )

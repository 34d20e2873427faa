"""Items kept by the piece, and which of them allow parts; of the others, people may type whole pieces only."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import Problem, ValidationError
from bake_tracker.domain.stock.outputs import OutputInput
from bake_tracker.domain.stock.products import is_unit
from bake_tracker.domain.units import format_quantity, parse_unit
from bake_tracker.models import tables
from bake_tracker.queries.many_keys import among


class Typed(NamedTuple):
    """A quantity that a person typed, and the field it was typed in; without a unit, it is in the base unit."""

    field: str
    item_id: int
    quantity: int | Decimal | Fraction
    unit: str | None = None

    @property
    def is_part(self) -> bool:
        """Whether it is a number of pieces, and not a whole one."""
        if self.unit and not is_unit(self.unit):
            return False  # a package
        unit = parse_unit(self.unit or "each")
        return unit.dimension == "count" and (Fraction(self.quantity) * unit.factor).denominator != 1


def allows_parts() -> ColumnElement[bool]:
    """The condition that parts of an item may be recorded."""
    return exists().where(tables.item_in_parts.c.item_id == tables.item.c.id)


def load_allows_parts(session: Session, item_id: int) -> bool:
    """Whether parts of one item may be recorded."""
    parts = tables.item_in_parts.c.item_id
    return session.execute(select(parts).where(parts == item_id)).first() is not None


def refuse_parts(session: Session, typed: Iterable[Typed]) -> None:
    """Refuse what a person typed in parts of a piece, unless the item allows parts; at most one statement.

    Raises:
        ValidationError: lists every such quantity.
    """
    parts = [one for one in typed if one.is_part]
    if not parts:
        return
    whole = select(tables.item.c.id, tables.item.c.slug).where(
        among(session, tables.item.c.id, {one.item_id for one in parts}),
        tables.item.c.base_unit == "each",
        ~allows_parts(),
    )
    slugs = {row.id: row.slug for row in session.execute(whole)}
    problems = [_problem(one, slugs[one.item_id]) for one in parts if one.item_id in slugs]
    if problems:
        raise ValidationError(problems)


def refuse_parts_in(session: Session, lines: Sequence[Mapping[str, Any]], field: str) -> None:
    """The same for lines of lots or items, with the quantity in ``field``; at most two statements.

    Raises:
        ValidationError: lists every such line.
    """
    given = [(number, line) for number, line in enumerate(lines) if line.get(field) is not None]
    keys = {line["lot_id"] for _, line in given if "lot_id" in line}
    lots = select(tables.lot.c.id, tables.lot.c.item_id).where(among(session, tables.lot.c.id, keys))
    items = {row.id: row.item_id for row in session.execute(lots)} if keys else {}
    refuse_parts(
        session,
        (
            Typed(f"lines[{number}].{field}", item_id, line[field], line.get("unit"))
            for number, line in given
            if (item_id := line.get("item_id") or items.get(line.get("lot_id")))
        ),
    )


def refuse_parts_of_yields(
    session: Session, first: tuple[str, int, int | Decimal], outputs: Sequence[OutputInput] | None = None
) -> None:
    """The same for what came out of a production; ``first`` is the field, the product and its yield.

    Raises:
        ValidationError: lists every such yield.
    """
    others = [
        Typed(f"outputs[{number}].actual_yield", one["finished_unit_id"], one["actual_yield"])
        for number, one in enumerate(outputs or ())
    ]
    refuse_parts(session, [Typed(*first), *others])


def _problem(one: Typed, slug: str) -> Problem:
    number = format_quantity(Fraction(one.quantity))
    unit = "" if one.unit in (None, "", "each") else f" {one.unit}"
    return {
        "field": one.field,
        "problem": f"must be a whole number of pieces, not {number}{unit} of {slug}",
        "remedy": {"kind": "allow_parts", "item_id": one.item_id, "item_slug": slug},
    }

"""The label of a lot: its real contents, its words, and how it differs from the label on file."""

from dataclasses import dataclass
from datetime import date
from typing import TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ConflictError, LabelIncompleteError, LotNotFoundError, Problem, ValidationError
from bake_tracker.domain.label.allergens import in_order
from bake_tracker.domain.label.contents import Gap, Ingredient, Label, label_of_lot
from bake_tracker.domain.label.text import (
    LabelDifference,
    LabelWords,
    Style,
    is_different,
    label_differences,
    list_text,
    net_text,
    words_of,
)
from bake_tracker.domain.units import drawn_micros, format_micros
from bake_tracker.models import tables
from bake_tracker.queries.catalog.label_facts import load_filed
from bake_tracker.queries.operations.reversal import stands
from bake_tracker.queries.stock.made_of import load_made


@dataclass(frozen=True, slots=True)
class LabelledLot:
    """A lot for its label, and what is in it."""

    lot_id: int
    code: str
    expires_on: date | None
    bakery_name: str
    label: Label


class PartView(TypedDict):
    """An ingredient as it was used, with its own ingredients."""

    item_slug: str
    name: str
    quantity: str
    unit: str
    weight_g: str | None
    contains: list[str]
    parts: list["PartView"]


class LabelView(TypedDict):
    """The label of a lot; ``problems`` lists what must be recorded before it can be printed."""

    lot_id: int
    lot_code: str
    item_slug: str
    style: str
    lines: list[str]
    ingredients: str
    emphasised: list[str]
    contains: list[str]
    may_contain: list[str]
    parts: list[PartView]
    problems: list[Gap]
    label_differs: LabelDifference | None


def load_label(session: Session, lot_id: int) -> LabelledLot:
    """Load the real contents of a lot.

    Raises:
        LotNotFoundError: there is no such lot.
        ConflictError: the run that made it was reversed.
    """
    lot = session.execute(
        select(
            tables.lot.c.code,
            tables.lot.c.expires_on,
            select(tables.bakery.c.name).scalar_subquery().label("bakery_name"),
            stands(tables.lot.c.operation_id).label("is_there"),
        ).where(tables.lot.c.id == lot_id)
    ).one_or_none()
    if lot is None:
        raise LotNotFoundError(lot_id)
    if not lot.is_there:
        raise ConflictError(
            f"the operation behind lot {lot.code} was undone, so there is nothing to label", lot_id=lot_id
        )
    made = load_made(session, [lot_id])
    label = label_of_lot(lot_id, made.lots, made.foods, made.of_products)
    return LabelledLot(lot_id, lot.code, lot.expires_on, lot.bakery_name, label)


def label_words(
    found: LabelledLot,
    style: Style,
    best_before: date | None = None,
    *,
    is_use_by: bool = False,
    net: str | None = None,
    address: str | None = None,
) -> LabelWords:
    """The printed words; by default with the lot's expiry and the weight of one piece.

    Raises:
        ValidationError: the day is after the lot's expiry.
    """
    if best_before is not None and found.expires_on is not None and best_before > found.expires_on:
        raise ValidationError.of(
            "best_before", f"lot {found.code} expires on {found.expires_on}; choose that day or an earlier one"
        )
    weight = found.label.net_weight_g
    return words_of(
        found.label,
        style,
        lot_code=found.code,
        producer=found.bakery_name,
        address=address,
        net=net or (None if weight is None else net_text(weight, style)),
        good_until=best_before or found.expires_on,
        is_use_by=is_use_by,
    )


def check_complete(label: Label) -> None:
    """Raise LabelIncompleteError unless everything that a label must state is recorded."""
    if label.gaps:
        raise LabelIncompleteError([_problem(gap) for gap in label.gaps])


def _problem(gap: Gap) -> Problem:
    found: Problem = {"field": gap["item_slug"], "problem": gap["problem"]}
    return {**found, "remedy": gap["remedy"]} if "remedy" in gap else found


def load_difference(session: Session, found: LabelledLot) -> LabelDifference | None:
    """How a lot differs from its item's label on file; None if it does not, or there is none."""
    filed = load_filed(session, found.label.food.item_id)
    if filed is None:
        return None
    told = label_differences(found.label, filed.ingredients, filed.contains, filed.may_contain)
    return told if is_different(told) else None


def label_view(found: LabelledLot, words: LabelWords, style: Style, differs: LabelDifference | None) -> LabelView:
    """The printed label of a lot, and the data behind it."""
    label = found.label
    return {
        "lot_id": found.lot_id,
        "lot_code": found.code,
        "item_slug": label.food.slug,
        "style": style,
        "lines": words.lines(),
        "ingredients": list_text(label),
        "emphasised": [text for text, is_emphasised in words.ingredients if is_emphasised],
        "contains": list(label.contains),
        "may_contain": list(label.may_contain),
        "parts": [_part(one) for one in label.ingredients],
        "problems": list(label.gaps),
        "label_differs": differs,
    }


def _part(one: Ingredient) -> PartView:
    weight = one.weight_g
    return {
        "item_slug": one.food.slug,
        "name": one.food.name,
        "quantity": format_micros(drawn_micros(one.quantity)),
        "unit": one.food.base_unit,
        "weight_g": None if weight is None else format_micros(drawn_micros(weight)),
        "contains": in_order(one.said.contains),
        "parts": [_part(part) for part in one.parts],
    }

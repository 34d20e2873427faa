"""A label for programs: its lines, its ingredient list, and how it differs from the one on file."""

from typing import TypedDict

from sqlalchemy.orm import Session

from bake_tracker.domain.label.allergens import in_order
from bake_tracker.domain.label.contents import Ingredient
from bake_tracker.domain.label.text import (
    LabelDifference,
    LabelWords,
    Style,
    is_different,
    label_differences,
    list_text,
)
from bake_tracker.domain.units import drawn_micros, format_micros
from bake_tracker.queries.views.label_contents import LabelledLot, load_filed


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
    problems: list[dict[str, str]]
    label_differs: LabelDifference | None


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
        "problems": [{"item_slug": gap["item_slug"], "problem": gap["problem"]} for gap in label.gaps],
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

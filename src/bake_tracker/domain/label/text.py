"""The text of a label: the ingredient list with marked allergens, and how it differs from the label on file."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal, TypedDict

from bake_tracker.domain.label.allergens import ALLERGENS, in_order, marked, mentions, us_names
from bake_tracker.domain.label.contents import Ingredient, Label

Style = Literal["eu", "us"]
STYLES: tuple[Style, ...] = ("eu", "us")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_G_PER_OZ = Fraction(45359237, 1600000)

Piece = tuple[str, bool]
"""A piece of text, and whether it is emphasised."""


@dataclass(frozen=True, slots=True)
class LabelWords:
    """Every line of a label, in reading order; None if a line is missing."""

    name: str
    ingredients: tuple[Piece, ...]
    contains: str | None
    may_contain: str | None
    net: str | None
    good_until: str | None
    lot: str
    producer: str
    address: str | None

    @property
    def ingredients_text(self) -> str:
        return "".join(text for text, _ in self.ingredients)

    def lines(self) -> list[str]:
        """The label as plain text."""
        rest = (self.contains, self.may_contain, self.net, self.good_until, self.lot, self.producer, self.address)
        return [self.name, self.ingredients_text, *(line for line in rest if line)]


class LabelDifference(TypedDict):
    """How what was used differs from the label on file; names as the lists have them."""

    item_slug: str
    not_on_label: list[str]
    not_used: list[str]
    order_differs: bool
    allergens_not_on_label: list[str]
    allergens_not_used: list[str]


def ingredient_list(label: Label, style: Style = "eu") -> tuple[Piece, ...]:
    """``Flour (wheat), sugar (...)``: compounds have their own list in brackets; EU allergens are emphasised."""
    pieces = _join(_pieces(one) for one in label.ingredients)
    return tuple(
        (text, bool(key) and style == "eu" and any(ALLERGENS[one].eu_group for one in key)) for text, key in pieces
    )


def list_text(label: Label) -> str:
    """The ingredient list as plain text, the same in every style."""
    return "".join(text for text, _ in ingredient_list(label))


def not_in_list(label: Label) -> list[str]:
    """Allergens that the list does not name, such as those of the packaging."""
    text = list_text(label)
    return [key for key in label.contains if not mentions(text, key)]


def words_of(
    label: Label,
    style: Style,
    *,
    lot_code: str,
    producer: str,
    address: str | None = None,
    net: str | None = None,
    good_until: date | None = None,
    is_use_by: bool = False,
) -> LabelWords:
    """The label of a lot in the wording of the EU and UK or of the US."""
    if style == "us":
        contains = _listed("Contains", [name[0].upper() + name[1:] for name in us_names(label.contains)])
    else:
        contains = _listed("Contains", [ALLERGENS[key].name for key in not_in_list(label) if ALLERGENS[key].eu_group])
    maybe = [ALLERGENS[key] for key in label.may_contain]
    names = [(one.us_name or one.name) if style == "us" else one.name for one in maybe]
    heading = "INGREDIENTS: " if style == "us" else "Ingredients: "
    until = None
    if good_until is not None:
        wording = "Use by" if is_use_by else {"eu": "Best before", "us": "Best by"}[style]
        until = f"{wording}: {day_text(good_until, style)}"
    return LabelWords(
        name=label.food.name,
        ingredients=((heading, False), *ingredient_list(label, style), (".", False)),
        contains=contains,
        may_contain=_listed("May contain", list(dict.fromkeys(names))),
        net=net,
        good_until=until,
        # In the EU the letter L marks a lot code (2011/91).
        lot=f"L {lot_code}" if style == "eu" else f"Lot {lot_code}",
        producer=producer,
        address=address,
    )


def net_text(weight_g: Fraction, style: Style) -> str:
    """``125 g``, or in the US ``Net Wt 4.4 oz (125 g)``; rounded down so that no label promises too much."""
    grams = _short(weight_g)
    return f"{grams} g" if style == "eu" else f"Net Wt {_short(weight_g / _G_PER_OZ)} oz ({grams} g)"


def day_text(day: date, style: Style) -> str:
    """A date that Europeans and Americans read the same way."""
    month = _MONTHS[day.month - 1]
    return f"{day.day} {month} {day.year}" if style == "eu" else f"{month} {day.day}, {day.year}"


def label_differences(
    label: Label, ingredients: str, contains: Iterable[str], may_contain: Iterable[str]
) -> LabelDifference:
    """How a label differs from the one on file: missing and extra names, order, and allergens.

    Names are compared without case. If the order of a list is not known, only the names are compared.
    """
    real, filed = _names(list_text(label)), _names(ingredients)
    missing = [name for name in real if name not in filed]
    extra = [name for name in filed if name not in real]
    inside, maybe = set(contains), set(may_contain)
    return {
        "item_slug": label.food.slug,
        "not_on_label": missing,
        "not_used": extra,
        "order_differs": label.is_ordered and not missing and not extra and real != filed,
        "allergens_not_on_label": _said(set(label.contains) - inside, set(label.may_contain) - maybe),
        "allergens_not_used": _said(inside - set(label.contains), maybe - set(label.may_contain)),
    }


def _said(contains: set[str], may_contain: set[str]) -> list[str]:
    return [*in_order(contains), *(f"may contain {key}" for key in in_order(may_contain))]


def is_different(found: LabelDifference) -> bool:
    return any(value for name, value in found.items() if name != "item_slug")


def difference_text(found: LabelDifference) -> str:
    """The differences in one sentence."""
    said = (
        ("allergens not on the label: ", found["allergens_not_on_label"]),
        ("not on the label: ", found["not_on_label"]),
        ("on the label but not used: ", found["not_used"]),
        ("allergens on the label but not used: ", found["allergens_not_used"]),
    )
    texts = [heading + ", ".join(names) for heading, names in said if names]
    if found["order_differs"]:
        texts.append("the ingredients are in a different order")
    return "; ".join(texts)


# pieces ---------------------------------------------------------------------------------------------------------------

_Marked = tuple[str, tuple[str, ...]]
"""A piece of text, and the allergens it names."""


def _pieces(one: Ingredient) -> list[_Marked]:
    own = in_order(one.said.contains)
    if one.parts:
        below = {key for part in one.parts for each in part.all_below() for key in each.said.contains}
        inside = [_pieces(part) for part in one.parts]
        return [(one.food.name, ()), *_bracketed([*inside, *([(_named(key))] for key in own if key not in below)])]
    text = f"{one.food.name} {one.food.declared or ''}"
    inside = [_marks(one.food.declared, own)] if one.food.declared else []
    inside += [[_named(key)] for key in own if not mentions(text, key)]
    return [*_marks(one.food.name, own), *_bracketed(inside)]


def _marks(text: str, keys: Sequence[str]) -> list[_Marked]:
    return [
        (piece, tuple(key for key in keys if mentions(piece, key)) if is_named else ())
        for piece, is_named in marked(text, keys)
    ]


def _named(key: str) -> _Marked:
    return (ALLERGENS[key].name, (key,))


def _bracketed(inside: list[list[_Marked]]) -> list[_Marked]:
    return [(" (", ()), *_join(inside), (")", ())] if inside else []


def _join(entries: Iterable[list[_Marked]]) -> list[_Marked]:
    joined: list[_Marked] = []
    for pieces in entries:
        joined += [(", ", ()), *pieces] if joined else pieces
    return joined


def _names(text: str) -> list[str]:
    return [name for part in re.split(r"[,;()\[\]:.]+", text) if (name := " ".join(part.casefold().split()))]


def _listed(heading: str, names: Sequence[str]) -> str | None:
    return f"{heading}: {', '.join(names)}" if names else None


def _short(value: Fraction) -> str:
    """Rounded down to one decimal, or to a whole number from 100 on: 4.4, 12.5, 340."""
    places = 0 if value >= 100 else 1
    scaled = value.numerator * 10**places // value.denominator
    whole, part = divmod(scaled, 10**places)
    return f"{whole}.{part}" if places and part else str(whole)

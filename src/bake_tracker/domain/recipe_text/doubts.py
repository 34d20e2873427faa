"""Find the second meanings of a line that was read: each is a doubt, and only a line without doubts is sure."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from bake_tracker.domain.recipe_text.amounts import Amount, read_amount
from bake_tracker.domain.recipe_text.naming import (
    begins_with_a_unit,
    describes,
    dimensions,
    has_a_link,
    has_another_amount,
    is_amount_in_a_name,
    is_half_and_half,
    is_uncounted,
    may_begin_with_a_unit,
)
from bake_tracker.domain.recipe_text.numbers import Token, tokens_of, word
from bake_tracker.domain.recipe_text.words import (
    ARTICLES,
    COUNTED,
    ENDS,
    LEDGER_UNITS,
    LINKS,
    PACKAGES,
    PREPOSITIONS,
    STICKS,
    SUM_MARKS,
    UNITS,
)

_AND = frozenset({"and", "&", "und", "et"})
_IN_A_NAME = frozenset("%'’&-/.")
RANGE = "a range is given"
LONG, NUMBER, MARK = "the name is long", "the name contains a number", "the name contains a mark"
NO_NOUN = "only a description of the ingredient is given"
MAY_BE_UNIT = "the name may begin with a unit"
UNREAD_UNIT = "the name begins with a unit"
LOST_UNIT = "the unit may be missing"
EARLIER = "the name may begin earlier"
TWO = "two ingredients are named"
NAME_DOUBTS = frozenset({LONG, NUMBER, MARK, NO_NOUN, MAY_BE_UNIT, UNREAD_UNIT, LOST_UNIT, EARLIER, TWO})
"""Doubts that do not matter if the name is known."""
MORE = "the line contains another amount"
ALTERNATIVE = "the line offers an alternative"
GOES_ON = "the name may go on"
MANY = 50
"""So many pieces of one thing are rare in a recipe; so many grams are not."""
MAX_WORDS = 7
"""A longer name is more likely a sentence than an ingredient."""


def doubts_of(amounts: Sequence[Amount], tokens: Sequence[Token], labels: Sequence[str]) -> Iterable[str]:
    if not amounts or amounts[0].quantity is None:
        yield "no quantity is given"
    elif amounts[0].quantity == 0:
        yield "the quantity is 0"
    elif amounts[0].upto is not None:
        yield RANGE
    if amounts and amounts[0].unit not in LEDGER_UNITS:
        yield f"stock is not kept by the {amounts[0].unit}"
    if any(_adds_more(tokens, place) for place, label in enumerate(labels) if label in ("note", "ingredient")):
        yield MORE
    if any(_is_a_size(tokens, place) for place, label in enumerate(labels) if label == "dropped"):
        yield "the number may be a size"
    named = [token for token, label in zip(tokens, labels, strict=True) if label == "ingredient"]
    if amounts and amounts[0].unit == "stick" and any(token.low in STICKS for token in named):
        yield "only a stick of butter has a fixed weight"
    if amounts and amounts[0].unit == "each":
        yield from _doubts_of_a_count(amounts[0].quantity, tokens, labels, named)
    elif len(named) > 1 and named[0].low in UNITS:
        yield MAY_BE_UNIT
    if named and named[0].low in (COUNTED if len(named) > 1 else PACKAGES):
        yield from [] if _is_named_by_its_measure(labels, named) else [MAY_BE_UNIT]
    if not named:
        yield "no ingredient is named"
    elif describes(named):
        yield NO_NOUN
    elif len(named) > MAX_WORDS:
        yield LONG
    elif any(is_amount_in_a_name(named, place) for place in range(len(named))):
        yield NUMBER
    elif not all(token.text in _IN_A_NAME or token.text[0].isalnum() for token in named):
        yield MARK
    elif named[0].low in PREPOSITIONS | ENDS | {"/", "-", "&"} or any(token.low == "each" for token in named):
        yield EARLIER
    elif named[-1].low in PREPOSITIONS | LINKS | {"on"}:
        yield GOES_ON
    elif len(named) == 3 and named[1].low in _AND and not is_half_and_half(named, 1):
        yield TWO


def _adds_more(tokens: Sequence[Token], place: int) -> bool:
    """Match ``plus 2 tbsp`` that could not be added, ``je 25 g`` (each) of several, and ``, 1 egg``."""
    if word(tokens, place) in SUM_MARKS | {"je"}:
        more = read_amount(tokens, place + 1)
        if more is None or not more.amounts or is_half_and_half(tokens, place):
            return False
        return tokens[place + 1].is_number or more.amounts[0].dimension in ("mass", "volume")  # not "plus a bit more"
    return has_another_amount(tokens, place)


def _is_a_size(tokens: Sequence[Token], place: int) -> bool:
    """Match ``7x5-inch``."""
    between = tokens[place : place + 2]
    return (
        word(tokens, place) in ("x", "×")
        and len(between) == 2
        and between[1].is_number
        and all(token.is_glued for token in between)
        and dimensions(tokens, place + 1) > 0
    )


def _doubts_of_a_count(
    many: Fraction | None, tokens: Sequence[Token], labels: Sequence[str], named: Sequence[Token]
) -> Iterable[str]:
    """Match ``100 of sugar`` and ``2 tazas de harina``: a word that is not read as one may be the unit."""
    after = next((place for place, label in enumerate(labels) if label not in ("quantity", "dropped", "note")), 0)
    if after and labels[after - 1] == "dropped" and labels[:1] == ["quantity"]:
        links = [place for place in range(after) if labels[place] == "dropped" and word(tokens, place) in LINKS]
        if links and word(tokens, links[0] + 1) not in ARTICLES:
            yield "no unit is given"
    if begins_with_a_unit(named):
        yield UNREAD_UNIT
    elif named and (has_a_link(named) or may_begin_with_a_unit(named)):
        yield MAY_BE_UNIT
    elif named and "unit" not in labels and is_uncounted(named):
        yield LOST_UNIT
    elif named and "unit" not in labels and named[0].low.startswith("g") and (many or 0) >= MANY:
        yield MAY_BE_UNIT  # "100 grapes", or "100 g rapes"


def _is_named_by_its_measure(labels: Sequence[str], named: Sequence[Token]) -> bool:
    """Match ``12 bars``, where nothing else is named."""
    places = [place for place, label in enumerate(labels) if label == "ingredient"]
    return len(named) == 1 and places[0] > 0 and labels[places[0] - 1] == "quantity"


def name_problem(name: str, unit: str) -> str | None:
    """Why a new item, of which a line has so many of this unit, cannot have this name."""
    tokens = tokens_of(name)
    if any(has_another_amount(tokens, place) for place in range(len(tokens))):
        return MORE
    return UNREAD_UNIT if unit in ("", "each") and begins_with_a_unit(tokens) else None

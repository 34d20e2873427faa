"""Tell what can be the name of an ingredient, and where it ends."""

from collections.abc import Iterable, Sequence

from bake_tracker.domain.recipe_text.amounts import read_amount
from bake_tracker.domain.recipe_text.numbers import Token, word
from bake_tracker.domain.recipe_text.words import (
    ABOUT,
    ARTICLES,
    DESCRIPTIONS,
    ENDS,
    FOREIGN_UNITS,
    LENGTHS,
    LINKS,
    NOT_AN_INGREDIENT,
    PREPARED,
    PREPOSITIONS,
    SIZES,
    UNITS,
)

_BEFORE_A_NAME = frozenset({",", ":", ".", "-", "–", "x", "×"})
_SEPARATORS = frozenset(",;:/|+&•·–—-") | {"and"}


def ends_name(tokens: Sequence[Token], place: int, *, is_named: bool) -> bool:
    token = tokens[place]
    if token.text in (",", ";", ":"):
        return True
    if token.text in ("-", "–", "—"):
        return not token.is_glued
    return token.low in ENDS or (is_named and is_participle(token))


def is_participle(token: Token) -> bool:
    return token.low in PREPARED and token.low.endswith(("ed", "en", "ly", "cut", "é", "ée", "és", "ées"))


def name_beyond(tokens: Sequence[Token], place: int) -> int | None:
    """The place after these participles if another word of the name follows: ``fresh chopped cilantro``."""
    end = place
    while word(tokens, end) in PREPARED:
        end += 1
    token = tokens[end] if end < len(tokens) else None
    if token is None or not token.text[0].isalpha() or token.low.endswith("ly"):
        return None
    return None if token.low in ENDS | PREPOSITIONS | NOT_AN_INGREDIENT else end


def describes(name: Iterable[Token]) -> bool:
    return all(token.low in DESCRIPTIONS | PREPARED or token.text == "-" for token in name)


def has_an_ingredient(tokens: Sequence[Token], place: int) -> bool:
    """Whether a bracket holds an amount of something: ``(2 tsp dry yeast)``."""
    reading = read_amount(tokens, place + 1) if place + 1 < len(tokens) and tokens[place + 1].is_number else None
    if reading is None or not reading.amounts or reading.amounts[0].unit in LENGTHS | {"each"}:
        return False
    return is_named_at(tokens, reading.end)


def is_named_at(tokens: Sequence[Token], place: int) -> bool:
    """Whether the name of an ingredient can begin here."""
    low = word(tokens, place)
    return low[:1].isalpha() and low not in ENDS | PREPARED | PREPOSITIONS | NOT_AN_INGREDIENT | SIZES | ABOUT


def dimensions(tokens: Sequence[Token], place: int) -> int:
    """Count the tokens that give a length or width: ``9-inch``."""
    if not tokens[place].is_number or not (reading := read_amount(tokens, place)):
        return 0
    return reading.end - place if reading.amounts and reading.amounts[0].unit in LENGTHS else 0


def has_another_amount(tokens: Sequence[Token], place: int) -> bool:
    """Whether an amount of another ingredient begins at this place."""
    if not tokens[place].is_number or word(tokens, place - 1) not in _SEPARATORS or tokens[place].is_glued:
        return False
    reading = read_amount(tokens, place)
    if reading is None or not reading.amounts or reading.amounts[0].unit in LENGTHS:
        return False
    return is_named_at(tokens, reading.end + (word(tokens, reading.end) in LINKS))


def begins_with_a_unit(named: Sequence[Token]) -> bool:
    return len(named) > 1 and (named[0].low in UNITS or named[0].low in FOREIGN_UNITS)


def is_before_a_name(tokens: Sequence[Token], place: int) -> bool:
    """Match ``of``, ``de la``, ``of a``; an article alone may belong to the name: Le Gruyère."""
    low = tokens[place].low
    return low in LINKS | _BEFORE_A_NAME or (low in ARTICLES and word(tokens, place - 1) in LINKS)

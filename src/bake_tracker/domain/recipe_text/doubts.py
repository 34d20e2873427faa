"""Find the second meanings of a line that was read: each is a doubt, and only a line without doubts is sure."""

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction

from bake_tracker.domain.recipe_text.amounts import NO_AMOUNT, Amount, read_amount
from bake_tracker.domain.recipe_text.naming import (
    begins_with_a_unit,
    describes,
    dimensions,
    has_a_link,
    has_another_amount,
    is_amount_in_a_name,
    is_description,
    is_half_and_half,
    is_named_at,
    is_state_behind,
    is_uncounted,
    may_begin_with_a_unit,
)
from bake_tracker.domain.recipe_text.numbers import Token, tokens_of, word
from bake_tracker.domain.recipe_text.unit_words import (
    COUNTED,
    LEDGER_UNITS,
    LENGTHS,
    PACKAGES,
    SMALL,
    STICKS,
    UNITS,
)
from bake_tracker.domain.recipe_text.words import (
    ANDS,
    ARTICLES,
    BEGINNINGS,
    CLAUSES,
    DESCRIPTIONS,
    ENDS,
    GRAINS,
    HEADINGS,
    LINKS,
    NOT_AN_INGREDIENT,
    OTHERS,
    PARTS,
    PREPARED,
    PREPARED_BEHIND,
    PREPOSITIONS,
    SIZES,
    SUM_MARKS,
    TOOLS,
    YIELDS,
    words_in,
)

_CONTAINERS = words_in(
    "can cans tin tins jar jars package packages packet packets pack packs bag bags box boxes bottle bottles"
)
_SPOONS = frozenset({"tsp", "tbsp", "teaspoon", "teaspoons", "tablespoon", "tablespoons"})
_IN_A_NAME = frozenset("%'’&-/.")
RANGE = "a range is given"
NOT_KEPT = "stock is not kept by the"
LONG, NUMBER, MARK = "the name is long", "the name contains a number", "the name contains a mark"
NO_NAME = "no ingredient is named"
NO_NOUN = "only a description of the ingredient is given"
MAY_BE_UNIT = "the name may begin with a unit"
UNREAD_UNIT = "the name begins with a unit"
LOST_UNIT = "the unit may be missing"
EARLIER = "the name may begin earlier"
CLAUSE = "the name reads like a sentence"
TWO = "two ingredients are named"
SEVERAL = "several ingredients are named"
NAME_DOUBTS = frozenset({LONG, NUMBER, MARK, NO_NOUN, MAY_BE_UNIT, UNREAD_UNIT, LOST_UNIT, EARLIER, CLAUSE, TWO})
"""Doubts that do not matter if the name is known."""
_JOINED_END = re.compile(
    r"[^\W\d_]{3,}(chopped|diced|sliced|minced|grated|melted|peeled|drained|divided|shredded|softened|finely|roughly"
    r"|coarsely|thinly|freshly|tightly|lightly|optional|removed)"
)
"""``oniondiced``: the blank before the preparation is lost."""
_JOINED_WORDS = re.compile(r"([A-ZÄÖÜ]?[a-zäöüéèß]{3,}|[а-я]{3,})([A-ZÄÖÜ][a-zäöüéèß]{3,}|[А-Я][а-я]{3,})")
"""``SaltPepper``: the blank between two names is lost."""
MORE = "the line contains another amount"
ALTERNATIVE = "the line offers an alternative"
GOES_ON = "the name may go on"
MANY = 50
"""This many pieces of one thing are rare in a recipe; this many grams are not."""
TOO_MANY = 100
"""For this many pieces, the unit is probably missing."""
FEW = 2
"""So few beans or oats are rarely meant as pieces."""
_SHORT = 2
_ONLY = words_in("discarded separated trimmed stripped scraped finely thinly intact chopped sliced")
"""Behind these, the names before are parts of the ingredient: ``chile, stem and seeds removed``."""
MAX_WORDS = 7
"""A longer name is more likely a sentence than an ingredient."""


def doubts_of(amounts: Sequence[Amount], tokens: Sequence[Token], labels: Sequence[str]) -> Iterable[str]:
    if not amounts or amounts[0].quantity is None:
        yield NO_AMOUNT
    elif amounts[0].quantity == 0:
        yield "the quantity is 0"
    elif amounts[0].upto is not None:
        yield RANGE
    if amounts and amounts[0].unit not in LEDGER_UNITS:
        yield f"{NOT_KEPT} {amounts[0].unit}"
    if any(_adds_more(tokens, place) for place, label in enumerate(labels) if label in ("note", "ingredient")):
        yield MORE
    if any(_begins_another(tokens, labels, place) for place in range(1, len(tokens))):
        yield MORE
    if any(_is_a_size(tokens, place) for place, label in enumerate(labels) if label == "dropped"):
        yield "the number may be a size"
    named = [token for token, label in zip(tokens, labels, strict=True) if label == "ingredient"]
    if amounts and amounts[0].unit == "stick" and any(token.low in STICKS for token in named):
        yield "only a stick of butter has a fixed weight"
    if amounts and amounts[0].unit == "each":
        yield from _doubts_of_a_count(amounts[0].quantity, tokens, labels, named)
    elif len(named) > 1 and (named[0].low in UNITS or _may_be_a_plural(tokens, labels)):
        yield MAY_BE_UNIT
    if named and named[0].low in (COUNTED if len(named) > 1 else PACKAGES):
        yield from [] if _is_named_by_its_measure(labels, named) else [MAY_BE_UNIT]
    if not named or named[0].low in YIELDS | HEADINGS or _is_no_ingredient(named):
        yield NO_NAME
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
    elif any(token.low in SMALL | _SPOONS for token in named[1:]) or _has_a_part_of_another(named):
        yield MORE
    elif any(token.low in CLAUSES for token in named) or _begins_a_sentence(labels, named):
        yield CLAUSE
    elif (
        named[-1].low in PREPOSITIONS | LINKS | {"on"}
        or _JOINED_END.fullmatch(named[-1].low)
        or any(_JOINED_WORDS.fullmatch(token.text) for token in named)
        or _ends_in_a_description(tokens, labels)
        or _ends_in_a_preparation(named)
        or _goes_on_behind_a_list(tokens, labels)
    ):
        yield GOES_ON
    elif _goes_on_to_several(tokens, labels):
        yield SEVERAL
    elif len(named) == 3 and named[1].low in ANDS and not is_half_and_half(named, 1):
        yield TWO


def _is_no_ingredient(named: Sequence[Token]) -> bool:
    """Match ``1 hr``, ``12-cup muffin pan`` and ``Chicken Recipe``."""
    last = named[-1].low
    return (len(named) == 1 and last in NOT_AN_INGREDIENT) or last in TOOLS | {"recipe", "recipes"}


def _has_a_part_of_another(named: Sequence[Token]) -> bool:
    """Match ``cilantro juice of half a lemon``."""
    return any(word(named, at) in PARTS and word(named, at + 1) == "of" for at in range(1, len(named)))


def _begins_another(tokens: Sequence[Token], labels: Sequence[str], place: int) -> bool:
    """Match ``garlic, crushed Juice of 1/2 lemon`` and ``onion, chopped 2 carrots``: two lines in one."""
    if labels[place] != "note" or not tokens[place].is_number or "ingredient" not in labels[:place]:
        return False
    before = [token.text for token in tokens[:place]]
    if before.count("(") > before.count(")"):
        return False  # "lemon juice (roughly 8 lemons)"
    is_of_a_part = word(tokens, place - 1) == "of" and word(tokens, place - 2) in PARTS
    if not is_of_a_part and word(tokens, place - 1) not in PREPARED:
        return False
    reading = read_amount(tokens, place)
    if reading is None or not reading.amounts or reading.amounts[0].unit in LENGTHS:
        return False
    named = {token.low for token, label in zip(tokens, labels, strict=True) if label == "ingredient"}
    return is_named_at(tokens, reading.end) and word(tokens, reading.end) not in named


def _ends_in_a_preparation(named: Sequence[Token]) -> bool:
    """Match ``peppers char grilled``: a way to prepare it that is not known, behind the name."""
    low = named[-1].low
    return (
        low.endswith("ed")
        and not low.endswith(("eed", "red"))
        and low not in DESCRIPTIONS
        and not describes(named[:-1])
    )


def _begins_a_sentence(labels: Sequence[str], named: Sequence[Token]) -> bool:
    """Match ``Preheat oven to 350 F``: a verb, with no amount before it."""
    return named[0].low in BEGINNINGS and "quantity" not in labels[: labels.index("ingredient")]


def _may_be_a_plural(tokens: Sequence[Token], labels: Sequence[str]) -> bool:
    """Match ``2 tbspswhipping cream``: the *s* is of the unit or of the name."""
    place = labels.index("ingredient")
    is_glued = tokens[place].is_glued and place > 0 and labels[place - 1] == "unit"
    return is_glued and tokens[place].text.startswith("s") and tokens[place - 1].text[-1] not in "s."


def _goes_on_behind_a_list(tokens: Sequence[Token], labels: Sequence[str]) -> bool:
    """Match ``herbs (parsley, dill) chiffonade cut``."""
    places = [place for place, label in enumerate(labels) if label == "ingredient"]
    between = [tokens[at].text for at in range(places[0], places[-1]) if labels[at] == "note"]
    return "(" in between and "," in between


def _end_of_name(labels: Sequence[str]) -> int:
    return max(place for place, label in enumerate(labels) if label == "ingredient") + 1


def _ends_in_a_description(tokens: Sequence[Token], labels: Sequence[str]) -> bool:
    """Match ``Ann's homemade, tomato basil sauce``: the noun is behind the comma."""
    comma = _end_of_name(labels)
    before, _, last = word(tokens, comma - 1).rpartition("-")
    if before and last in PREPARED and f"{before}-{last}" not in PREPARED | DESCRIPTIONS:
        return True  # "milk-lukewarm"
    if word(tokens, comma) != "," or is_state_behind(tokens, comma + 1):
        return False
    return is_description(word(tokens, comma - 1)) and _is_plain(tokens, comma + 1)


def _goes_on_to_several(tokens: Sequence[Token], labels: Sequence[str]) -> bool:
    """Match ``celery, onion and parsley``: names of other ingredients, up to an *and*."""
    place = _end_of_name(labels)
    while word(tokens, place) == ",":
        place += 1
        start = place
        while _is_plain(tokens, place):
            place += 1
        if not start < place <= start + _SHORT or is_description(word(tokens, start)) or word(tokens, start) in PARTS:
            return False  # "leek, white and green parts"
        last = place + 1 + (word(tokens, place) == ",")
        if word(tokens, last - 1) in ANDS:
            end = last
            while _is_plain(tokens, end):
                end += 1
            return end > last and word(tokens, end) not in _ONLY | NOT_AN_INGREDIENT
    return False


def _is_plain(tokens: Sequence[Token], place: int) -> bool:
    """Whether a word may be part of a name, rather than a preparation or a remark."""
    low = word(tokens, place)
    is_verb = low in PREPARED | PREPARED_BEHIND | CLAUSES or low.endswith(("ed", "ly", "ing"))
    return low[:1].isalpha() and not is_verb and low not in ENDS | PREPOSITIONS | NOT_AN_INGREDIENT | SIZES | OTHERS


def _adds_more(tokens: Sequence[Token], place: int) -> bool:
    """Match ``plus 2 tbsp`` that could not be added, ``je 25 g`` (each) of several, and ``, 1 egg``."""
    if word(tokens, place) in SUM_MARKS | {"je", "à"}:
        more = read_amount(tokens, place + 1)
        if more is None or not more.amounts or is_half_and_half(tokens, place):
            return False
        is_weighed = more.amounts[0].dimension in ("mass", "volume")  # not "plus a bit more", or "cream à 35%"
        return is_weighed or (word(tokens, place) != "à" and tokens[place + 1].is_number)
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
    if labels[:2] == ["quantity", "dropped"] and tokens[1].text == ".":
        yield "the number may be that of a list"
    if begins_with_a_unit(named) and (len(named) > 1 or named[0].low not in UNITS):
        yield UNREAD_UNIT
    elif named and (has_a_link(named) or may_begin_with_a_unit(named)):
        yield MAY_BE_UNIT
    elif named and "unit" not in labels and (is_uncounted(named) or (named[-1].low in GRAINS and (many or 0) <= FEW)):
        yield LOST_UNIT
    elif named and "unit" not in labels and named[0].low.startswith("g") and (many or 0) >= MANY:
        yield MAY_BE_UNIT  # "100 grapes", or "100 g rapes"
    elif "unit" not in labels and (many or 0) >= TOO_MANY:
        yield LOST_UNIT


def _is_named_by_its_measure(labels: Sequence[str], named: Sequence[Token]) -> bool:
    """Match ``12 bars``, where nothing else is named; ``1 package`` lacks its name."""
    if named[0].low in _CONTAINERS:
        return False
    places = [place for place, label in enumerate(labels) if label == "ingredient"]
    return len(named) == 1 and places[0] > 0 and labels[places[0] - 1] == "quantity"


def name_problem(name: str, unit: str) -> str | None:
    """Why a new item, of which a line has this many of this unit, cannot have this name."""
    tokens = tokens_of(name)
    if any(has_another_amount(tokens, place) for place in range(len(tokens))):
        return MORE
    return UNREAD_UNIT if unit in ("", "each") and begins_with_a_unit(tokens) else None

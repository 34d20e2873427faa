"""Settle what a line leaves open by a rule that the reference states, so that nobody has to be asked about it."""

from collections.abc import Iterable, Sequence

from bake_tracker.domain.recipe_text.amounts import NO_AMOUNT, WIDE, Amount
from bake_tracker.domain.recipe_text.doubts import ALTERNATIVE, NOT_KEPT, RANGE, TWO
from bake_tracker.domain.recipe_text.naming import is_description, is_named_at
from bake_tracker.domain.recipe_text.numbers import Token, word
from bake_tracker.domain.recipe_text.unit_words import VAGUE
from bake_tracker.domain.recipe_text.words import (
    ARTICLES,
    BEGINNINGS,
    ENDS,
    NUMBERS,
    OTHERS,
    PREPARED,
    SEASONINGS,
    SHARED_NOUNS,
    SHARING,
    SUM_MARKS,
    TASTES,
    TITLES,
    WHOLE_NAMES,
    words_in,
)

MAX_TOKENS = 16
"""A longer line without an amount is more likely an instruction than an ingredient."""
_TO_TASTE = frozenset(
    {"taste", "needed", "required", "desired", "wanted", "liking", "preference", "necessary", "choosing"}
)
_PURPOSES = words_in(
    "for to if optional facultatif facultative optionnel optionnelle opcional opzionale optioneel valgfritt valfritt "
    "fakultativ zum zur für pour para till til voor as"
)
"""Words behind a name that say what it is for, or that it may be left out."""
_ANOTHER = frozenset({"other", "another", "any", "your", "similar"})


def settled_of(
    doubts: Iterable[str], amounts: Sequence[Amount], tokens: Sequence[Token], labels: Sequence[str]
) -> list[str]:
    """Those of the doubts that a rule settles."""
    found = list(doubts)
    named = [token for token, label in zip(tokens, labels, strict=True) if label == "ingredient"]
    is_open = NO_AMOUNT in found and bool(named)
    rules = {
        RANGE: bool(amounts) and _is_narrow(amounts[0]),
        ALTERNATIVE: (is_open and named[-1].low not in SHARING) or _is_whole(tokens, labels, named),
        NO_AMOUNT: is_open and _is_meant_without(tokens, labels, named),
        TWO: is_open,  # neither has an amount
    }
    return [one for one in found if rules.get(one) or (one.startswith(NOT_KEPT) and amounts[0].unit not in VAGUE)]


def _is_narrow(amount: Amount) -> bool:
    return not amount.quantity or not amount.upto or amount.upto < WIDE * amount.quantity


def _is_meant_without(tokens: Sequence[Token], labels: Sequence[str], named: Sequence[Token]) -> bool:
    """Match ``salt``, ``parsley, to serve`` and ``some nuts``; not ``sugar, eggs``, ``Cake`` or a sentence."""
    bracket = next((place for place, token in enumerate(tokens) if token.text == "("), len(tokens))
    if bracket > MAX_TOKENS or tokens[-1].text in ".!?;":
        return False
    if any(token.is_number or token.low in NUMBERS.keys() - ARTICLES for token in tokens):
        return False
    for place, label in enumerate(labels):
        is_joint = tokens[place].low in SUM_MARKS | {",", ";", "/"} and label != "ingredient"
        if is_joint and is_named_at(tokens, place + 1) and tokens[place + 1].low not in _TO_TASTE:
            return False  # a second ingredient
    if named[0].low in BEGINNINGS or (len(named) == 1 and named[0].low in TITLES):
        return False  # "Top with cream", "Topping (optional)"
    is_said = any(
        label in ("note", "dropped") and token.low in _PURPOSES | _TO_TASTE | TASTES
        for token, label in zip(tokens, labels, strict=True)
    )
    is_of_purpose = any(token.low == "per" for token in named[1:])  # "olio per friggere"
    return labels[0] == "quantity" or is_said or is_of_purpose or named[-1].low in SEASONINGS


def _is_whole(tokens: Sequence[Token], labels: Sequence[str], named: Sequence[Token]) -> bool:
    """Whether the first of two names is complete: it may lack a noun that both share, as in ``corn or olive oil``."""
    if not named or any(token.text == "/" for token in named):
        return False  # "coconut butter/coconut or cream"
    places = [place for place, label in enumerate(labels) if label == "ingredient"]
    ors = [place for place in range(len(tokens)) if word(tokens, place) in OTHERS | {"/"} and labels[place] == "note"]
    start = next((place for place in ors if places and place > places[0]), None)
    if start is None:
        return False
    if start < places[-1]:
        return True  # the shared noun is part of the name
    other: list[str] = []
    for token in tokens[start + 1 :]:
        if token.is_number or not token.text[0].isalnum() or token.low in ENDS | OTHERS:
            break
        if token.low not in PREPARED:
            other.append(token.low)
    if is_description(named[-1].low) and named[-1].low != "fat":
        return is_description(word(tokens, start + 1))  # "peas fresh or frozen", but not "0% plain or vanilla"
    nouns = [token.low for token in named if not is_description(token.low)]
    low = named[-1].low
    is_plural = low.endswith("s") and not low.endswith(("ss", "us", "'s"))
    if is_plural or low in WHOLE_NAMES | SHARED_NOUNS or set(nouns[-1:]) & set(other):
        return True
    is_list = word(tokens, start + 1 + len(other)) in OTHERS  # "beef / lamb or chicken sausage"
    is_another = bool(other) and other[0] in _ANOTHER  # "rum or another spirit"
    if is_another or (is_list and low in SHARING):
        return low not in SHARING
    return len(named) >= len(other) and not (len(other) > 1 and other[-1] in SHARED_NOUNS)

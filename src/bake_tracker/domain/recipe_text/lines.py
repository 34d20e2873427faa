"""Read a recipe line into an amount and an ingredient; every character is accounted for.

Nothing is guessed silently: any second meaning is a doubt, and only a line without doubts is sure. ``words.py`` has the
meanings of the words; ``benchmarks/recipes.py`` measures how well this reads.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from bake_tracker.domain.recipe_text.amounts import (
    Amount,
    AmountReading,
    Token,
    read_amount,
    read_bracket,
    tokens_of,
    word,
)
from bake_tracker.domain.recipe_text.words import (
    ABOUT,
    ARTICLES,
    BULLETS,
    COUNTED,
    DESCRIPTIONS,
    ENDS,
    FOREIGN_UNITS,
    LEDGER_UNITS,
    LENGTHS,
    LINKS,
    METRIC_VOLUMES,
    NOT_AN_INGREDIENT,
    OTHERS,
    PACKAGES,
    PREPARED,
    PREPOSITIONS,
    SIZES,
    SUM_MARKS,
    UNITS,
    UNSETTLED,
)

_BEFORE_A_NAME = frozenset({",", ":", ".", "-", "–", "x", "×"})
_IN_A_NAME = frozenset("%'’&-/.")
RANGE = "a range is given"
_LONG, _NUMBER, _MARK = "the name is long", "the name contains a number", "the name contains a mark"
_NO_NOUN = "only a description of the ingredient is given"
MAY_BE_UNIT = "the name may begin with a unit"
UNREAD_UNIT = "the name begins with a unit"
NAME_DOUBTS = frozenset({_LONG, _NUMBER, _MARK, _NO_NOUN, MAY_BE_UNIT, UNREAD_UNIT})
"""Doubts that do not matter if the name is known."""
_MORE = "the line contains another amount"
_SEPARATORS = frozenset(",;:/|+&•·–—-") | {"and"}
MAX_WORDS = 7
"""A longer name is more likely a sentence than an ingredient."""


@dataclass(frozen=True, slots=True)
class IngredientLine:
    """A line as it was read: use the first of ``amounts``; joining ``pieces`` gives the line again.

    A piece is a quantity, a unit, also (the amount repeated), an ingredient, a note, or dropped.
    """

    text: str
    amounts: tuple[Amount, ...]
    ingredient: str
    note: str
    doubts: tuple[str, ...]
    is_heading: bool
    pieces: tuple[tuple[str, str], ...]

    @property
    def is_sure(self) -> bool:
        return not self.doubts and not self.is_heading

    @property
    def dropped(self) -> tuple[str, ...]:
        """The pieces that carry no meaning: marks, and words such as ``of``."""
        return tuple(text.strip() for label, text in self.pieces if label == "dropped")


def parse_line(text: str) -> IngredientLine:
    """Read a line; never fails, but has doubts about anything unclear."""
    tokens = tokens_of(text)
    start = 0
    while start < len(tokens) and tokens[start].text in BULLETS:
        start += 1
    if _is_heading(tokens, start):
        labels = ["dropped"] * start + ["note"] * (len(tokens) - start)
        return _line(text, tokens, (), labels, (), is_heading=True)
    reading, labels, rest = _find_amount(tokens, start)
    amounts, doubts = list(reading.amounts), list(reading.doubts)
    more, more_doubts = _label_rest(tokens, rest, labels, is_counted=not amounts or amounts[0].unit == "each")
    amounts += more
    doubts += more_doubts
    _name_by_its_measure(tokens, labels, amounts)
    found = _preferred(amounts)
    doubts += _doubts_of(found, tokens, labels)
    return _line(text, tokens, tuple(found), labels, tuple(dict.fromkeys(doubts)))


def format_line(amount: Amount, ingredient: str, note: str = "") -> str:
    """Write a line that reads back the same."""
    parts = [] if amount.quantity is None else [_mixed(amount.quantity)]
    if amount.upto is not None:
        parts += ["to", _mixed(amount.upto)]
    if amount.unit != "each":
        parts.append(amount.unit.replace("_", " "))
    return " ".join([*parts, ingredient]) + (f", {note}" if note else "")


def _mixed(value: Fraction) -> str:
    whole, part = divmod(value, 1)
    return " ".join(str(one) for one in (whole, part) if one) or "0"


def _is_heading(tokens: Sequence[Token], start: int) -> bool:
    return len(tokens) > start and tokens[-1].text == ":" and not any(token.is_number for token in tokens)


def _find_amount(tokens: Sequence[Token], start: int) -> tuple[AmountReading, list[str], int]:
    """Find the amount at the start or end of the line, with the labels so far and where the rest begins."""
    if reading := read_amount(tokens, start):
        return reading, ["dropped"] * start + list(reading.labels), reading.end
    for place in range(start + 1, len(tokens)):
        if not tokens[place].is_number or not (reading := read_amount(tokens, place)):
            continue
        if word(tokens, place - 1) in LINKS:  # "juice of 1 lemon"
            labels = ["dropped"] * start + ["note"] * (place - start) + list(reading.labels)
            return reading, labels, reading.end
        if reading.amounts and reading.amounts[0].unit != "each" and word(tokens, reading.end) in ("", ",", "("):
            return _behind(tokens, start, place, reading)
    return AmountReading((), start, ()), ["dropped"] * start, start


def _behind(
    tokens: Sequence[Token], start: int, place: int, reading: AmountReading
) -> tuple[AmountReading, list[str], int]:
    """Read ``Butter: 250 g``, with the amount after the name."""
    labels = ["dropped"] * start + [""] * (place - start)
    _label_rest(tokens[:place], start, labels, is_counted=True)
    return reading, [*labels, *reading.labels], reading.end


def _label_rest(
    tokens: Sequence[Token], start: int, labels: list[str], *, is_counted: bool
) -> tuple[list[Amount], list[str]]:
    """Label what follows the amount: the ingredient, up to a comma, bracket or ending word, and notes."""
    amounts: list[Amount] = []
    doubts: list[str] = []
    del labels[start:]
    is_named = "ingredient" in labels
    has_ended = is_named
    place = start
    while place < len(tokens):
        low = tokens[place].low
        if low == "(" and (again := read_bracket(tokens, place, Amount(None))):
            amounts += again[1].amounts
            labels += again[1].labels
        elif low == "(":
            doubts += [_MORE] if _has_an_ingredient(tokens, place) else []
            labels += ["note"] * (_close(tokens, place) - place)
        elif has_ended:
            labels.append("note")
        elif place == start and _is_glued_to_a_number(tokens, place):
            doubts.append(f"letters follow the number directly: {tokens[place].text}")
            labels.append("note")
        elif not is_named and _is_before_a_name(tokens, place):
            labels.append("dropped")
        elif not is_named and (low in PREPARED or (is_counted and low in SIZES) or low == "each"):
            doubts += ["the amount is for each of several ingredients"] if low == "each" else []
            labels.append("note")
        elif not is_named and (size := _dimensions(tokens, place)):
            labels += ["note"] * size
        elif is_named and low in OTHERS:
            doubts.append("the line offers an alternative")
            has_ended = True
            labels.append("note")
        elif is_named and _is_participle(tokens[place]) and (beyond := _name_beyond(tokens, place)):
            if not _describes(tokens[at] for at in range(start, place) if labels[at] == "ingredient"):
                doubts.append("the name may go on")
                has_ended = True
            labels += ["note"] * (beyond - place)
        elif _ends_name(tokens, place, is_named=is_named):
            has_ended = True
            labels.append("dropped" if low in (",", ";", ":", "-", "–", "—") else "note")
        else:
            is_named = True
            labels.append("ingredient")
        place = len(labels)
    return amounts, doubts


def _is_before_a_name(tokens: Sequence[Token], place: int) -> bool:
    """Match ``of``, ``de la``, ``of a``; an article alone may belong to the name: Le Gruyère."""
    low = tokens[place].low
    return low in LINKS | _BEFORE_A_NAME or (low in ARTICLES and word(tokens, place - 1) in LINKS)


def _ends_name(tokens: Sequence[Token], place: int, *, is_named: bool) -> bool:
    token = tokens[place]
    if token.text in (",", ";", ":"):
        return True
    if token.text in ("-", "–", "—"):
        return not token.is_glued
    return token.low in ENDS or (is_named and _is_participle(token))


def _is_participle(token: Token) -> bool:
    return token.low in PREPARED and token.low.endswith(("ed", "en", "ly", "cut", "é", "ée", "és", "ées"))


def _name_beyond(tokens: Sequence[Token], place: int) -> int | None:
    """The place after these participles if another word of the name follows: ``fresh chopped cilantro``."""
    end = place
    while word(tokens, end) in PREPARED:
        end += 1
    token = tokens[end] if end < len(tokens) else None
    if token is None or not token.text[0].isalpha() or token.low.endswith("ly"):
        return None
    return None if token.low in ENDS | PREPOSITIONS | NOT_AN_INGREDIENT else end


def _describes(name: Iterable[Token]) -> bool:
    return all(token.low in DESCRIPTIONS | PREPARED or token.text == "-" for token in name)


def _is_glued_to_a_number(tokens: Sequence[Token], place: int) -> bool:
    """Match ``100ggg``: the letters may be a misspelt unit, and are never part of a name."""
    token = tokens[place]
    is_known = token.low in SIZES | ABOUT | PREPARED or token.low in ("x", "×")
    return place > 0 and tokens[place - 1].is_number and token.is_glued and token.text[0].isalpha() and not is_known


def _has_an_ingredient(tokens: Sequence[Token], place: int) -> bool:
    """Whether a bracket holds an amount of something: ``(2 tsp dry yeast)``."""
    reading = read_amount(tokens, place + 1) if place + 1 < len(tokens) and tokens[place + 1].is_number else None
    if reading is None or not reading.amounts or reading.amounts[0].unit in LENGTHS | {"each"}:
        return False
    return _is_named_at(tokens, reading.end)


def _is_named_at(tokens: Sequence[Token], place: int) -> bool:
    """Whether the name of an ingredient can begin here."""
    low = word(tokens, place)
    return low[:1].isalpha() and low not in ENDS | PREPARED | PREPOSITIONS | NOT_AN_INGREDIENT | SIZES | ABOUT


def _dimensions(tokens: Sequence[Token], place: int) -> int:
    """Count the tokens that give a length or width: ``9-inch``."""
    if not tokens[place].is_number or not (reading := read_amount(tokens, place)):
        return 0
    return reading.end - place if reading.amounts and reading.amounts[0].unit in LENGTHS else 0


def _close(tokens: Sequence[Token], place: int) -> int:
    """The place after the closing bracket, or the end of the line."""
    depth = 0
    for end in range(place, len(tokens)):
        depth += (tokens[end].text == "(") - (tokens[end].text == ")")
        if depth == 0:
            return end + 1
    return len(tokens)


def _name_by_its_measure(tokens: Sequence[Token], labels: list[str], amounts: list[Amount]) -> None:
    """Use the counting word as the ingredient if there is no other: ``4 cloves`` are cloves."""
    if not amounts or "ingredient" in labels or amounts[0].unit not in COUNTED.values():
        return
    for place, label in enumerate(labels):
        if label == "unit" and tokens[place].low in COUNTED:
            labels[place] = "ingredient"
            amounts[0] = Amount(amounts[0].quantity, "each", amounts[0].upto)


def _preferred(amounts: Sequence[Amount]) -> list[Amount]:
    """Put the best amount first: a weight before a volume, because it needs no density; ml before pints."""
    if amounts and amounts[0].unit in UNSETTLED:
        amounts = sorted(amounts, key=lambda amount: amount.unit not in METRIC_VOLUMES)
    if amounts and amounts[0].dimension == "volume":
        return sorted(amounts, key=lambda amount: amount.dimension != "mass")
    return list(amounts)


def _doubts_of(amounts: Sequence[Amount], tokens: Sequence[Token], labels: Sequence[str]) -> Iterable[str]:
    if not amounts or amounts[0].quantity is None:
        yield "no quantity is given"
    elif amounts[0].quantity == 0:
        yield "the quantity is 0"
    elif amounts[0].upto is not None:
        yield RANGE
    if amounts and amounts[0].unit not in LEDGER_UNITS:
        yield f"stock is not kept by the {amounts[0].unit}"
    if any(_adds_more(tokens, place) for place, label in enumerate(labels) if label in ("note", "ingredient")):
        yield _MORE
    if any(_is_a_size(tokens, place) for place, label in enumerate(labels) if label == "dropped"):
        yield "the number may be a size"
    named = [token for token, label in zip(tokens, labels, strict=True) if label == "ingredient"]
    if amounts and amounts[0].unit == "each":
        yield from _doubts_of_a_count(tokens, labels, named)
    elif _begins_with_a_unit(named):
        yield MAY_BE_UNIT
    if named and named[0].low in (COUNTED if len(named) > 1 else PACKAGES):
        yield from [] if _is_named_by_its_measure(labels, named) else [MAY_BE_UNIT]
    if not named:
        yield "no ingredient is named"
    elif _describes(named):
        yield _NO_NOUN
    elif len(named) > MAX_WORDS:
        yield _LONG
    elif any(token.is_number and word(tokens, place + 1) != "%" for place, token in enumerate(named)):
        yield _NUMBER
    elif not all(token.text in _IN_A_NAME or token.text[0].isalnum() for token in named):
        yield _MARK


def _adds_more(tokens: Sequence[Token], place: int) -> bool:
    """Match ``plus 2 tbsp`` that could not be added, ``je 25 g`` (each) of several, and ``, 1 egg``."""
    if word(tokens, place) in SUM_MARKS | {"je"}:
        return bool((more := read_amount(tokens, place + 1)) and more.amounts)
    return has_another_amount(tokens, place)


def has_another_amount(tokens: Sequence[Token], place: int) -> bool:
    """Whether an amount of another ingredient begins at this place."""
    if not tokens[place].is_number or word(tokens, place - 1) not in _SEPARATORS or tokens[place].is_glued:
        return False
    reading = read_amount(tokens, place)
    if reading is None or not reading.amounts or reading.amounts[0].unit in LENGTHS:
        return False
    return _is_named_at(tokens, reading.end + (word(tokens, reading.end) in LINKS))


def _is_a_size(tokens: Sequence[Token], place: int) -> bool:
    """Match ``7x5-inch``."""
    between = tokens[place : place + 2]
    return (
        word(tokens, place) in ("x", "×")
        and len(between) == 2
        and between[1].is_number
        and all(token.is_glued for token in between)
        and _dimensions(tokens, place + 1) > 0
    )


def _doubts_of_a_count(tokens: Sequence[Token], labels: Sequence[str], named: Sequence[Token]) -> Iterable[str]:
    """Match ``100 of sugar`` and ``2 tazas de harina``: a word that is not read as one may be the unit."""
    after = next((place for place, label in enumerate(labels) if label not in ("quantity", "dropped", "note")), 0)
    if after and labels[after - 1] == "dropped" and labels[:1] == ["quantity"]:
        links = [place for place in range(after) if labels[place] == "dropped" and word(tokens, place) in LINKS]
        if links and word(tokens, links[0] + 1) not in ARTICLES:
            yield "no unit is given"
    if _begins_with_a_unit(named):
        yield UNREAD_UNIT
    elif any(token.low in LINKS for token in named[1:-1]):
        yield MAY_BE_UNIT


def _begins_with_a_unit(named: Sequence[Token]) -> bool:
    return len(named) > 1 and (named[0].low in UNITS or named[0].low in FOREIGN_UNITS)


def name_problem(name: str, unit: str) -> str | None:
    """Why a new item, of which a line has so many of this unit, cannot have this name."""
    tokens = tokens_of(name)
    if any(has_another_amount(tokens, place) for place in range(len(tokens))):
        return _MORE
    return UNREAD_UNIT if unit in ("", "each") and _begins_with_a_unit(tokens) else None


def _is_named_by_its_measure(labels: Sequence[str], named: Sequence[Token]) -> bool:
    """Match ``12 bars``, where nothing else is named."""
    places = [place for place, label in enumerate(labels) if label == "ingredient"]
    return len(named) == 1 and places[0] > 0 and labels[places[0] - 1] == "quantity"


def _line(
    text: str,
    tokens: Sequence[Token],
    amounts: tuple[Amount, ...],
    labels: Sequence[str],
    doubts: tuple[str, ...],
    *,
    is_heading: bool = False,
) -> IngredientLine:
    pieces = _pieces(text, tokens, labels)
    return IngredientLine(
        text, amounts, _joined(pieces, "ingredient"), _joined(pieces, "note", ", "), doubts, is_heading, tuple(pieces)
    )


def _pieces(text: str, tokens: Sequence[Token], labels: Sequence[str]) -> list[tuple[str, str]]:
    """Join neighbours with the same label; spaces belong to the piece before them."""
    pieces: list[tuple[str, str]] = []
    end = 0
    for token, label in zip(tokens, labels, strict=True):
        if pieces and pieces[-1][0] == label:
            pieces[-1] = (label, pieces[-1][1] + text[end : token.end])
        else:
            if pieces:
                pieces[-1] = (pieces[-1][0], pieces[-1][1] + text[end : token.start])
            pieces.append((label, text[0 if end == 0 else token.start : token.end]))
        end = token.end
    if not pieces:
        return [("dropped", text)] if text else []
    pieces[-1] = (pieces[-1][0], pieces[-1][1] + text[end:])
    return pieces


def _joined(pieces: Iterable[tuple[str, str]], wanted: str, between: str = " ") -> str:
    return between.join(" ".join(text.split()) for label, text in pieces if label == wanted)

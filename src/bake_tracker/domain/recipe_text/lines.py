"""Read a recipe line into an amount and an ingredient; every character is accounted for.

Nothing is guessed silently: any second meaning is a doubt, and only a line without doubts is sure. ``words.py`` has the
meanings of the words; ``benchmarks/recipes.py`` measures how well this reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from bake_tracker.domain.recipe_text.amounts import (
    CONTRADICTION,
    Amount,
    AmountReading,
    disagree,
    read_amount,
    read_bracket,
)
from bake_tracker.domain.recipe_text.doubts import ALTERNATIVE, GOES_ON, MORE, doubts_of
from bake_tracker.domain.recipe_text.naming import (
    describes,
    dimensions,
    ends_name,
    goes_on_behind,
    has_an_ingredient,
    is_before_a_name,
    is_dropped_before_a_name,
    is_footnote,
    is_invisible,
    is_named_at,
    is_participle,
    is_uncounted,
    keeps_preparation,
    name_beyond,
)
from bake_tracker.domain.recipe_text.numbers import Token, tokens_of, word
from bake_tracker.domain.recipe_text.words import (
    ABOUT,
    BULLETS,
    COUNTED,
    ENDS,
    LINKS,
    METRIC_VOLUMES,
    NUMBERS,
    OTHERS,
    PARTS,
    PREPARED,
    SIZES,
    UNSETTLED,
)

_NEAR = 5
_MORE_OF_IT = frozenset({"more", "less", "so", "enough"})


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
    while start < len(tokens) and (tokens[start].text in BULLETS or is_invisible(tokens[start])):
        start += 1
    if _is_heading(tokens, start):
        labels = ["dropped"] * start + ["note"] * (len(tokens) - start)
        return _line(text, tokens, (), labels, (), is_heading=True)
    lead = 2 if [word(tokens, start), word(tokens, start + 1)] == ["optional", ":"] else 0
    reading, labels, rest = _find_amount(tokens, start + lead)
    labels[start : start + lead] = ["note"] * lead
    amounts, doubts = list(reading.amounts), list(reading.doubts)
    more, more_doubts = _label_rest(tokens, rest, labels, amounts[0] if amounts else Amount(None))
    amounts += more
    doubts += more_doubts
    _name_by_its_measure(tokens, labels, amounts)
    found = _preferred(amounts)
    doubts += doubts_of(found, tokens, labels)
    return _line(text, tokens, tuple(found), labels, tuple(dict.fromkeys(doubts)))


def format_line(amount: Amount, ingredient: str, note: str = "") -> str:
    """Write a line that reads back the same."""
    parts = [] if amount.quantity is None else [_mixed(amount.quantity)]
    if amount.upto is not None:
        parts += ["to", _mixed(amount.upto)]
    if amount.unit != "each" or is_uncounted(tokens_of(ingredient)):
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
        if not (tokens[place].is_number or _is_of_a_part(tokens, start, place)) or not (
            reading := read_amount(tokens, place)
        ):
            continue
        if word(tokens, place - 1) in LINKS | {"from"}:  # "juice of 1 lemon"
            labels = ["dropped"] * start + ["note"] * (place - start) + list(reading.labels)
            return reading, labels, reading.end
        is_marked = word(tokens, place - 1) in (":", "-", "–", "~") or reading.end > place + 1
        is_amount = bool(reading.amounts) and (reading.amounts[0].unit != "each" or is_marked)
        if is_amount and word(tokens, reading.end) in ("", ",", "("):
            return _behind(tokens, start, place, reading)
    return AmountReading((), start, ()), ["dropped"] * start, start


def _is_of_a_part(tokens: Sequence[Token], start: int, place: int) -> bool:
    """Match the ``half`` of ``juice of half a lemon``."""
    before = [token.low for token in tokens[start:place]]
    return tokens[place].low in NUMBERS and len(before) <= _NEAR and "(" not in before and bool(PARTS & set(before))


def _amount_at_the_end(tokens: Sequence[Token], place: int) -> AmountReading | None:
    """Read the same again behind the name: ``90 g sugar 1/3 cup``."""
    reading = read_amount(tokens, place) if tokens[place].is_number or tokens[place].low in ABOUT else None
    if reading is None or not reading.amounts or reading.amounts[0].unit == "each":
        return None
    return reading if word(tokens, reading.end) in ("", ",", "(") else None


def _behind(
    tokens: Sequence[Token], start: int, place: int, reading: AmountReading
) -> tuple[AmountReading, list[str], int]:
    """Read ``Butter: 250 g``, with the amount after the name."""
    labels = ["dropped"] * start + [""] * (place - start)
    _label_rest(tokens[:place], start, labels, Amount(None))
    return reading, [*labels, *reading.labels], reading.end


def _label_rest(
    tokens: Sequence[Token], start: int, labels: list[str], first: Amount
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
        if low == "(" and (again := read_bracket(tokens, place, first)):
            amounts += again[1].amounts
            doubts += again[1].doubts
            labels += again[1].labels
        elif low == "(":
            doubts += [MORE] if has_an_ingredient(tokens, place) else []
            labels += ["note"] * (_close(tokens, place) - place)
        elif has_ended:
            is_behind = low in OTHERS and is_named and "dropped" not in labels[start:]
            if is_behind and is_participle(tokens, place - 1) and is_named_at(tokens, place + 1):
                doubts.append(ALTERNATIVE)
            labels.append("note")
        elif place == start and _is_glued_to_a_number(tokens, place):
            doubts.append(f"letters follow the number directly: {tokens[place].text}")
            labels.append("note")
        elif (not is_named and is_before_a_name(tokens, place)) or is_footnote(tokens, place, is_named=is_named):
            labels.append("dropped")
        elif not is_named and keeps_preparation(tokens, place):
            is_named = True
            labels.append("ingredient")
        elif not is_named and is_dropped_before_a_name(tokens, place, unit=first.unit):
            doubts += ["the amount is for each of several ingredients"] if low == "each" else []
            labels.append("note")
        elif size := dimensions(tokens, place):
            labels += ["note"] * size
        elif is_named and (repeated := _amount_at_the_end(tokens, place)):
            amounts += repeated.amounts
            labels += ["also"] * (repeated.end - place)
        elif is_named and (low in OTHERS or (low == "/" and not tokens[place].is_glued)):
            doubts += [] if word(tokens, place + 1) in ENDS | _MORE_OF_IT else [ALTERNATIVE]
            has_ended = True
            labels.append("note")
        elif is_named and keeps_preparation(tokens, place):
            labels.append("ingredient")
        elif is_named and is_participle(tokens, place) and (beyond := name_beyond(tokens, place)):
            if not describes(_named(tokens, labels)):
                doubts.append(GOES_ON)
                has_ended = True
            labels += ["note"] * (beyond - place)
        elif is_named and low == "," and goes_on_behind(tokens, _named(tokens, labels), place):
            labels.append("dropped")
            is_named = False  # the preparations behind the comma are not part of the name
        elif ends_name(tokens, place, is_named=is_named):
            has_ended = True
            labels.append("dropped" if low in (",", ";", ":", "-", "–", "—") else "note")
        else:
            is_named = True
            labels.append("ingredient")
        place = len(labels)
    if any(disagree(first, other) for other in amounts):
        doubts.append(CONTRADICTION)
    return amounts, doubts


def _named(tokens: Sequence[Token], labels: Sequence[str]) -> list[Token]:
    """The tokens of the name so far."""
    return [token for token, label in zip(tokens, labels, strict=False) if label == "ingredient"]


def _is_glued_to_a_number(tokens: Sequence[Token], place: int) -> bool:
    """Match ``100ggg``: the letters may be a misspelt unit, and are never part of a name."""
    token = tokens[place]
    is_known = token.low in SIZES | ABOUT | PREPARED or token.low in ("x", "×")
    return place > 0 and tokens[place - 1].is_number and token.is_glued and token.text[0].isalpha() and not is_known


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
    if amounts and not amounts[0].is_of_ledger:
        return sorted(amounts, key=lambda amount: not amount.is_of_ledger)
    if amounts and amounts[0].dimension == "volume":
        return sorted(amounts, key=lambda amount: amount.dimension != "mass")
    return list(amounts)


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


def _joined(pieces: Sequence[tuple[str, str]], wanted: str, between: str = " ") -> str:
    """Join the pieces with this label; a mark in the middle of a word leaves no blank."""
    joined, is_glued = "", False
    for label, text in pieces:
        if label == wanted:
            joined += ("" if is_glued or not joined else between) + " ".join(text.split())
        is_glued = (is_glued or label == wanted) and not text[-1:].isspace()
    return joined

"""Read a recipe line into an amount and an ingredient; every character is accounted for.

Nothing is guessed silently: any second meaning is a doubt, and only a line without doubts is sure. ``words.py`` has the
meanings of the words; ``benchmarks/recipes.py`` measures how well this reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from bake_tracker.domain.recipe_text.amounts import (
    CONTRADICTION,
    ONE_OR_ALL,
    READ_AS_ONE,
    Amount,
    AmountReading,
    disagree,
    has_unit_before,
    read_amount,
    read_bracket,
)
from bake_tracker.domain.recipe_text.doubts import ALTERNATIVE, GOES_ON, MORE, NOT_KEPT, doubts_of
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
    shared_noun,
)
from bake_tracker.domain.recipe_text.numbers import Token, tokens_of, word
from bake_tracker.domain.recipe_text.pieces import joined, pieces_of
from bake_tracker.domain.recipe_text.settling import settled_of
from bake_tracker.domain.recipe_text.unit_words import (
    COUNTED,
    LENGTHS,
    METRIC_VOLUMES,
    PACKAGES,
    UNSETTLED,
)
from bake_tracker.domain.recipe_text.words import (
    ABOUT,
    ANDS,
    BULLETS,
    ENDS,
    FOR,
    HEADINGS,
    LINKS,
    NUMBERED,
    NUMBERS,
    OTHERS,
    OUT_OF,
    PARTS,
    PREPARED,
    SIZES,
    THE,
)

_NEAR, _SHORT = 5, 2
MOST_PIECES = 24
"""A larger number behind a name is more likely a type or a size."""
_MORE_OF_IT = frozenset({"more", "less", "so", "enough"})


@dataclass(frozen=True, slots=True)
class IngredientLine:
    """A line as it was read: use the first of ``amounts``; joining ``pieces`` gives the line again.

    ``settled`` is what the line leaves open and a rule decides. A piece is a quantity, a unit, also (the amount
    repeated), an ingredient, a note, or dropped.
    """

    text: str
    amounts: tuple[Amount, ...]
    ingredient: str
    note: str
    doubts: tuple[str, ...]
    is_heading: bool
    pieces: tuple[tuple[str, str], ...]
    settled: tuple[str, ...] = ()

    @property
    def is_sure(self) -> bool:
        """Whether nobody needs to be asked: the line has one meaning, or is a heading."""
        return not self.doubts

    @property
    def called(self) -> str:
        """The ingredient's name in a recipe: stock is not kept by the clove, but by pieces of ``garlic cloves``."""
        if not self._is_by_the_piece:
            return self.ingredient
        return f"{self.ingredient} {joined(self.pieces, 'unit').replace('.', '')}"

    @property
    def counted(self) -> tuple[Amount, ...]:
        """The amounts that a recipe can have of ``called``."""
        if not self._is_by_the_piece:
            return self.amounts
        return (replace(self.amounts[0], unit="each"), *self.amounts[1:])

    @property
    def _is_by_the_piece(self) -> bool:
        return any(one.startswith(NOT_KEPT) for one in self.settled)

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
    lead = 2 * (word(tokens, start) == "optional" and word(tokens, start + 1) in (":", "-", "–"))
    reading, labels, rest = _find_amount(tokens, start + lead)
    labels[start : start + lead] = ["note"] * lead
    amounts, doubts = list(reading.amounts), list(reading.doubts)
    more, more_doubts = _label_rest(tokens, rest, labels, amounts[0] if amounts else Amount(None))
    amounts += more
    doubts += more_doubts
    _name_by_its_measure(tokens, labels, amounts)
    last = max((place for place, label in enumerate(labels) if label == "ingredient"), default=0)
    if labels and labels[last] == "ingredient" and tokens[last].text in ("-", "–", "."):
        labels[last] = "dropped"  # "Rye flour-1/2 cup"
    found = _preferred(amounts)
    doubts = list(dict.fromkeys([*doubts, *doubts_of(found, tokens, labels)]))
    settled = tuple(settled_of(doubts, found, tokens, labels))
    left = tuple(doubt for doubt in doubts if doubt not in settled)
    return replace(_line(text, tokens, tuple(found), labels, left), settled=settled)


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
    """Match ``Dough:``, ``Ingredients``, ``Ingredients for the dough`` and ``For the dough``."""
    if len(tokens) <= start or any(token.is_number for token in tokens):
        return False
    first, second = word(tokens, start), word(tokens, start + 1)
    is_short = len(tokens) <= start + _NEAR  # "Caramel sauce ingredients"
    is_list = (is_short and tokens[-1].low in HEADINGS) or (first in HEADINGS and second in FOR | {"-", "–", "("})
    is_marked = tokens[-1].text in (":", "-", "–") or _is_all_but_a_bracket(tokens)
    return is_marked or is_list or (first in FOR and second in THE)


def _is_all_but_a_bracket(tokens: Sequence[Token]) -> bool:
    """Match ``Topping: (optional)``."""
    place = next((place for place, token in enumerate(tokens) if token.text == ":"), len(tokens))
    return word(tokens, place + 1) == "(" and _close(tokens, place + 1) == len(tokens)


def _find_amount(tokens: Sequence[Token], start: int) -> tuple[AmountReading, list[str], int]:
    """Find the amount at the start or end of the line, with the labels so far and where the rest begins."""
    if reading := read_amount(tokens, start):
        if tokens[-1].is_number and not any(token.is_number for token in tokens[start : reading.end]):
            reading = replace(reading, doubts=(*reading.doubts, READ_AS_ONE))  # "Stalk celery: 2"
        return reading, ["dropped"] * start + list(reading.labels), reading.end
    for place in range(start + 1, len(tokens)):
        may_begin = tokens[place].is_number or has_unit_before(tokens, place) or _is_of_a_part(tokens, start, place)
        if not may_begin or not (reading := read_amount(tokens, place)):
            continue
        if _is_remark(tokens, start, place) or word(tokens, place - 1) in FOR:  # "pepper to taste (I used 1/2 tsp)"
            continue
        if word(tokens, place - 1) in LINKS | OUT_OF:  # "juice of 1 lemon"
            labels = ["dropped"] * start + ["note"] * (place - start) + list(reading.labels)
            return reading, labels, reading.end
        is_behind = word(tokens, place - 1) in (":", "-", "–", "~") or _is_a_last_count(tokens, start, place)
        unit = reading.amounts[0].unit if reading.amounts else "each"
        is_marked = is_behind if unit in LENGTHS else unit != "each" or is_behind or reading.end > place + 1
        is_or_more = word(tokens, reading.end) == "or" and word(tokens, reading.end + 1) in _MORE_OF_IT
        if reading.amounts and is_marked and (is_or_more or word(tokens, reading.end) in ("", ",", "(")):
            return _behind(tokens, start, place, reading)
    return AmountReading((), start, ()), ["dropped"] * start, start


def _is_a_last_count(tokens: Sequence[Token], start: int, place: int) -> bool:
    """Match ``ripe pears 3``, but not ``Group 1`` or ``Mehl Type 405``."""
    text = tokens[place].text
    is_named = not {word(tokens, start), word(tokens, place - 1)} & NUMBERED
    return place + 1 == len(tokens) and text.isdigit() and 0 < int(text) <= MOST_PIECES and is_named


def _is_remark(tokens: Sequence[Token], start: int, place: int) -> bool:
    """Whether an amount is in the middle of a bracket."""
    before = [token.low for token in tokens[start:place] if token.low not in ABOUT]
    return before.count("(") > before.count(")") and before[-1] != "("


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


def _is_a_size_behind(tokens: Sequence[Token], place: int) -> bool:
    return word(tokens, place - 1) == "," and _amount_at_the_end(tokens, place) is not None


def _behind(
    tokens: Sequence[Token], start: int, place: int, reading: AmountReading
) -> tuple[AmountReading, list[str], int]:
    """Read ``Butter: 250 g``, with the amount after the name."""
    labels = ["dropped"] * start + [""] * (place - start)
    _, doubts = _label_rest(tokens[:place], start, labels, Amount(None))
    return replace(reading, doubts=(*reading.doubts, *doubts)), [*labels, *reading.labels], reading.end


def _label_rest(
    tokens: Sequence[Token], start: int, labels: list[str], first: Amount
) -> tuple[list[Amount], list[str]]:
    """Label what follows the amount: the ingredient, up to a comma, bracket or ending word, and notes."""
    amounts: list[Amount] = []
    doubts: list[str] = []
    del labels[start:]
    is_named = "ingredient" in labels
    has_ended = is_named
    has_amount_behind = False
    place = start
    while place < len(tokens):
        low = tokens[place].low
        if low == "(" and (again := read_bracket(tokens, place, first)):
            has_amount_behind = is_named
            amounts += again[1].amounts
            doubts += again[1].doubts
            labels += again[1].labels
        elif low == "(":
            doubts += [MORE] if has_an_ingredient(tokens, place) else []
            labels += ["note"] * (_close(tokens, place) - place)
        elif has_ended and first.unit in PACKAGES.values() and _is_a_size_behind(tokens, place):
            doubts.append(ONE_OR_ALL)  # "1 can tomatoes, 14 oz"
            labels.append("note")
        elif has_ended:
            if low in OTHERS and is_named and _goes_on_to_another(tokens, labels, start, place):
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
            doubts += [ONE_OR_ALL] if first.unit in PACKAGES.values() and first.quantity != 1 else []
            amounts += repeated.amounts
            labels += ["also"] * (repeated.end - place)
        elif is_named and low in OTHERS and (noun := shared_noun(tokens, _named(tokens, labels), place)):
            doubts.append(ALTERNATIVE)
            labels += ["note"] * (noun - place)
        elif is_named and (low in OTHERS or (low == "/" and not tokens[place].is_glued)):
            doubts += [] if word(tokens, place + 1) in ENDS | _MORE_OF_IT else [ALTERNATIVE]
            has_ended = True
            labels.append("note")
        elif is_named and low == _named(tokens, labels)[-1].low and tokens[place - 1].text == ")":
            labels.append("note")  # "sherry vinegar (or cider) vinegar"
        elif is_named and keeps_preparation(tokens, place):
            labels.append("ingredient")
        elif is_named and low in ANDS and describes(_named(tokens, labels)) and word(tokens, place + 1) in PREPARED:
            labels.append("note")  # "cooked and shredded chicken"
        elif is_named and is_participle(tokens, place) and (beyond := name_beyond(tokens, place)):
            named = _named(tokens, labels)
            if not describes(named) and named[-1].low not in ANDS:  # "salt and freshly ground pepper"
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
            doubts += [GOES_ON] if has_amount_behind else []  # "1 cup tomato paste (270 g) Coupons"
            is_named = True
            labels.append("ingredient")
        place = len(labels)
    if any(disagree(first, other) for other in amounts):
        doubts.append(CONTRADICTION)
    return amounts, doubts


def _goes_on_to_another(tokens: Sequence[Token], labels: Sequence[str], start: int, place: int) -> bool:
    """Match ``comté râpé ou gruyère`` and ``rapeseed, canola or olive oil``, not ``onion, peeled or not``."""
    if not is_named_at(tokens, place + 1):
        return False
    ends = [at for at in range(start, place) if labels[at] == "dropped"]
    if not ends:
        return is_participle(tokens, place - 1)
    ends += [at for at in range(ends[-1] + 1, place) if tokens[at].text == "," and labels[at] == "note"]
    parts = [tokens[one + 1 : other] for one, other in zip(ends, [*ends[1:], place], strict=True)]
    is_list = all(tokens[end].text == "," for end in ends) and max(map(len, parts)) <= _SHORT
    is_list = is_list and (len(ends) > 1 or bool(parts[0]))
    return is_list and all(is_named_at(tokens, end + 1) or end + 1 == place for end in ends)


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
    pieces = pieces_of(text, tokens, labels)
    return IngredientLine(
        text, amounts, joined(pieces, "ingredient"), joined(pieces, "note", ", "), doubts, is_heading, tuple(pieces)
    )

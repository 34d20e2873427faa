"""Read amounts as people write them: ``1½``, ``2 cups (300 g)``, ``2-3``, ``2 x 200 g``, ``1 (14 oz) can``."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from bake_tracker.domain.recipe_text.numbers import Token, read_written_number, word
from bake_tracker.domain.recipe_text.unit_words import (
    BEFORE_A_NUMBER,
    CASED_UNITS,
    COUNTED,
    DESCRIBING_A_UNIT,
    LEDGER_UNITS,
    LENGTHS,
    PACKAGES,
    PIECES,
    PLAIN_UNITS,
    SINGULAR,
    SMALL,
    SMALLER,
    UNITS,
    UNSETTLED,
    VAGUE,
    Measure,
    unaccented,
)
from bake_tracker.domain.recipe_text.words import (
    ABOUT,
    OTHERS,
    RANGE_MARKS,
    SAME_MARKS,
    SIZES,
    SUM_MARKS,
    UNTOLD,
    UNTOLD_BEHIND_A,
)
from bake_tracker.domain.units import parse_unit

NO_AMOUNT = "no quantity is given"
READ_AS_ONE = "no number is given; read as 1"
ONE_OR_ALL = "the bracket may be the size of one package or of all"
COUNT_OR_SIZE = "the second number may be the size of one package"
CONTRADICTION = "the amounts contradict each other"
_AGREE, _AGREE_ABOUT = Fraction(1, 5), Fraction(3, 10)
"""How far two amounts for the same thing may differ, since recipes call two ounces 60 g, and a quarter cup 50 ml."""
WIDE = 4
"""The ends of a range are closer than this: ``1 - 14 oz can`` is one can."""


@dataclass(frozen=True, slots=True)
class Amount:
    """``quantity`` of ``unit``, up to ``upto`` in a range; no quantity for words such as "some"."""

    quantity: Fraction | None
    unit: str = "each"
    upto: Fraction | None = None

    @property
    def is_of_ledger(self) -> bool:
        return self.unit in LEDGER_UNITS

    @property
    def dimension(self) -> str:
        return parse_unit(self.unit).dimension if self.is_of_ledger else "counted"

    def times(self, count: Fraction) -> "Amount":
        many = None if self.quantity is None else self.quantity * count
        return Amount(many, self.unit, None if self.upto is None else self.upto * count)


@dataclass(frozen=True, slots=True)
class AmountReading:
    """Amounts for the same thing in reading order, and a label for each token up to ``end``."""

    amounts: tuple[Amount, ...]
    end: int
    labels: tuple[str, ...]
    doubts: tuple[str, ...] = ()


def read_unit(tokens: Sequence[Token], at: int) -> tuple[Measure, int] | None:
    """Read a unit or a counting word at this place, with its dot or hyphen."""
    start = at + 1 if word(tokens, at) in ("-", "–") and at + 1 < len(tokens) else at
    is_ordinal = word(tokens, start) == "st" and tokens[start].is_glued  # "1st"
    if start < len(tokens) and tokens[start].text in CASED_UNITS and not is_ordinal:
        return CASED_UNITS[tokens[start].text], _past_dot(tokens, start + 1)
    if start > at and word(tokens, start) == "in":  # "6-in."
        return UNITS["inch"], _past_dot(tokens, start + 1)
    for length in (4, 3, 2, 1):
        words: list[str] = []
        end = start
        while len(words) < length and end < len(tokens) and not tokens[end].is_number:
            words.append(tokens[end].low.strip("-"))
            end = _past_dot(tokens, end + 1)
        phrase = " ".join(words)
        if phrase in UNITS and not (phrase == "c" and word(tokens, end) in ("de", "à", "di")):  # a spoon, but which?
            return UNITS[phrase], end
        if plain := PLAIN_UNITS.get(unaccented(phrase)):
            return plain, end
        if phrase in COUNTED and start == at:
            return (COUNTED[phrase], Fraction(1)), end
    return None


def _past_dot(tokens: Sequence[Token], at: int) -> int:
    return at + 1 if word(tokens, at) == "." and tokens[at].is_glued else at


def read_amount(tokens: Sequence[Token], at: int) -> AmountReading | None:
    """Read a whole amount from here on, including packages, sums, ranges, and the same in another unit."""
    first = _read_one(tokens, at)
    if first is None:
        return None
    amounts, labels, doubts = list(first.amounts), list(first.labels), list(first.doubts)
    end = first.end
    while amounts and (more := _read_more(tokens, end, amounts[0], is_bare=len(amounts) == 1)):
        kind, reading = more
        if kind == "sum":
            amounts[0] = _sum(amounts[0], reading.amounts[0])
        elif kind == "range":
            amounts[0] = replace(amounts[0], upto=reading.amounts[0].quantity)
        elif kind == "package":
            amounts = [reading.amounts[0], *amounts[1:]]
        else:
            amounts += reading.amounts
        labels += reading.labels
        doubts += reading.doubts
        end = reading.end
    if amounts and any(disagree(amounts[0], other) for other in amounts[1:]):
        doubts.append(CONTRADICTION)
    return AmountReading(tuple(amounts), end, tuple(labels), tuple(doubts))


def _read_one(tokens: Sequence[Token], at: int) -> AmountReading | None:
    """``2``, ``2-3 cups``, ``2 x 200 g``, ``1 (14 oz) can``, ``2 8-ounce packages``, ``7 g sachet``."""
    labels, start = _abouts(tokens, at)
    if has_unit_before(tokens, start) and (number := read_written_number(tokens, start + 1)):  # "farina g 80"
        again = read_unit(tokens, number[1])
        end = again[1] if again and again[0] == UNITS[tokens[start].low] else number[1]
        name, factor = UNITS[tokens[start].low]
        parts = ["unit", *["quantity"] * (number[1] - start - 1), *["note"] * (end - number[1])]
        return AmountReading((Amount(number[0] * factor, name),), end, (*labels, *parts), tuple(number[2]))
    is_article = word(tokens, start) in ("a", "an")
    if word(tokens, start + is_article) in (UNTOLD_BEHIND_A if is_article else UNTOLD):
        count, end, upto, doubts = None, start + 1 + is_article, None, [NO_AMOUNT]
    elif number := read_written_number(tokens, start):
        count, end, doubts = number
        size = _read_package(tokens, end, count) if word(tokens, end) in ("-", "–", "—") else None
        upto, end, more_doubts = (None, end, []) if size else _read_upto(tokens, end, count)
        doubts = doubts + more_doubts
        more = read_written_number(tokens, end + 1) if word(tokens, end) in ("plus", "+") and upto is None else None
        if more and word(tokens, more[1]) in UNITS:  # "1/4 + 1/8 teaspoon"
            count, end, doubts = count + more[0], more[1], doubts + more[2]
    elif word(tokens, _abouts(tokens, at, also=SIZES)[1]) in SMALL:
        count, end, upto, doubts = Fraction(1), start, None, []
    elif word(tokens, _abouts(tokens, at, also=SIZES)[1]) in COUNTED:
        is_one = word(tokens, _abouts(tokens, at, also=SIZES)[1]) in SINGULAR
        count, end, upto, doubts = Fraction(1), start, None, [] if is_one else [READ_AS_ONE]
    else:
        return None
    labels += ["quantity"] * (end - start)
    if word(tokens, end) == "of" and word(tokens, end + 1) in ("a", "an") and count is not None:
        packed = _read_package(tokens, end + 2, count)  # "1/2 of a 15-oz can"
        if packed is not None:
            return replace(packed, end=packed.end, labels=(*labels, "dropped", "dropped", *packed.labels))
    if count is not None and upto is None and (packed := _read_package(tokens, end, count)):
        return replace(packed, labels=(*labels, *packed.labels), doubts=(*doubts, *packed.doubts))
    if word(tokens, end) in ("de", "d'", "a") and read_unit(tokens, end + 1):  # "1/4 de botte", "½ a bunch"
        labels.append("dropped")
        end += 1
    described, unit_at = _abouts(tokens, end, also=DESCRIBING_A_UNIT)
    unit = read_unit(tokens, unit_at)
    if unit is None:
        amounts = () if count is None else (Amount(count, "each", upto),)
        other = _other_sizes(tokens, end) if upto is None else end
        return AmountReading(amounts, other, (*labels, *["also"] * (other - end)), tuple(doubts))
    (name, factor), unit_end = unit
    labels += [*described, *["unit"] * (unit_end - unit_at)]
    amount = Amount(count, name, upto).times(factor)
    if (again := read_unit(tokens, unit_end)) and name != "each" and _is_the_same(unit[0], again[0]):
        labels += ["note"] * (again[1] - unit_end)  # "100 g g sugar", "1 tsp 茶匙 salt"
        unit_end = again[1]
    if amount.dimension in ("mass", "volume") and word(tokens, unit_end) in PACKAGES:
        doubts = [*doubts, COUNT_OR_SIZE] if upto is not None else doubts  # "2 - 3 oz boxes"
        labels.append("note")  # "7 g sachet"
        unit_end += 1
    return AmountReading((amount,), unit_end, tuple(labels), tuple(doubts))


def has_unit_before(tokens: Sequence[Token], at: int) -> bool:
    """Match the Italian ``g 80``."""
    return word(tokens, at) in BEFORE_A_NUMBER and at + 1 < len(tokens) and tokens[at + 1].is_number


def _other_sizes(tokens: Sequence[Token], at: int) -> int:
    """Skip ``large or 3 medium`` between a number and the name."""
    _, other = _abouts(tokens, at, also=SIZES)
    if other == at or word(tokens, other) not in OTHERS or not (number := read_written_number(tokens, other + 1)):
        return at
    _, end = _abouts(tokens, number[1], also=SIZES)
    return end if end > number[1] else at


def _is_the_same(one: Measure, other: Measure) -> bool:
    """Whether two units are the same, or near enough to be translations."""
    if one == other:
        return True
    first, second = Amount(one[1], one[0]), Amount(other[1], other[0])
    return first.is_of_ledger and first.dimension == second.dimension and not disagree(first, second)


def _abouts(tokens: Sequence[Token], at: int, also: frozenset[str] = frozenset()) -> tuple[list[str], int]:
    """Skip words such as ``about`` and ``heaped``, with their dots."""
    end = at
    while word(tokens, end) in ABOUT | also:
        end = _past_dot(tokens, end + 1)
    return ["note"] * (end - at), end


def _read_upto(tokens: Sequence[Token], at: int, low: Fraction) -> tuple[Fraction | None, int, list[str]]:
    if word(tokens, at) in RANGE_MARKS and (high := read_written_number(tokens, at + 1)) and high[0] > low:
        if word(tokens, at) in ("or", "oder", "ou") and tokens[at + 1].is_number is False:
            return None, at, []  # "1 or a half"
        return high[0], high[1], high[2]
    return None, at, []


def _read_package(tokens: Sequence[Token], at: int, count: Fraction) -> AmountReading | None:
    """Read the size of each package: ``x 200 g``, ``(14 oz) can``, ``14-ounce can``."""
    is_times, is_bracket = word(tokens, at) in ("x", "×", "*"), word(tokens, at) == "("
    is_dash = word(tokens, at) in ("-", "–", "—")
    size = _read_sized(tokens, at + (is_times or is_bracket or is_dash or word(tokens, at) == ","))
    if size is None or (is_dash and (size[0].quantity or 0) < WIDE * count):
        return None
    amount, end = size
    if is_bracket:
        others = _read_others(tokens, end)
        if word(tokens, others) != ")":
            return None
        end = others + 1
    elif word(tokens, end) == "(" and (close := _closing(tokens, end)):  # "1 14-ounce (400 g) can"
        end = close + 1 if word(tokens, close + 1) in PACKAGES else end
    _, package_at = _abouts(tokens, end, also=SIZES)
    of_pieces = word(tokens, package_at) in PIECES and (count == 1 or word(tokens, package_at).endswith("s"))
    packed = of_pieces or word(tokens, package_at) in COUNTED  # "2 8-oz balls", but not "2 8-oz strip steaks"
    is_joined = is_bracket or is_dash or word(tokens, at) == ","  # "2, 5 kg pork"
    is_bare = amount.dimension == "mass" and count.denominator == 1 and not is_joined  # "4 6-oz steaks"
    if not (is_times or packed or is_bare) or amount.unit in LENGTHS:
        return None
    labels = ["quantity"] * (end - at)
    if packed:
        past = _past_dot(tokens, package_at + 1)
        labels += ["note"] * (past - end)
        end = past
    return AmountReading((amount.times(count),), end, tuple(labels))


def _read_sized(tokens: Sequence[Token], at: int) -> tuple[Amount, int] | None:
    """Read a number with a unit of the ledger."""
    _, start = _abouts(tokens, at)
    if (
        (number := read_written_number(tokens, start))
        and tokens[start].is_number
        and (unit := read_unit(tokens, number[1]))
        and unit[0][0] in LEDGER_UNITS
        and unit[0][0] != "each"
    ):
        amount, end = Amount(number[0], unit[0][0]).times(unit[0][1]), unit[1]
        rest = _read_sized(tokens, end) if amount.unit in SMALLER else None
        if rest and rest[0].unit == SMALLER[amount.unit]:  # "2 lb 4 oz"
            return _sum(amount, rest[0]), rest[1]
        return amount, end
    return None


def _read_others(tokens: Sequence[Token], at: int) -> int:
    """Skip more amounts for the same thing, which are not needed after the first."""
    while word(tokens, at) in SAME_MARKS | {",", ";"} and (other := _read_sized(tokens, at + 1)):
        at = other[1]
    return at


def _closing(tokens: Sequence[Token], at: int) -> int | None:
    """The place of the bracket that closes this one."""
    depth = 0
    for place in range(at, len(tokens)):
        depth += (tokens[place].text == "(") - (tokens[place].text == ")")
        if depth == 0:
            return place
    return None


def _read_more(tokens: Sequence[Token], at: int, first: Amount, *, is_bare: bool) -> tuple[str, AmountReading] | None:
    """Read an amount that a mark joins to the one before."""
    mark = word(tokens, at)
    is_split = first.unit in SMALLER and first.quantity is not None and is_bare
    if is_split and (size := _read_sized(tokens, at)) and size[0].unit == SMALLER[first.unit]:  # "1 lb 2 oz"
        return "sum", AmountReading((size[0],), size[1], ("quantity",) * (size[1] - at))
    if mark == "(":
        return read_bracket(tokens, at, first)
    if first.quantity == 1 and first.unit in PACKAGES.values() and (size := _read_sized(tokens, at)):  # "1 can 400 g"
        return "package", AmountReading((size[0],), size[1], ("quantity",) * (size[1] - at))
    if first.quantity and first.unit != "each" and first.is_of_ledger and (size := _read_sized(tokens, at)):
        package = word(tokens, size[1]) in PACKAGES  # "15 oz 425 g can"
        return "same", AmountReading((size[0],), size[1] + package, ("also",) * (size[1] - at) + ("note",) * package)
    sized = _read_sized(tokens, at + 1)
    if sized is None or first.quantity is None:
        return None
    amount, end = sized
    length = end - at
    is_same_kind = amount.dimension == first.dimension
    if mark in SUM_MARKS and is_bare and is_same_kind:
        return "sum", AmountReading((amount,), end, ("quantity",) * length)
    if mark in RANGE_MARKS and amount.unit == first.unit and (amount.quantity or 0) > first.quantity:
        return "range", AmountReading((amount,), end, ("quantity",) * length)
    if mark in SAME_MARKS:
        package = word(tokens, end) in PACKAGES  # "400 g / 14 oz can"
        return "same", AmountReading((amount,), end + package, ("also",) * length + ("note",) * package)
    return None


def read_bracket(tokens: Sequence[Token], at: int, first: Amount) -> tuple[str, AmountReading] | None:
    """``(300 g)``, ``(about 300 g / 10 oz)``, ``(400 g each)``: the same in another unit, or a package size."""
    close = _closing(tokens, at)
    if close and word(tokens, at + 1) == "(" and _closing(tokens, at + 1) == close - 1:  # "((300 g))"
        if (doubled := read_bracket(tokens, at + 1, first)) is None:
            return None
        kind, reading = doubled
        label = reading.labels[0]
        return kind, replace(reading, end=close + 1, labels=(label, *reading.labels, label))
    inner = _read_sized(tokens, at + 1) if close else None
    if close is None or inner is None:
        return None
    amount, end = inner
    more = _read_sized(tokens, end + 1) if word(tokens, end) in SUM_MARKS else None
    if more and more[0].dimension == amount.dimension:
        amount, end = _sum(amount, more[0]), more[1]  # "(1/4 cup + 2 tbsp)"
    others = [amount]
    while word(tokens, end) in SAME_MARKS | {",", ";"} and (other := _read_sized(tokens, end + 1)):
        others.append(other[0])
        end = other[1]
    is_each = word(tokens, end) == "each"
    end += is_each or word(tokens, end) in ("total", "in")
    _, end = _abouts(tokens, end)
    if end != close or amount.unit in LENGTHS:
        return None
    length = close + 1 - at
    is_package = first.unit in PACKAGES.values()
    is_of_all = first.unit in VAGUE or (not is_package and word(tokens, at + 1) in ABOUT)
    is_settled = is_each or is_of_all or first.quantity == 1
    doubt = () if is_settled or first.is_of_ledger else (ONE_OR_ALL,)
    if is_package and first.quantity is not None:
        return "package", AmountReading((amount.times(first.quantity),), close + 1, ("quantity",) * length, doubt)
    if is_each and first.dimension in ("mass", "volume"):
        return None  # "2 lb steaks (8 oz each)"
    if is_each and first.quantity is not None:
        others = [one.times(first.quantity) for one in others]
    return "same", AmountReading(tuple(others), close + 1, ("also",) * length, doubt)


def _sum(one: Amount, other: Amount) -> Amount:
    assert one.quantity is not None
    assert other.quantity is not None
    ratio = parse_unit(other.unit).factor / parse_unit(one.unit).factor if one.is_of_ledger else Fraction(1)
    return replace(one, quantity=one.quantity + other.quantity * ratio)


def disagree(one: Amount, other: Amount) -> bool:
    """Whether two amounts of the same kind differ by more than rounding."""
    if one.dimension != other.dimension or not one.is_of_ledger or not one.quantity or not other.quantity:
        return False
    small, large = sorted(
        amount.quantity * parse_unit(amount.unit).factor for amount in (one, other) if amount.quantity
    )
    if "ml" in (one.unit, other.unit) and one.unit != other.unit and large - small <= Fraction(1, 2):
        return False  # half a teaspoon is 2 ml, in whole numbers
    return small * (1 + (_AGREE_ABOUT if {one.unit, other.unit} & UNSETTLED else _AGREE)) < large

"""Split a line into tokens, and read numbers as people write them: ``1½``, ``1-1/2``, ``one and a half``."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from bake_tracker.domain.recipe_text.unit_words import COUNTED, UNITS
from bake_tracker.domain.recipe_text.words import NUMBERS

_VULGAR = "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
_TOKEN = re.compile(
    rf"(?P<number>[0-9]{{1,6}}\s?[/⁄]\s?[0-9]{{1,6}}(?![0-9])|[0-9]{{1,9}}(?:[.,][0-9]{{1,9}})*(?![0-9])"
    rf"|(?<![\w.])\.[0-9]{{1,9}}(?![0-9])|[{_VULGAR}])"
    rf"|(?P<mark>[x×*](?=\s?[0-9{_VULGAR}]))"
    r"|(?P<elided>[dDlL]['’](?=[^\W_]))"
    r"|(?P<andor>and/or\b)"
    r"|(?P<word>[^\W_](?:(?![0-9]+[/⁄][0-9])[^\W_]|['’-](?=[^\W\d_]))*)"
    r"|(?P<other>\S)"
)
LARGEST_PART = 16
_JOINED_ONE = re.compile(
    r"(teaspoon|tablespoon|tb?sp|cup(?!cake)|ounce|pound)(?!s|fuls?\b)(?=[^\W\d_]{3})", re.IGNORECASE
)
_JOINED_MANY = re.compile(
    r"(teaspoons?|tablespoons?|tb?sp|cups|ounces|pounds|grams)(?!fuls?\b)(?=[^\W\d_]{3})", re.IGNORECASE
)
_UNIT_AND_CAPITAL = re.compile(r"[^\W\d_]?[a-zäöüéèß]+(?=[A-ZÄÖÜÉ][a-zäöüéèß])")
_BRACKETS = str.maketrans("[]{}", "()()")
_ORDINALS = frozenset({"rd", "rds", "th", "ths", "nd", "nds", "st"})


@dataclass(frozen=True, slots=True)
class Token:
    """A number, a word or a single mark, and whether it follows without a space."""

    text: str
    is_number: bool
    is_glued: bool
    start: int
    end: int

    @property
    def low(self) -> str:
        return self.text.lower().replace("’", "'")


def tokens_of(text: str) -> list[Token]:
    """Split a text so that every character except spaces is in exactly one token."""
    found: list[Token] = []
    end = 0
    for match in _TOKEN.finditer(text):
        start = match.start()
        unit = _joined_unit(match[0], found) if found and found[-1].is_number else None
        if unit:  # "2 cupsflour"
            found.append(Token(unit[0], is_number=False, is_glued=start == end, start=start, end=start + unit.end()))
            end = start = start + unit.end()
        shown = text[start : match.end()].translate(_BRACKETS)
        found.append(Token(shown, match["number"] is not None, start == end > 0, start, match.end()))
        end = match.end()
    return found


def _joined_unit(text: str, before: Sequence[Token]) -> re.Match[str] | None:
    """The unit that a word begins with if the blank behind it is lost: ``cupsflour``, ``pieceLime``."""
    if unit := _UNIT_AND_CAPITAL.match(text):
        return unit if unit[0].lower() in UNITS or unit[0].lower() in COUNTED else None
    number = before[-1].text
    is_one = len(before) < 2 or not before[-2].is_number
    return (_JOINED_ONE if is_one and (number == "1" or _is_fraction(number)) else _JOINED_MANY).match(text)


def word(tokens: Sequence[Token], at: int) -> str:
    """The token at this place in lower case; empty after the end."""
    return tokens[at].low if 0 <= at < len(tokens) else ""


def read_written_number(tokens: Sequence[Token], at: int) -> tuple[Fraction, int, list[str]] | None:
    """Read a number at this place: its value, where it ends, and any doubts."""
    if at >= len(tokens):
        return None
    if not tokens[at].is_number:
        return _number_in_words(tokens, at)
    value, doubts = _value(tokens[at].text)
    if value is None:
        return None
    end = at + 1 if value.denominator == 1 else _past_ordinal(tokens, at + 1)
    for skip in (0, 1):  # "1 1/2", "1½"; "1-1/2", "1 and 1/2"
        if skip and not (word(tokens, end) in ("and", "&") or (word(tokens, end) == "-" and tokens[end].is_glued)):
            break
        part = tokens[end + skip] if end + skip < len(tokens) else None
        if part and part.is_number and value.denominator == 1 and value and _is_fraction(part.text):
            more, more_doubts = _value(part.text)
            if more is not None and more < 1:
                return value + more, _past_ordinal(tokens, end + skip + 1), doubts + more_doubts
    if [word(tokens, end + step) for step in range(3)] == ["and", "a", "half"]:
        return value + Fraction(1, 2), end + 3, doubts
    return value, end, doubts


def _past_ordinal(tokens: Sequence[Token], at: int) -> int:
    """Skip the letters of ``1/3rd``."""
    return at + 1 if word(tokens, at) in _ORDINALS and tokens[at].is_glued else at


def _number_in_words(tokens: Sequence[Token], at: int) -> tuple[Fraction, int, list[str]] | None:
    low = word(tokens, at)
    if low not in NUMBERS:
        return None
    value, end = NUMBERS[low], at + 1
    if value == 1 and word(tokens, end) == "half":
        value, end = Fraction(1, 2), end + 1
    if value == 1 and word(tokens, end) == "couple":
        return Fraction(2), end + 1, ["'a couple' is read as 2"]
    if value == Fraction(1, 2):
        end += word(tokens, end) in ("of", "de") and word(tokens, end + 1) in ("a", "an")
        end += word(tokens, end) in ("a", "an")
    elif [word(tokens, end + step) for step in range(3)] == ["and", "a", "half"]:
        value, end = value + Fraction(1, 2), end + 3
    return value, end, []


def _is_fraction(text: str) -> bool:
    return text in _VULGAR or "/" in text or "⁄" in text


def _value(text: str) -> tuple[Fraction | None, list[str]]:
    if text in _VULGAR:
        text = unicodedata.normalize("NFKC", text)
    above, slash, below = text.replace("⁄", "/").partition("/")
    if slash:
        whole, part = above.strip()[:-1], above.strip()[-1]
        if whole and int(above) > int(below) > int(part) > 0 and int(below) <= LARGEST_PART:  # 1 1/2 without its space
            return int(whole) + Fraction(int(part), int(below)), [f"{text} may mean {whole} {part}/{below.strip()}"]
        value = Fraction(int(above), int(below)) if int(below) else None
        return value, [f"{text} may be two amounts"] if int(below) > LARGEST_PART else []
    marks = [one for one in text if one in ".,"]
    whole, _, rest = text.replace(",", ".").partition(".")
    if not marks:
        return Fraction(int(text)), []
    groups = re.split("[.,]", text)
    if len(marks) == 1 and (len(rest) != 3 or not whole.strip("0") or marks[0] == "."):
        doubt = [f"{text} may mean {whole}{rest}"] if len(rest) == 3 and whole.strip("0") else []
        return Fraction(f"{whole or 0}.{rest}"), doubt
    if all(len(group) == 3 for group in groups[1:]) and len(groups[0]) <= 3 and len(set(marks)) == 1:
        return Fraction(int("".join(groups))), [f"{text} may mean {whole}.{rest}"] if len(marks) == 1 else []
    return None, []

"""Tell what can be the name of an ingredient, and where it ends."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from bake_tracker.domain.recipe_text.amounts import read_amount
from bake_tracker.domain.recipe_text.numbers import Token, word
from bake_tracker.domain.recipe_text.unit_words import (
    COUNTED,
    FOREIGN_UNITS,
    LENGTHS,
    LEVELS,
    PACKAGES,
    PIECES,
    PLAIN_FOREIGN_UNITS,
    UNITS,
    unaccented,
)
from bake_tracker.domain.recipe_text.words import (
    ABOUT,
    ANDS,
    ARTICLES,
    BEFORE_TASTES,
    DESCRIBING_ENDS,
    DESCRIPTIONS,
    ENDS,
    FOOTNOTES,
    KEEPING,
    LINKS,
    MORE_OF_IT,
    NOT_AN_INGREDIENT,
    OTHERS,
    PREPARED,
    PREPARED_BEHIND,
    PREPOSITIONS,
    PROCESSED,
    PRODUCTS,
    SHAPES,
    SHARING,
    SIZES,
    SUM_MARKS,
    TASTES,
    UNCOUNTED,
)

_BEFORE_A_NAME = frozenset({",", ":", ".", "-", "–", "x", "×"})
_SEPARATORS = frozenset(",;:/|+&•·–—-") | {"and"}
_SPELT_UNITS = ("cup", "pound", "ounce", "teaspoon", "teaspoons", "tablespoon", "tablespoons")
_GLUED_UNIT = re.compile(r"g[bcdfgkmpqstvxz]|[mdk]l[^\W_]|kg[^\W_]|[^\W_]{3,}jes[^\W_]")
"""``150 gflour``, ``3 takjesmunt``: letters that no name begins with, behind which the name may begin."""
_NEARLY = 0.85
_NEAR = 12
_ABBREVIATED = 5
_UNCOUNTED_ENDS = ("zucker", "mehl", "milch", "salz", "wasser", "pulver", "hefe", "stärke")
_UNCOUNTED_FIRST = frozenset({"sel", "sucre", "farine", "eau", "lait", "beurre", "huile", "crème"})
_STATES = frozenset({"cold", "warm", "lukewarm", "ripe", "large", "medium", "small"})
_PARTS = frozenset({"blanc", "blancs", "jaune", "jaunes", "yema", "yemas", "clara", "claras"})
_GREEK_PARTICIPLE = re.compile("μέν(ος|η|ο|οι|ες|α|ους|ων)$")
_PLANT_PARTS = frozenset({"white", "whites", "green", "greens", "light", "pale", "dark", "both", "including"})
_SEEMING = frozenset({"size", "sized", "tasting", "looking"})
_PLAIN_SIZES = frozenset({"large", "medium", "small", "medium-sized", "large-sized", "small-sized"})
_WEIGHTS = frozenset({"g", "kg", "oz", "lb"})
_NUMBERS = frozenset({"one", "two", "three", "four"})
_INTO = frozenset({"into", "on", "from", "until", "according"})
_PARTICIPLE_ENDS = ("ed", "torn", "broken", "ground", "cut")
_TAKEN_OFF = frozenset({"removed", "attached", "intact", "reserved"})
_REACH = 4
_LETTERS = frozenset("äöüßàâæçéèêëîïôœùûÿñ")
_UNIT_AND_NUMBER = re.compile(r"(tsp|tbsp|cup|oz|g|ml|teaspoons?|tablespoons?|cups)[0-9]+")
_JOINED_NUMBER = re.compile(r"[^\W\d_]{3,}[0-9]+")
"""``paste1``: the blank before a number is lost, or a footnote follows."""
_FLOUR_TYPES = frozenset(["405", "550", "630", "700", "812", "997", "1050", "1150", "1370"])


def is_invisible(token: Token) -> bool:
    """Match soft hyphens and other characters without width."""
    return unicodedata.category(token.text[0]) == "Cf"


def is_footnote(tokens: Sequence[Token], place: int, *, is_named: bool) -> bool:
    """Match the marks in ``butter*``, ``Quaker® oats`` and ``Weizen\u00admehl``."""
    token = tokens[place]
    if token.text in FOOTNOTES:
        behind = place + 1
        while word(tokens, behind) in FOOTNOTES:
            behind += 1
        if is_named and not token.is_glued and word(tokens, behind)[:1].isalpha():
            return False  # "flour *see the notes"
        is_before = place > 0 and not word(tokens, place + 1)[:1].isalnum()
        return token.is_glued or is_before or (place + 1 < len(tokens) and tokens[place + 1].is_glued and not is_named)
    return is_invisible(token)


def ends_name(tokens: Sequence[Token], place: int, *, is_named: bool) -> bool:
    token = tokens[place]
    if token.text in (",", ";", ":"):
        return True
    if token.text == "." and is_named and token.is_glued:  # "flour. Sift it", not "Dr. Oetker"
        is_last = place + 1 == len(tokens) or tokens[place + 1].text == "."
        return is_last or (len(word(tokens, place - 1)) > _ABBREVIATED and not tokens[place + 1].is_glued)
    if token.text in ("-", "–", "—"):
        is_open = place + 1 < len(tokens) and not tokens[place + 1].is_glued  # "gum- optional"
        is_elided = word(tokens, place + 1) in OTHERS | SUM_MARKS  # "rye- or wheat flour"
        return not token.is_glued or (is_open and not is_elided)
    if token.text == "*" and not token.is_glued and is_named:  # "*see the notes"
        return True
    after = word(tokens, place + 1)
    if token.is_number and is_named and after in ("°", "º", "degrees"):  # "water 110°F"
        return True
    if token.low in BEFORE_TASTES and is_named and tastes_at(tokens, place + 1):
        return True
    if token.low in ANDS and after in MORE_OF_IT:  # "salt and more for the top"
        return True
    if (
        is_named
        and token.low in _PLANT_PARTS
        and any(word(tokens, place + at) in ("part", "parts") for at in range(1, 5))
    ):
        return True  # "leeks white and light green parts"
    if token.low == "with" and any(word(tokens, place + at) in _TAKEN_OFF for at in range(2, _REACH)):
        return True  # "sprigs with leaves removed"
    if token.low in ANDS | {"with", "in"} and after in ("their", "its"):  # "tomatoes with their juice"
        return True
    if (token.low == "of" and after in ("choice", "your")) or (token.low in ("en", "in") and after in SHAPES):
        return True
    return token.low in ENDS or (is_named and is_participle(tokens, place))


def tastes_at(tokens: Sequence[Token], place: int) -> bool:
    """Match the end of ``a piacere``, ``q.b.`` and ``nach Wahl``."""
    return word(tokens, place + (word(tokens, place) in (".", "/"))) in TASTES


def is_participle(tokens: Sequence[Token], place: int) -> bool:
    """Whether this word says how the ingredient before it is prepared."""
    low = tokens[place].low
    if is_product(tokens, place):
        return False
    if low == "cut" and is_named_at(tokens, place + 1):  # "straight cut fries"
        return False
    ends = ("ed", "en", "ly", "cut", "é", "ée", "és", "ées")
    is_adverb_before = low.endswith("ly") and word(tokens, place + 1).endswith("ed")  # "1 egg nicely whisked"
    after = word(tokens, place + 1 + is_adverb_before)
    if (is_adverb_before or (low in PREPARED and low.endswith("less"))) and (
        not after[:1].isalpha() or after in ENDS | PREPOSITIONS
    ):
        return True
    if word(tokens, place + 1) == "dice" and low in SIZES | {"fine"}:
        return True
    if after in _INTO and low.endswith(_PARTICIPLE_ENDS):  # "bread torn into chunks"
        return True
    is_greek = _GREEK_PARTICIPLE.search(low) is not None
    return (
        is_greek or (low in PREPARED and low.endswith(ends)) or low in PREPARED_BEHIND or is_state_behind(tokens, place)
    )


def is_state_behind(tokens: Sequence[Token], place: int) -> bool:
    """Match ``eggs room temperature``, ``butter cold`` and ``eggs large``."""
    low, after = word(tokens, place), word(tokens, place + 1)
    if low == "cooked" and not is_description(word(tokens, place - 1)):
        is_joined = after in ANDS and word(tokens, place + 2) in PREPARED
        return is_joined or after in ("", ",", "(", "al", "according", "until", "or")
    return (low == "room" and after in ("temperature", "temp")) or (low in _STATES and after in ("", ",", "("))


def is_product(tokens: Sequence[Token], place: int) -> bool:
    """Match ``hot sauce``: a product whose name begins like a preparation; or the second word of one."""
    words = [word(tokens, at) for at in range(place - 2, place + 3)]
    return any(tuple(words[start:end]) in PRODUCTS for start, end in ((2, 4), (2, 5), (1, 3), (0, 3)))


def keeps_preparation(tokens: Sequence[Token], place: int) -> bool:
    """Whether a preparation is part of the ingredient: ``can of diced tomatoes``, ``frozen chopped spinach``."""
    if is_product(tokens, place):
        return True
    if tokens[place].low not in PROCESSED:
        return False
    return word(tokens, place - 1) in KEEPING or any(token.low in PACKAGES for token in tokens[:place][-_NEAR:])


def is_dropped_before_a_name(tokens: Sequence[Token], place: int, *, unit: str) -> bool:
    """Match preparations and sizes, also joined: ``peeled and diced``, ``medium to large``; ``1 inch piece``."""
    is_counted = unit == "each"
    low, before, after = tokens[place].low, word(tokens, place - 1), word(tokens, place + 1)
    if low == "extra" and is_counted and after in SIZES:
        return True
    if low == "good" and after != "quality":
        return True
    if (low, after) == ("room", "temperature") or (before, low) == ("room", "temperature"):
        return True
    if low in ANDS | {"or"} and before in PREPARED and after in PREPARED:
        return True
    if low in ("to", "or", "-", "/") and before in SIZES and after in SIZES:
        return True
    if (low, after) == ("to", "taste") or (before, low) == ("to", "taste"):
        return True
    if low in ("divided", "optional") and after[:1].isalpha():
        return True
    if low == "nice" and after in _SEEMING:
        return True
    if low in _SEEMING and before in SIZES | ABOUT:  # "good sized"
        return True
    if low in _PLAIN_SIZES and unit in _WEIGHTS and _is_a_plural(tokens, place + 1):
        return True
    if unit in LENGTHS and low in ("piece", "pieces", "knob"):
        return True
    return low in PREPARED | LEVELS or (is_counted and low in SIZES) or low == "each"


def _is_a_plural(tokens: Sequence[Token], place: int) -> bool:
    """Match ``russet potatoes``, whose size is that of one piece; not ``curd cottage cheese``."""
    while (
        word(tokens, place + 1)[:1].isalpha() and word(tokens, place + 1) not in ENDS | PREPOSITIONS | OTHERS | PREPARED
    ):
        place += 1
    low = word(tokens, place)
    return low.endswith("s") and not low.endswith("ss")


def name_beyond(tokens: Sequence[Token], place: int) -> int | None:
    """The place after these participles if another word of the name follows: ``fresh chopped cilantro``."""
    end = place
    while word(tokens, end) in PREPARED | PREPARED_BEHIND or _GREEK_PARTICIPLE.search(word(tokens, end)):
        end += 1
    if end == place or is_state_behind(tokens, end):
        return None
    token = tokens[end] if end < len(tokens) else None
    if token is None or not token.text[0].isalpha() or is_adverb(tokens, end):
        return None
    if token.low in SIZES | {"thin", "thick", "fine"} and not word(tokens, end + 1)[:1].isalpha():
        return None
    return None if token.low in ENDS | PREPOSITIONS | NOT_AN_INGREDIENT else end


def shared_noun(tokens: Sequence[Token], named: Sequence[Token], place: int) -> int | None:
    """Where the noun begins that two alternatives share: ``fresh or frozen peas``, ``canola or olive oil``."""
    is_of_one = describes(named)
    if not is_of_one and not (describes(named[:-1]) and named[-1].low in SHARING):
        return None
    start = place + 1
    while is_adverb(tokens, start):
        start += 1
    is_one_of = word(tokens, start) == "other"
    while not is_of_one and is_description(word(tokens, start + is_one_of)) and word(tokens, start + 2)[:1].isalpha():
        start += 1  # "avocado or extra virgin olive oil"
    noun = start + 1
    after = word(tokens, noun + 1)
    if not (is_of_one and is_description(word(tokens, start))) and after[:1].isalpha():
        is_long = after not in ENDS | PREPOSITIONS | OTHERS | PREPARED | PREPARED_BEHIND | LINKS
        if is_long and not is_one_of:
            return None  # "ranch or blue cheese dressing"
        noun += is_long
    pair = [word(tokens, at) for at in (start, noun)]
    return noun if all(low[:1].isalpha() and low not in ENDS | PREPOSITIONS | OTHERS for low in pair) else None


def describes(name: Iterable[Token]) -> bool:
    return all(is_description(token.low) or token.is_number or token.text in "-%/" for token in name)


def is_description(low: str) -> bool:
    is_joined = low.endswith(DESCRIBING_ENDS) or (low.endswith("ed") and not low.endswith("eed"))
    return is_joined or low in DESCRIPTIONS | PREPARED | SIZES


def is_adverb(tokens: Sequence[Token], place: int) -> bool:
    return word(tokens, place).endswith("ly")


def goes_on_behind(tokens: Sequence[Token], named: Sequence[Token], comma: int) -> bool:
    """Match the comma of ``fat-free, low-sodium broth``: it stands between two descriptions of a noun."""
    end = comma + 1
    while is_description(word(tokens, end)) or (word(tokens, end) == "," and end > comma + 1) or is_adverb(tokens, end):
        end += 1
    is_noun = (
        end < len(tokens) and tokens[end].text[0].isalpha() and tokens[end].low not in ENDS | PREPOSITIONS | OTHERS
    )
    return end > comma + 1 and is_noun and describes(named)


def has_an_ingredient(tokens: Sequence[Token], place: int) -> bool:
    """Whether a bracket holds an amount of something: ``(2 tsp dry yeast)``."""
    reading = read_amount(tokens, place + 1) if place + 1 < len(tokens) and tokens[place + 1].is_number else None
    if reading is None or not reading.amounts or reading.amounts[0].unit in LENGTHS | {"each"}:
        return False
    return is_named_at(tokens, reading.end)


def is_named_at(tokens: Sequence[Token], place: int) -> bool:
    """Whether the name of an ingredient can begin here."""
    while word(tokens, place) in PREPARED | DESCRIPTIONS:
        place += 1
    low = word(tokens, place)
    return low[:1].isalpha() and low not in ENDS | PREPOSITIONS | NOT_AN_INGREDIENT | SIZES | ABOUT


def dimensions(tokens: Sequence[Token], place: int) -> int:
    """Count the tokens that give a length or width: ``9-inch``."""
    if not tokens[place].is_number or not (reading := read_amount(tokens, place)):
        return 0
    return reading.end - place if reading.amounts and reading.amounts[0].unit in LENGTHS else 0


def has_a_link(named: Sequence[Token]) -> bool:
    """Match ``xx de farina``, but not ``blanc d'œuf``."""
    return named[0].low not in _PARTS and any(token.low in LINKS for token in named[1:-1])


def is_half_and_half(tokens: Sequence[Token], place: int) -> bool:
    return word(tokens, place - 1) == word(tokens, place + 1) == "half"


def has_another_amount(tokens: Sequence[Token], place: int) -> bool:
    """Whether an amount of another ingredient begins at this place."""
    if not tokens[place].is_number or word(tokens, place - 1) not in _SEPARATORS or tokens[place].is_glued:
        return False
    reading = read_amount(tokens, place)
    if reading is None or not reading.amounts or reading.amounts[0].unit in LENGTHS:
        return False
    return is_named_at(tokens, reading.end + (word(tokens, reading.end) in LINKS))


def begins_with_a_unit(named: Sequence[Token]) -> bool:
    return bool(named) and (
        named[0].low in UNITS.keys() | FOREIGN_UNITS or unaccented(named[0].low) in PLAIN_FOREIGN_UNITS
    )


def is_uncounted(named: Sequence[Token]) -> bool:
    """Match ``white sugar``, ``Rohrzucker`` and ``sucre roux``; not ``flour tortillas``."""
    last = named[-1].low
    return last in UNCOUNTED or last.endswith(_UNCOUNTED_ENDS) or named[0].low in _UNCOUNTED_FIRST


def is_before_a_name(tokens: Sequence[Token], place: int) -> bool:
    """Match ``of``, ``de la``, ``of a``; an article alone may belong to the name: Le Gruyère."""
    low = tokens[place].low
    before = word(tokens, place - 1)
    if low in ("a", "an") and place and tokens[place - 1].is_number:  # "½ an onion"
        return True
    return low in LINKS | _BEFORE_A_NAME or (low in ARTICLES and before in LINKS)


def may_begin_with_a_unit(named: Sequence[Token]) -> bool:
    """Match names of counted things whose first word looks like a unit: ``cupflour``, ``gflour``, ``Gl. Mehl``."""
    first = named[0].low
    noun = next((place for place, token in enumerate(named) if not is_description(token.low)), 0)
    return (
        (len(named) > 1 and (named[1].text == "." or first.endswith(("je", "jes"))))
        or first in PIECES
        or (first == "m" and word(named, 1)[:1].isalpha())  # metres, but not "M&M's"
        or (len(named) > 1 and named[-1].low.endswith(("je", "jes")) and named[-1].low in COUNTED)  # "2 suiker zakje"
        or _GLUED_UNIT.match(first) is not None
        or (0 < noun < len(named) - 1 and named[noun].low in COUNTED)  # "thick slices pineapple"
        or (len(named) > 1 and any(_is_of_another_language(letter) for token in named for letter in token.low))
        or (first.startswith(_SPELT_UNITS) and not first.startswith(("cupcake", "poundcake")))
        or any(unit in first for unit in ("teaspoon", "tablespoon"))
        or bool(get_close_matches(first, _SPELT_UNITS, 1, _NEARLY))
    )


def _is_of_another_language(letter: str) -> bool:
    """Whether the letter is not used in the languages that are read: English, German and French."""
    return letter.isalpha() and letter > "z" and letter not in _LETTERS


def is_amount_in_a_name(named: Sequence[Token], place: int) -> bool:
    """Match numbers, but not those in ``70% chocolate``, ``farina 00``, ``Mehl Type 405`` and ``7-grain bread``."""
    token, before = named[place], word(named, place - 1)
    if not token.is_number:
        if token.low in _NUMBERS or _UNIT_AND_NUMBER.fullmatch(token.low) or _JOINED_NUMBER.fullmatch(token.low):
            return True
        return token.low > "\u0250" and any(letter.isdigit() for letter in token.low)
    return not (
        word(named, place + 1) == "%"
        or (set(token.text) == {"0"} and (len(token.text) > 1 or place > 0))
        or (
            word(named, place + 1) == "-"
            and named[place + 1].is_glued
            and word(named, place + 2)[:1].isalpha()
            and word(named, place + 2) not in UNITS
        )
        or word(named, place + 1) in ("écrémé", "sel")
        or before in ("type", "typ", "no")
        or (token.text in _FLOUR_TYPES and before.endswith("mehl"))
    )

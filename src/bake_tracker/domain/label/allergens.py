"""The allergens that a label must name: 14 kinds in the EU (1169/2011, Annex II), 9 in the US (FALCPA, FASTER).

Cereals with gluten and nuts are separate, because a label must name each one. The US list of nuts follows the FDA's
guidance of January 2025: its four kinds of walnut are one here, and pine nuts are an allergen in the US only.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bake_tracker.domain.arguments import Arguments, shown


@dataclass(frozen=True, slots=True)
class Allergen:
    """An allergen: its name, its groups in the EU and the US, and the words for it in ingredient lists."""

    key: str
    name: str
    eu_group: str | None
    us_group: str | None
    us_name: str | None = None
    words: tuple[str, ...] = ()

    @property
    def all_words(self) -> tuple[str, ...]:
        return (self.name, *self.words)


_ALL = (
    Allergen("wheat", "wheat", "gluten", "wheat"),
    Allergen("rye", "rye", "gluten", None),
    Allergen("barley", "barley", "gluten", None),
    Allergen("oats", "oats", "gluten", None, words=("oat",)),
    Allergen("spelt", "spelt wheat", "gluten", "wheat", "wheat", ("spelt",)),
    Allergen("khorasan", "khorasan wheat", "gluten", "wheat", "wheat", ("khorasan", "kamut")),
    Allergen("crustaceans", "crustaceans", "crustaceans", "crustacean shellfish", "crustacean shellfish"),
    Allergen("eggs", "eggs", "eggs", "eggs", words=("egg",)),
    Allergen("fish", "fish", "fish", "fish"),
    Allergen("peanuts", "peanuts", "peanuts", "peanuts", words=("peanut",)),
    Allergen("soya", "soya", "soya", "soybeans", "soy", ("soy", "soybean", "soybeans")),
    Allergen("milk", "milk", "milk", "milk"),
    Allergen("almonds", "almonds", "nuts", "tree nuts", words=("almond",)),
    Allergen("hazelnuts", "hazelnuts", "nuts", "tree nuts", words=("hazelnut", "filbert", "filberts")),
    Allergen("walnuts", "walnuts", "nuts", "tree nuts", words=("walnut",)),
    Allergen("cashews", "cashews", "nuts", "tree nuts", words=("cashew",)),
    Allergen("pecans", "pecans", "nuts", "tree nuts", words=("pecan",)),
    Allergen("brazil_nuts", "Brazil nuts", "nuts", "tree nuts", words=("Brazil nut",)),
    Allergen("pistachios", "pistachios", "nuts", "tree nuts", words=("pistachio",)),
    Allergen("macadamias", "macadamia nuts", "nuts", "tree nuts", words=("macadamia", "macadamias", "macadamia nut")),
    Allergen("pine_nuts", "pine nuts", None, "tree nuts", words=("pine nut",)),
    Allergen("celery", "celery", "celery", None, words=("celeriac",)),
    Allergen("mustard", "mustard", "mustard", None),
    Allergen("sesame", "sesame", "sesame", "sesame"),
    Allergen("sulphites", "sulphites", "sulphites", None, words=("sulphite", "sulfite", "sulfites", "sulphur dioxide")),
    Allergen("lupin", "lupin", "lupin", None),
    Allergen("molluscs", "molluscs", "molluscs", None),
)
_UNNAMED = (
    Allergen("gluten", "gluten", "gluten", None),
    Allergen("nuts", "nuts", "nuts", "tree nuts", "tree nuts"),
)
"""Groups for "may contain", if the supplier says no more; what an item does contain must be named exactly."""

ALLERGENS: Mapping[str, Allergen] = {allergen.key: allergen for allergen in (*_ALL, *_UNNAMED)}
NAMED = frozenset(allergen.key for allergen in _ALL)
NONE = "none"
"""Stored for an item without allergens, which is different from an item nobody has looked at."""
_ORDER = {key: position for position, key in enumerate(ALLERGENS)}


@dataclass(frozen=True, slots=True)
class Statement:
    """The recorded allergens of an item or a package; two empty lists record that it contains none."""

    contains: frozenset[str] = frozenset()
    may_contain: frozenset[str] = frozenset()


def is_known(key: str, presence: str) -> bool:
    """Whether this key can be recorded for an item: an allergen, or ``none``."""
    return key in (ALLERGENS if presence == "may_contain" else (*NAMED, NONE))


def label_text(said: Statement) -> str:
    """The allergens of a label as JSON."""
    return json.dumps({"contains": in_order(said.contains), "may_contain": in_order(said.may_contain)})


def read_label(text: str) -> Statement | None:
    """Read what ``label_text`` wrote; None for anything else."""
    try:
        told = json.loads(text)
        said = Statement(frozenset(told["contains"]), frozenset(told["may_contain"]))
        is_right = said.contains <= NAMED and said.may_contain <= ALLERGENS.keys()
    except (ValueError, TypeError, KeyError):
        return None
    return said if is_right else None


def in_order(keys: Iterable[str]) -> list[str]:
    """These allergens in the order of all lists."""
    return sorted(keys, key=lambda key: _ORDER.get(key, len(_ORDER)))


def read_allergens(given: Arguments, field: str, value: object, *, also_unnamed: bool = False) -> list[str]:
    """Allergens from the names that people use, each once, in the order of all lists."""
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        given.refuse(field, f"must be a list of allergens, not {shown(value)}")
        return []
    if given.has_too_many(field, value):
        return []
    keys: set[str] = set()
    for one in value:
        key = _KEYS.get(_plain(one)) if isinstance(one, str) else None
        if key is None:
            given.refuse(field, f"{shown(one)} is not an allergen; use one of {', '.join(_ORDER)}")
        elif key in NAMED or also_unnamed:
            keys.add(key)
        else:
            kinds = ", ".join(a.key for a in _ALL if key in (a.eu_group, a.us_group))
            given.refuse(field, f"{key} is a group; a label must say which: {kinds}")
    return in_order(keys)


def mentions(text: str, key: str) -> bool:
    """Whether a text names this allergen as a whole word."""
    return bool(_pattern((key,)).search(text))


def marked(text: str, keys: Iterable[str]) -> list[tuple[str, bool]]:
    """A text in pieces, each marked if it names one of these allergens."""
    wanted = tuple(in_order(keys))
    if not wanted:
        return [(text, False)]
    pieces = _pattern(wanted).split(text)
    return [(piece, number % 2 == 1) for number, piece in enumerate(pieces) if piece]


def us_names(keys: Iterable[str]) -> list[str]:
    """The names for a US "Contains" line, each once, without allergens that only the EU counts."""
    found = [ALLERGENS[key] for key in in_order(keys)]
    return list(dict.fromkeys(one.us_name or one.name for one in found if one.us_group))


@lru_cache(256)
def _pattern(keys: tuple[str, ...]) -> re.Pattern[str]:
    words = sorted({word for key in keys for word in ALLERGENS[key].all_words}, key=len, reverse=True)
    return re.compile(rf"(?<!\w)({'|'.join(map(re.escape, words))})(?!\w)", re.IGNORECASE)


def _plain(text: str) -> str:
    return "_".join(text.casefold().replace("-", " ").replace("_", " ").split())


_KEYS = {
    **{_plain(word): allergen.key for allergen in ALLERGENS.values() for word in allergen.all_words},
    **{_plain(allergen.us_name): allergen.key for allergen in _UNNAMED if allergen.us_name},
    "crustacean_shellfish": "crustaceans",
    "crustacean": "crustaceans",
    "mollusc": "molluscs",
    "lupine": "lupin",
    **{key: key for key in ALLERGENS},
}

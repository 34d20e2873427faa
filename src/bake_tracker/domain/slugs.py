"""Make readable slugs from names."""

import re
import unicodedata

from bake_tracker.domain.arguments import Arguments

_ACCENT = re.compile(r"(?<=[a-z])[\u0300-\u036f]+")
MAX_SLUG = 120
NO_SLUG = "item"
"""The slug of a name without any letter or digit."""


def slugify(name: str) -> str:
    """``"Crème brûlée (large)"`` becomes ``"creme-brulee-large"``, ``"Мука"`` ``"мука"`` and ``"405"`` ``"item-405"``.

    Letters and digits of every script stay, Latin letters lose their accents; a name without any becomes ``"item"``.
    """
    plain = _ACCENT.sub("", unicodedata.normalize("NFKD", name).casefold())
    words = "".join(character if _is_kept(character) else " " for character in unicodedata.normalize("NFC", plain))
    slug = "-".join(words.split())[:100].rstrip("-")
    return f"item-{slug}" if slug.isdigit() else slug or NO_SLUG


def read_slug(given: Arguments, name: str, slug: object = None) -> str:
    """The slug that was given, or one made from the name."""
    if slug is None:
        return slugify(name)
    clean = given.name("slug", slug, limit=MAX_SLUG)
    if clean.isdigit():
        given.refuse("slug", f"must contain a letter, because {clean} could be taken for an id")
    return clean


def _is_kept(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character).startswith("M")

"""What a search compares: letters without case and accents, the same in Python and in both databases."""

import re
import unicodedata

ACCENTS = "[\u0300-\u036f]"
"""Marks that a letter is decomposed into."""
PAIRS = {"ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"}
"""Letters that people type as two."""
SINGLE = ("øłđðıς", "olddiσ")
"""Letters that Unicode does not decompose, and those that people type for them."""

_accent = re.compile(ACCENTS)
_plain = str.maketrans({**PAIRS, **dict(zip(*SINGLE, strict=True))})


def search_key(text: str) -> str:
    """``"Crème Brûlée"`` becomes ``"creme brulee"``, ``"Straße"`` ``"strasse"``, ``"МУКА"`` ``"мука"``."""
    if text.isascii():
        return text.lower()
    return _accent.sub("", unicodedata.normalize("NFKD", text)).lower().translate(_plain)

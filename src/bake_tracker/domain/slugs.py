"""Readable keys made from names."""

import re
import unicodedata

_NOT_WORD = re.compile(r"[^a-z0-9]+")


def slugify(name: str) -> str:
    """``"Crème brûlée (large)"`` becomes ``"creme-brulee-large"``; a name without letters becomes ``"item"``."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return _NOT_WORD.sub("-", plain).strip("-")[:100].rstrip("-") or "item"

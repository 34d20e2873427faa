"""The font of printed pages, embedded, and what to print where it lacks a letter."""

import unicodedata
from functools import lru_cache
from pathlib import Path
from xml.sax.saxutils import escape

import font_source_sans_pro
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

FONT, BOLD = "SourceSansPro", "SourceSansPro-Bold"


@lru_cache(1)
def register_fonts() -> frozenset[int]:
    """Have both fonts known to the PDF library; the letters that both have."""
    letters: list[set[int]] = []
    folder = Path(font_source_sans_pro.font_directory)
    for name, file in ((FONT, "SourceSansPro-Regular.ttf"), (BOLD, "SourceSansPro-Bold.ttf")):
        font = TTFont(name, str(folder / file))
        pdfmetrics.registerFont(font)
        letters.append(set(font.face.charToGlyph))
    pdfmetrics.registerFontFamily(FONT, normal=FONT, bold=BOLD, italic=FONT, boldItalic=BOLD)
    return frozenset(letters[0] & letters[1])


def printable(text: str) -> str:
    """The text for a paragraph: what the font lacks as ``?``, and nothing in it taken for markup."""
    known = register_fonts()
    whole = unicodedata.normalize("NFC", " ".join(text.split()))
    return escape("".join(letter if ord(letter) in known else "?" for letter in whole))

"""The embedded font of printed pages, and replacements for characters it lacks."""

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
    """Register both fonts with the PDF library; return the characters that both have."""
    letters: list[set[int]] = []
    folder = Path(font_source_sans_pro.font_directory)
    for name, file in ((FONT, "SourceSansPro-Regular.ttf"), (BOLD, "SourceSansPro-Bold.ttf")):
        font = TTFont(name, str(folder / file))
        pdfmetrics.registerFont(font)
        letters.append(set(font.face.charToGlyph))
    pdfmetrics.registerFontFamily(FONT, normal=FONT, bold=BOLD, italic=FONT, boldItalic=BOLD)
    return frozenset(letters[0] & letters[1])


def printable(text: str) -> str:
    """A text for a paragraph, with ``?`` for characters that the font lacks, and markup escaped."""
    known = register_fonts()
    whole = unicodedata.normalize("NFC", " ".join(text.split()))
    return escape("".join(letter if ord(letter) in known else "?" for letter in whole))

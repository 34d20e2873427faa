"""A label as a PDF of the label's own size, with an embedded font and the QR code drawn as shapes."""

import io
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import segno
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.label.text import LabelWords
from bake_tracker.files.pdf_fonts import FONT, register_fonts
from bake_tracker.files.tables import write_new

MARGIN_MM, SMALL_MARGIN_MM = 4.0, 2.0
SMALL_WIDTH_MM = 70.0
BODY_PT = 9.0
SMALLEST_PT = 7.0
"""An x-height of 1.2 mm, the smallest that the EU allows on a label (1169/2011, Art. 13)."""
SMALLEST_ON_SMALL_PT = 5.25
"""An x-height of 0.9 mm, allowed if the package's largest side is below 80 cm2."""
STEP_PT = 0.25
NARROWEST_MM, WIDEST_MM = 30.0, 300.0
MODULE_MM = 0.35
"""The width of a QR code's dot, wide enough for a phone to read it from a printed label."""
QUIET = 4
_GAP = 0.45
_LEADING = 1.2


@dataclass(frozen=True, slots=True)
class Size:
    """A label's size in mm; without a height, the label is as high as its text."""

    width_mm: float
    height_mm: float | None = None


@dataclass(frozen=True, slots=True)
class _Layout:
    """A label laid out at one text size: its upper part, and its foot beside the QR code."""

    above: list[Any]
    foot: list[Any]
    gap: float
    code_side: float
    height: float
    margin: float


def write_label(file: Path, words: LabelWords, lot_code: str, size: Size, *, is_small_package: bool = False) -> None:
    """Write the label to a new file.

    Raises:
        ValidationError: the text does not fit, the font lacks a character, or the file exists or cannot be written.
    """
    if file.suffix.lower() != ".pdf":
        raise ValidationError.of("pdf", f"{file} must end in .pdf")
    write_new(file, render_label(words, lot_code, size, is_small_package=is_small_package), "pdf")


def render_label(words: LabelWords, lot_code: str, size: Size, *, is_small_package: bool = False) -> bytes:
    """Render the label as PDF; the same label gives the same bytes.

    Raises:
        ValidationError: the text does not fit, or the font lacks a character.
    """
    _check_size(size)
    _check_glyphs([*words.lines(), lot_code])
    smallest = SMALLEST_ON_SMALL_PT if is_small_package else SMALLEST_PT
    layout = _fitting(words, lot_code, size, smallest)
    width, height = size.width_mm * mm, (size.height_mm or 0) * mm or layout.height
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(width, height), invariant=1)
    canvas.setTitle(unicodedata.normalize("NFC", f"{words.name}, {words.lot}"))
    canvas.setAuthor(words.producer)
    margin = layout.margin
    y = height - margin
    for paragraph in layout.above:
        y -= paragraph.height
        paragraph.drawOn(canvas, margin, y)
        y -= layout.gap
    y = margin
    for paragraph in reversed(layout.foot):
        paragraph.drawOn(canvas, margin, y)
        y += paragraph.height
    _draw_code(canvas, lot_code, width - margin - layout.code_side, margin, layout.code_side)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _fitting(words: LabelWords, lot_code: str, size: Size, smallest: float) -> _Layout:
    """The layout with the largest text size that fits."""
    points = BODY_PT
    while True:
        layout = _lay_out(words, lot_code, size.width_mm * mm, points)
        if size.height_mm is None or layout.height <= size.height_mm * mm:
            return layout
        if points - STEP_PT < smallest:
            raise ValidationError.of(
                "size",
                f"the text does not fit on {size.width_mm:g} x {size.height_mm:g} mm in the smallest size allowed; "
                f"at this width the label must be {_whole_mm(layout.height)} mm high",
            )
        points -= STEP_PT


def _lay_out(words: LabelWords, lot_code: str, width: float, points: float) -> _Layout:
    margin = (SMALL_MARGIN_MM if width < SMALL_WIDTH_MM * mm else MARGIN_MM) * mm
    inner = width - 2 * margin
    gap = points * _GAP
    side = max(segno.make(lot_code, micro=False).symbol_size(border=QUIET)[0] * MODULE_MM, 12.0) * mm
    title = _paragraph([(words.name, True)], points * 1.6, inner)
    texts = [[*words.ingredients]]
    texts += [[(line, True)] for line in (words.contains,) if line]
    texts += [[(line, False)] for line in (words.may_contain,) if line]
    above = [title, *(_paragraph(pieces, points, inner) for pieces in texts)]
    strong = [line for line in (words.net, words.good_until) if line]
    foot_lines = [*((line, True) for line in strong), (words.lot, False), (words.producer, False)]
    foot_lines += [(words.address, False)] if words.address else []
    foot = [_paragraph([line], points, inner - side - gap) for line in foot_lines]
    at_foot = max(sum(paragraph.height for paragraph in foot), side)
    height = sum(paragraph.height + gap for paragraph in above) + at_foot + 2 * margin
    return _Layout(above, foot, gap, side, height, margin)


def _paragraph(pieces: list[tuple[str, bool]], points: float, width: float) -> Any:
    register_fonts()
    style = ParagraphStyle("label", fontName=FONT, fontSize=points, leading=points * _LEADING, splitLongWords=1)
    text = "".join(f"<b>{_escaped(text)}</b>" if is_bold else _escaped(text) for text, is_bold in pieces)
    paragraph = Paragraph(text, style)
    _, paragraph.height = paragraph.wrap(width, 10_000 * mm)
    return paragraph


def _escaped(text: str) -> str:
    return escape(unicodedata.normalize("NFC", text))


def _draw_code(canvas: Any, lot_code: str, x: float, y: float, side: float) -> None:
    """Draw the lot's QR code, each horizontal run of dark dots as one rectangle; the paper is the quiet zone."""
    rows = [bytes(row) for row in segno.make(lot_code, micro=False).matrix]
    dot = side / (len(rows) + 2 * QUIET)
    path = canvas.beginPath()
    for number, row in enumerate(rows):
        start = 0
        while start < len(row):
            end = start
            while end < len(row) and row[end]:
                end += 1
            if end > start:
                top = y + side - (number + 1 + QUIET) * dot
                path.rect(x + (start + QUIET) * dot, top, (end - start) * dot, dot)
            start = end + 1
    canvas.drawPath(path, stroke=0, fill=1)


def _check_size(size: Size) -> None:
    for what, given in (("width", size.width_mm), ("height", size.height_mm)):
        if given is not None and not NARROWEST_MM <= given <= WIDEST_MM:
            raise ValidationError.of(
                "size", f"a label's {what} must be {NARROWEST_MM:g} to {WIDEST_MM:g} mm, not {given:g} mm"
            )


def _check_glyphs(lines: list[str]) -> None:
    """Refuse characters that the font lacks."""
    known = register_fonts()
    text = unicodedata.normalize("NFC", "".join(lines))
    if missing := sorted({letter for letter in text if ord(letter) not in known}):
        shown = ", ".join(f"{letter} (U+{ord(letter):04X})" for letter in missing[:10])
        raise ValidationError.of(
            "pdf",
            f"the label's font has only Latin, Greek and Cyrillic letters, so it cannot print {shown}",
        )


def _whole_mm(points: float) -> int:
    return int(points / mm) + 1

"""A4 pages to print: a foot on each, and tables in the embedded font."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.platypus import CondPageBreak, LongTable, Paragraph, SimpleDocTemplate, Table, TableStyle

from bake_tracker.files.pdf_fonts import BOLD, FONT, printable, register_fonts

_LEFT = 15 * mm + 6
"""Where the text of a page begins: the library keeps six points inside the margin."""
_GREY, _LINE = colors.HexColor("#555555"), colors.HexColor("#bbbbbb")


@dataclass(frozen=True, slots=True)
class Paper:
    """An A4 page and the size of its text in points."""

    points: float
    is_landscape: bool = False

    @property
    def width_mm(self) -> int:
        """The width between the margins."""
        return 262 if self.is_landscape else 175

    @property
    def text(self) -> ParagraphStyle:
        return ParagraphStyle("text", fontName=FONT, fontSize=self.points, leading=self.points + 2)

    @property
    def right(self) -> ParagraphStyle:
        return ParagraphStyle("number", self.text, alignment=TA_RIGHT)

    @property
    def head(self) -> ParagraphStyle:
        smaller = self.points - 1
        return ParagraphStyle(
            "head", self.text, fontName=BOLD, fontSize=smaller, leading=smaller + 1.5, textColor=_GREY
        )

    @property
    def head_right(self) -> ParagraphStyle:
        return ParagraphStyle("number head", self.head, alignment=TA_RIGHT)

    @property
    def title(self) -> ParagraphStyle:
        return ParagraphStyle("title", self.text, fontName=BOLD, fontSize=18, leading=22)

    @property
    def section(self) -> ParagraphStyle:
        size = self.points + 3
        return ParagraphStyle(
            "section", self.text, fontName=BOLD, fontSize=size, leading=size + 2.5, spaceBefore=11, spaceAfter=3
        )

    @property
    def note(self) -> ParagraphStyle:
        return ParagraphStyle("note", self.text, textColor=_GREY, spaceAfter=3)

    def heading(self, title: str, note: str = "") -> list[Any]:
        """A heading that stays on the same page as the first rows below it."""
        below = [Paragraph(printable(note), self.note)] if note else []
        return [CondPageBreak(32 * mm), Paragraph(printable(title), self.section), *below]

    def facts(self, facts: Sequence[tuple[str, str]]) -> Table:
        """Names with their texts, one below the other."""
        rows = [[Paragraph(printable(name), self.head), Paragraph(printable(text), self.text)] for name, text in facts]
        table = Table(rows, colWidths=(28 * mm, (self.width_mm - 28) * mm), hAlign="LEFT")
        table.setStyle(self._style(("LINEABOVE", (0, 0), (-1, 0), 0.8, colors.black)))
        return table

    def table(self, names: Sequence[str], rows: Sequence[Sequence[Any]], widths_mm: Sequence[int]) -> LongTable:
        """A table with its headings on every page; columns whose name begins with ``>`` are right-aligned."""
        numbers = [name.startswith(">") for name in names]
        heads = [
            Paragraph(name.lstrip(">"), self.head_right if right else self.head)
            for name, right in zip(names, numbers, strict=True)
        ]
        widths = [width * self.width_mm * mm / sum(widths_mm) for width in widths_mm]
        styles = [self.right if right else self.text for right in numbers]
        cells = [[self._cell(*one) for one in zip(row, widths, styles, strict=True)] for row in rows]
        table = LongTable([heads, *cells], colWidths=widths, repeatRows=1, hAlign="LEFT")
        to_the_right = [("ALIGN", (place, 1), (place, -1), "RIGHT") for place, right in enumerate(numbers) if right]
        table.setStyle(self._style(("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.black), *to_the_right))
        return table

    def render(self, story: list[Any], *, title: str, author: str, foot: str) -> bytes:
        """Render as PDF; the same content gives the same bytes."""
        content = io.BytesIO()
        page = SimpleDocTemplate(
            content,
            pagesize=landscape(A4) if self.is_landscape else A4,
            leftMargin=15 * mm,
            rightMargin=15 * mm,
            topMargin=14 * mm,
            bottomMargin=16 * mm,
            title=title,
            author=author,
            invariant=1,
        )

        def draw_foot(canvas: Any, document: Any) -> None:
            canvas.setFont(FONT, 7.5)
            canvas.setFillColor(_GREY)
            canvas.drawString(_LEFT, 9 * mm, _plain(foot))
            canvas.drawRightString(_LEFT + self.width_mm * mm, 9 * mm, f"page {document.page}")

        page.build(story, onFirstPage=draw_foot, onLaterPages=draw_foot)
        return content.getvalue()

    def _cell(self, content: Any, width: float, style: ParagraphStyle) -> Any:
        """A cell, as plain text if it fits on one line, which is much faster than a paragraph."""
        if not isinstance(content, str):
            return content
        plain = _plain(" ".join(content.split()))
        if pdfmetrics.stringWidth(plain, FONT, self.points) <= width - 10:
            return plain
        return Paragraph(printable(content), style)

    def _style(self, *more: Any) -> TableStyle:
        return TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("FONT", (0, 0), (-1, -1), FONT, self.points, self.points + 2),
                ("LEFTPADDING", (0, 0), (-1, -1), 2),
                ("RIGHTPADDING", (0, 0), (-1, -1), 8),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
                ("LINEBELOW", (0, 0), (-1, -1), 0.3, _LINE),
                *more,
            ]
        )


def _plain(text: str) -> str:
    known = register_fonts()
    return "".join(letter if ord(letter) in known else "?" for letter in text)

"""The production sheet of a day as a PDF: a page to hang on the wall, with boxes to tick."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from bake_tracker.domain.amounts import amount_of
from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.planning.paper import job_words, mixes_words, source_words, weighed_amount
from bake_tracker.files.pdf_fonts import BOLD, FONT, printable, register_fonts
from bake_tracker.files.tables import write_new

MARGIN = 14 * mm
WIDTH = A4[0] - 2 * MARGIN - 12
LARGEST_PT, SMALLEST_PT = 17.0, 11.0
"""The size of the ingredients' text; the names of what is made are 1.7 times as large."""
_GREY, _LINE = colors.HexColor("#444444"), colors.HexColor("#aaaaaa")


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to make; of each ingredient the amount, its name, the lots, and what is missing."""

    what: str
    gives: str
    for_whom: str
    ingredients: Sequence[tuple[str, str, str, str]] = field(default_factory=list)


def write_sheet(file: Path, sheet: Mapping[str, Any]) -> None:
    """Write the sheet to a new file.

    Raises:
        ValidationError: the name does not end in .pdf, or the file exists or cannot be written.
    """
    if file.suffix.lower() != ".pdf":
        raise ValidationError.of("pdf", f"{file} must end in .pdf")
    write_new(file, render_sheet(sheet), "pdf")


def render_sheet(sheet: Mapping[str, Any]) -> bytes:
    """Render the sheet as PDF, as large as fits on one page if it does; the same sheet gives the same bytes."""
    register_fonts()
    points = LARGEST_PT
    while True:
        content, pages = _render(sheet, points)
        if pages == 1 or points <= SMALLEST_PT:
            return content
        points -= 1


def _render(sheet: Mapping[str, Any], points: float) -> tuple[bytes, int]:
    content = io.BytesIO()
    day = date.fromisoformat(sheet["day"])
    title = f"{day:%A}, {day.day} {day:%B %Y}"
    page = SimpleDocTemplate(
        content,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=12 * mm,
        bottomMargin=14 * mm,
        title=f"Production sheet, {title}",
        author=sheet["bakery"],
        invariant=1,
    )
    story: list[Any] = [Paragraph(printable(title), _style(points * 1.9, bold=True)), Spacer(1, points * 0.6)]
    jobs = [_job(line) for line in sheet["lines"]]
    for job in jobs:
        story += [_block(job, points), Spacer(1, points * 0.7)]
    if not jobs:
        story.append(Paragraph("Nothing is planned.", _style(points)))

    def draw_foot(canvas: Any, document: Any) -> None:
        canvas.setFont(FONT, 8)
        canvas.setFillColor(_GREY)
        canvas.drawString(MARGIN + 6, 8 * mm, printable(f"{sheet['bakery']} · Production sheet, {title}"))
        canvas.drawRightString(MARGIN + 6 + WIDTH, 8 * mm, f"page {document.page}")

    page.build(story, onFirstPage=draw_foot, onLaterPages=draw_foot)
    return content.getvalue(), page.page


def _job(line: Mapping[str, Any]) -> Job:
    gives = ", ".join(amount_of(one["quantity"], one["unit"], one["item_name"]) for one in line["gives"])
    mixes = mixes_words([(mix["count"], mix["size"]) for mix in line.get("mixes", ())])
    mixes = f"in mixes of {mixes} batches" if mixes else ""
    orders = [one for one in line["wanted_by"] if one["source"] != "par"]
    whom = [
        ", ".join(filter(None, (one["recipient"], one["event"])))
        or (f"order {one['order_id']}" if one["order_id"] else f"standing order {one['standing_order_id']}")
        for one in orders
    ]
    if len(orders) < len(line["wanted_by"]):
        whom.append("the shelf")
    return Job(
        job_words(line["what"], line["batches"], line["name"]),
        ", ".join(filter(None, (gives, mixes))) if line["what"] == "bake" else "",
        ", ".join(dict.fromkeys(whom)),
        [
            (
                weighed_amount(one["quantity"], one["unit"]),
                one["item_name"],
                _lots(one),
                "" if one["missing"] == "0" else f"{weighed_amount(one['missing'], one['unit'])} missing",
            )
            for one in line["ingredients"]
        ],
    )


def _lots(one: Mapping[str, Any]) -> str:
    """The lots to take, with amounts if one is not enough."""
    is_split = len(one["taken_from"]) > 1 or one["missing"] != "0"
    told: list[str] = []
    for row in sorted(one["taken_from"], key=lambda row: row["lot_code"] is None):
        part = f"{weighed_amount(row['quantity'], one['unit'])} of " if is_split and row["lot_code"] else ""
        told.append(part + source_words(row))
    return ", ".join(dict.fromkeys(told))


def _block(job: Job, points: float) -> Any:
    """A job's name and its ingredients, which stay on one page."""
    large = points * 1.7
    name = Paragraph(printable(job.what), _style(large, bold=True))
    head = Table([[_tick_box(large * 0.8), name]], colWidths=(large * 1.3, WIDTH - large * 1.3))
    head.setStyle(_lines(("LINEABOVE", (0, 0), (-1, 0), 1.6, colors.black)))
    makes = f"makes {job.gives}, " if job.gives else ""
    parts: list[Any] = [head, Paragraph(printable(f"{makes}for {job.for_whom}"), _style(points)), Spacer(1, points / 3)]
    rows = [
        [
            _tick_box(points * 0.75),
            Paragraph(printable(amount), _style(points, bold=True, right=True)),
            Paragraph(printable(item), _style(points)),
            Paragraph(f"{printable(lots)} <b>{_unbroken(missing)}</b>", _style(points * 0.75)),
        ]
        for amount, item, lots, missing in job.ingredients
    ]
    if rows:
        widths = (points * 1.6, points * 5, WIDTH * 0.4 - points * 1.6, WIDTH * 0.6 - points * 5)
        table = Table(rows, colWidths=widths)
        table.setStyle(_lines(("LINEBELOW", (0, 0), (-1, -1), 0.5, _LINE)))
        parts.append(table)
    return KeepTogether(parts)


def _unbroken(text: str) -> str:
    return printable(text).replace(" ", "&nbsp;")


def _tick_box(side: float) -> Table:
    """An empty square to tick."""
    return Table([[""]], colWidths=side, rowHeights=side, style=[("BOX", (0, 0), (0, 0), 1.1, colors.black)])


def _lines(*more: tuple[Any, ...]) -> TableStyle:
    return TableStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 6),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            *more,
        ]
    )


def _style(points: float, *, bold: bool = False, right: bool = False) -> ParagraphStyle:
    return ParagraphStyle(
        "sheet",
        fontName=BOLD if bold else FONT,
        fontSize=points,
        leading=points * 1.15,
        alignment=TA_RIGHT if right else 0,
    )

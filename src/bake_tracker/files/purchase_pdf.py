"""A purchase order on paper, to send to the supplier."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, Spacer

from bake_tracker.domain.amounts import friendly
from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.money import written
from bake_tracker.files.pdf_fonts import printable, register_fonts
from bake_tracker.files.pdf_pages import Paper
from bake_tracker.files.tables import write_new

_PAPER = Paper(11)


def write_purchase_order(file: Path, content: bytes) -> None:
    """Write it to a new file.

    Raises:
        ValidationError: the name does not end in .pdf, or the file exists or cannot be written.
    """
    if file.suffix.lower() != ".pdf":
        raise ValidationError.of("pdf", f"{file} must end in .pdf")
    write_new(file, content, "pdf")


def render_purchase_order(order: Mapping[str, Any], bakery: str, currency: str, decimals: int) -> bytes:
    """Render an order to a supplier: the packages that are wanted, their agreed prices, and when they should come."""
    register_fonts()
    title = f"Purchase order {order['purchase_order_id']}"
    wanted = date.fromisoformat(order["wanted_on"])
    facts = [
        ("From", bakery),
        ("To", order["supplier"]),
        ("", order["supplier_details"] or ""),
        ("Wanted on", f"{wanted:%A} {wanted}"),
        ("Date", order["versions"][-1]["on"]),
        ("Note", order["note"] or ""),
    ]
    rows = [
        [
            str(one["packs"]),
            one["package"],
            f"{one['item_name']}: {one['product']}",
            " ".join(friendly(one["quantity"], one["unit"])),
            "" if one["price"] is None else written(one["price"], decimals),
            "" if one["amount"] is None else written(one["amount"], decimals),
        ]
        for one in order["lines"]
    ]
    if order["total_price"] is not None:
        rows.append(["", "", "Together", "", "", written(order["total_price"], decimals)])
    names = (">packages", "", "what", ">together", f">{currency} for one", f">{currency}")
    story = [
        Paragraph(printable(title), _PAPER.title),
        Spacer(1, 3 * mm),
        _PAPER.facts([(name, text) for name, text in facts if text]),
        Spacer(1, 5 * mm),
        _PAPER.table(names, rows, (22, 20, 65, 25, 25, 20)),
        Paragraph("Prices are as agreed; no tax is calculated.", _PAPER.note),
    ]
    return _PAPER.render(story, title=title, author=bakery, foot=f"{bakery} · {title}")

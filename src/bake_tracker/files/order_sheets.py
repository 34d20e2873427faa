"""Paper for orders: the delivery note of one, and the list to pick and pack a day's orders by."""

from datetime import date
from pathlib import Path
from typing import Any

from reportlab.lib import colors
from reportlab.lib.units import mm
from reportlab.platypus import KeepTogether, Paragraph, Spacer, Table

from bake_tracker.domain.amounts import amount, amount_of
from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.money import written
from bake_tracker.domain.orders.views import DayLine, DayOrder, OrderDay, OrderView
from bake_tracker.files.pdf_fonts import printable, register_fonts
from bake_tracker.files.pdf_pages import Paper
from bake_tracker.files.tables import write_new

_NOTE, _LIST = Paper(11), Paper(13)
_SIGNED = "Received by: ______________________________   on: ________________"


def write_order_sheet(file: Path, content: bytes) -> None:
    """Write a sheet to a new file.

    Raises:
        ValidationError: the name does not end in .pdf, or the file exists or cannot be written.
    """
    if file.suffix.lower() != ".pdf":
        raise ValidationError.of("pdf", f"{file} must end in .pdf")
    write_new(file, content, "pdf")


def render_delivery_note(order: OrderView, bakery: str, currency: str, decimals: int) -> bytes:
    """Render the note that goes with an order: what is in it, at which price, from which lots."""
    register_fonts()
    title = f"Delivery note for order {order['order_id']}"
    facts = [
        ("From", bakery),
        ("To", order["recipient"] or ""),
        ("Due", _due(order["due_on"], order["due_time"])),
        ("How", ", ".join(filter(None, (order["how"], order["place"])))),
        ("Event", order["event"] or ""),
        ("Your reference", order["reference"] or ""),
    ]
    rows = [
        [
            one["item_name"],
            amount(one["quantity"], one["unit"]),
            amount(one["handed_over"], one["unit"]),
            "" if one["price"] is None else written(one["price"], decimals),
            "" if one["amount"] is None else written(one["amount"], decimals),
        ]
        for one in order["lines"]
    ]
    if order["total_price"] is not None:
        rows.append(["Together", "", "", "", written(order["total_price"], decimals)])
    names = ("what", ">ordered", ">handed over", f">{currency} for one", f">{currency}")
    lots = [
        [over["on"], lot["lot_code"], amount_of(lot["quantity"], lot["unit"], lot["item_name"])]
        for over in order["hand_overs"]
        for lot in over["lots"]
    ]
    story = [
        Paragraph(printable(title), _NOTE.title),
        Spacer(1, 3 * mm),
        _NOTE.facts([(name, text) for name, text in facts if text]),
        Spacer(1, 5 * mm),
        _NOTE.table(names, rows, (75, 25, 27, 25, 25)),
        Paragraph("Prices are as agreed; no tax is calculated.", _NOTE.note),
    ]
    if lots:
        story += [*_NOTE.heading("Handed over"), _NOTE.table(("date", "lot", "what"), lots, (25, 65, 85))]
    story += [Spacer(1, 14 * mm), Paragraph(_SIGNED, _NOTE.text)]
    return _NOTE.render(story, title=title, author=bakery, foot=f"{bakery} · {title}")


def render_pick_list(day: OrderDay, bakery: str) -> bytes:
    """Render what is left to hand over on a day, order by order, with the lots to take and boxes to tick."""
    register_fonts()
    title = f"Pick and pack for {_day(day['day'])}"
    orders = [one for one in day["orders"] if any(line["left"] != "0" for line in one["lines"])]
    story: list[Any] = [Paragraph(printable(title), _LIST.title)]
    for order in orders:
        lines = [_picked(line) for line in order["lines"] if line["left"] != "0"]
        story.append(
            KeepTogether(
                [
                    *_LIST.heading(_whose(order), _how(order)),
                    _LIST.table(("", ">how many", "what", "lots"), lines, (10, 30, 65, 70)),
                ]
            )
        )
    if not orders:
        story.append(Paragraph("Nothing is left to hand over.", _LIST.text))
    return _LIST.render(story, title=title, author=bakery, foot=f"{bakery} · {title}")


def _picked(line: DayLine) -> list[Any]:
    lots = [f"{amount(lot['quantity'], line['unit'])} of {lot['lot_code']}" for lot in line["pick"]]
    if line["short"] != "0":
        lots.append(f"{amount(line['short'], line['unit'])} not on the shelf yet")
    return [_box(), amount(line["left"], line["unit"]), line["item_name"], ", ".join(lots)]


def _box() -> Table:
    """An empty box to tick."""
    return Table([[""]], colWidths=5 * mm, rowHeights=5 * mm, style=[("BOX", (0, 0), (-1, -1), 0.8, colors.black)])


def _whose(order: DayOrder) -> str:
    at = f"{order['due_time']} " if order["due_time"] else ""
    return f"{at}{order['recipient'] or 'No customer'} (order {order['order_id']})"


def _how(order: DayOrder) -> str:
    parts = (order["how"], order["place"], order["event"], order["reference"], order["note"])
    return ", ".join(part for part in parts if part)


def _due(day: str, at: str | None) -> str:
    return f"{_day(day)} at {at}" if at else _day(day)


def _day(day: str) -> str:
    return f"{date.fromisoformat(day):%A} {day}"

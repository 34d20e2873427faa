"""A recall as a PDF for an inspector: the affected lots, where they are, who has them, and the mass balance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, Spacer, Table

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.stock.adjusting import TO_SOMEBODY
from bake_tracker.domain.stock.recall import Recall, TracedLot
from bake_tracker.files.pdf_fonts import printable, register_fonts
from bake_tracker.files.pdf_pages import Paper
from bake_tracker.files.tables import write_new

MOST_NAMED = 12
_PAPER = Paper(8.5, is_landscape=True)


@dataclass(frozen=True, slots=True)
class RecallHeading:
    """The heading above the tables; without an operation, it is a drill."""

    reason: str
    written_at: datetime
    by: str | None = None
    operation_id: str | None = None
    held: Sequence[str] = ()


def write_recall_pdf(file: Path, recall: Recall, heading: RecallHeading) -> None:
    """Write the recall to a new file.

    Raises:
        ValidationError: the name does not end in .pdf, or the file exists or cannot be written.
    """
    if file.suffix.lower() != ".pdf":
        raise ValidationError.of("file", f"{file} must end in .pdf")
    write_new(file, render_recall(recall, heading))


def render_recall(recall: Recall, heading: RecallHeading) -> bytes:
    """Render the recall as PDF; the same recall gives the same bytes."""
    register_fonts()
    lot = recall["lot"]
    name = f"{'Recall drill' if heading.operation_id is None else 'Recall'} of lot {lot['lot_code']}"
    story = [
        Paragraph(printable(name), _PAPER.title),
        Spacer(1, 2 * mm),
        _facts(recall, heading),
        *_section("Where it is now", _lots(recall), "Every affected lot, the lot itself first."),
        *_section("Who has it", _handed_over(recall), "What went out from the affected lots and did not come back."),
        *_section("Baked and packed with it", _runs(recall), "Every run that used an affected lot."),
        *_section("Mass balance", _balance(recall), _balance_note(recall)),
        *_section("Where it came from", _sources(recall), "Every lot that it was made from, back to the receipts."),
    ]
    foot = f"{recall['bakery']} · {name} · written {_moment(heading.written_at)}"
    return _PAPER.render(story, title=name, author=recall["bakery"], foot=foot)


def _facts(recall: Recall, heading: RecallHeading) -> Table:
    lots = recall.get("same_code") or [recall["lot"]]
    more = len(heading.held) - MOST_NAMED
    held = ", ".join(heading.held[:MOST_NAMED]) or "nothing; what is left was already on hold"
    held += f" and {more} more lots, listed below as on hold" if more > 0 else ""
    on_hand = sum(1 for one in recall["lots"] if one["on_hand"] != "0")
    affected = _many(len(recall["lots"]), "lot")
    facts = [
        ("Bakery", recall["bakery"]),
        ("Lot", "; ".join(f"{lot['lot_code']}: {lot['quantity']} {lot['unit']} of {lot['item_name']}" for lot in lots)),
        ("Origin", "; ".join(map(_origin, lots))),
        ("Reason", heading.reason),
        ("Affected", f"{affected}, {on_hand} of them not used up; {_people(recall)}"),
        ("Put on hold", held if heading.operation_id else "nothing: this was a drill"),
        ("Mass balance", "closes exactly for every lot" if recall["is_balanced"] else "DOES NOT CLOSE: see below"),
        ("Recorded", _recorded(heading)),
    ]
    return _PAPER.facts(facts)


def _lots(recall: Recall) -> Table | None:
    rows = [
        [
            one["lot_code"],
            one["item_name"],
            _origin(one),
            one["expires_on"] or "-",
            f"{one['quantity']} {one['unit']}",
            f"{one['on_hand']} {one['unit']}",
            one["state"],
            one["location"] or "-",
        ]
        for one in recall["lots"]
    ]
    widths = (46, 38, 66, 20, 26, 26, 18, 27)
    names = ("lot code", "product", "origin", "expires", ">came in", ">left", "state", "place")
    return _table(names, rows, widths)


def _handed_over(recall: Recall) -> Table | None:
    rows = [
        [
            one["on"],
            one["recipient"] or "not recorded",
            one["household"] or "-",
            one["event"] or "-",
            one["kind"],
            one["from_lot_code"],
            f"{one['quantity']} {one['unit']}",
        ]
        for one in recall["handed_over"]
    ]
    names = ("date", "customer", "household", "event", "how", "lot code", ">quantity")
    return _table(names, rows, (22, 58, 45, 45, 20, 49, 28))


def _runs(recall: Recall) -> Table | None:
    rows = [
        [
            one["on"],
            f"{one['kind']}, {one['reference']}",
            "; ".join(one["used"]),
            one["lot_code"] or "nothing: a total loss",
            f"{one['made']} {one['unit'] or ''}",
            one["event"] or "-",
        ]
        for one in recall["runs"]
    ]
    return _table(("date", "run", "used", "made lot", ">made", "event"), rows, (22, 38, 92, 52, 24, 39))


def _balance(recall: Recall) -> Table | None:
    columns = ("brought", "used", "on_hand", "waste", "handed_over", "adjusted", "split_out", "remainder")
    rows = [[one["lot_code"], one["unit"], *(str(one[name]) for name in columns)] for one in recall["balance"]]  # type: ignore[literal-required]  # names of the row
    names = ("lot code", "unit", ">came in", ">used", ">left", ">waste", ">given, sold", ">adjusted", ">split off")
    return _table((*names, ">not accounted for"), rows, (57, 14, 26, 25, 25, 23, 25, 23, 24, 25))


def _sources(recall: Recall) -> Table | None:
    affected = {one["lot_id"] for one in recall["lots"]}
    rows = [
        [one["lot_code"], one["item_name"], _origin(one), f"{one['quantity']} {one['unit']}"]
        for one in recall["trace"]["lots"]
        if one["lot_id"] not in affected
    ]
    return _table(("lot code", "product", "origin", ">came in"), rows, (60, 60, 117, 30))


def _balance_note(recall: Recall) -> str:
    if recall["is_balanced"]:
        return "Came in = used + left + waste + given, sold + adjusted (a reduction is positive) + split off, exactly."
    return "The last column is what came in and is not accounted for: verify the ledger."


def _people(recall: Recall) -> str:
    people = [one for one in recall["handed_over"] if one["kind"] in TO_SOMEBODY]
    names = {(one["recipient"], one["household"]) for one in people if one["recipient"]}
    times = sum(1 for one in people if not one["recipient"])
    unnamed = f", and {_many(times, 'hand-over')} with no customer recorded" if times else ""
    return f"{_many(len(names), 'customer')}{unnamed}"


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _recorded(heading: RecallHeading) -> str:
    by = f" by {heading.by}" if heading.by else ""
    operation = f", operation {heading.operation_id}" if heading.operation_id else ", nothing was recorded"
    return f"{_moment(heading.written_at)}{by}{operation}"


def _origin(lot: TracedLot) -> str:
    if lot["split_from"]:
        return f"split from {lot['split_from']}"
    if lot["brought_by"] != "received":
        return f"{lot['brought_by']} {lot['brought_on']}, {lot['reference']}"
    source = f" from {lot['supplier']}" if lot["supplier"] else ""
    return f"received {lot['brought_on']}{source}" + (f", document {lot['reference']}" if lot["reference"] else "")


def _section(title: str, table: Table | None, note: str) -> list[Any]:
    return [*_PAPER.heading(title, note if table else "None."), *([table] if table else [])]


def _table(names: Sequence[str], rows: Sequence[Sequence[str]], widths_mm: Sequence[int]) -> Table | None:
    return _PAPER.table(names, rows, widths_mm) if rows else None


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"

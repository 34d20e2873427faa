"""A recall as a sortable table: one row per tracking event of every lot, with the column names of FSMA 204.

The key data elements of 21 CFR 1.1340 (shipping), 1.1345 (receiving) and 1.1350 (transformation) each have a column.
Waste, corrections, parts split off and what is left are not tracking events there, but have rows too, so that the
quantities of a lot add up.
"""

from collections.abc import Iterator
from pathlib import Path

from bake_tracker.domain.stock.recall import Recall, Step, TracedLot
from bake_tracker.domain.stock.trace import IN_ANOTHER_UNIT, SPLIT
from bake_tracker.files.tables import Sheet, csv_content, write_new, xlsx_content

COLUMNS = (
    "Critical tracking event",
    "Traceability lot code",
    "Product description",
    "Quantity",
    "Unit of measure",
    "Date",
    "Location description",
    "Immediate previous source",
    "Immediate subsequent recipient",
    "New traceability lot code",
    "Traceability lot code source",
    "Reference document type",
    "Reference document number",
    "Side",
    "Note",
)
BALANCE = {
    "lot_code": "Traceability lot code",
    "item_slug": "Product",
    "unit": "Unit of measure",
    "brought": "Came in",
    "used": "Used",
    "on_hand": "Left",
    "waste": "Waste",
    "handed_over": "Given, sold",
    "adjusted": "Adjusted",
    "split_out": "Split off",
    "remainder": "Not accounted for",
}
_EVENTS = {
    "baked": "transformation (food used)",
    "packed": "transformation (food used)",
    "sample": "shipping (sample)",
    "gift": "shipping (gift)",
    "sale": "shipping (sale)",
    "sent back": "shipping (back to the supplier)",
    SPLIT: "split off",
    IN_ANOTHER_UNIT: IN_ANOTHER_UNIT,
}
_RUNS = {"baked": "production run", "packed": "assembly run"}

Row = dict[str, str | None]


def write_recall_table(file: Path, recall: Recall) -> int:
    """Write the table to a new CSV or XLSX file; return the number of rows.

    A workbook has every lot's mass balance on a second sheet.

    Raises:
        ValidationError: the file exists or cannot be written.
    """
    record = _record(recall)
    write_new(file, _content(record, recall, is_csv=file.suffix.lower() == ".csv"))
    return len(record.rows)


def render_recall_table(recall: Recall, *, is_csv: bool) -> bytes:
    """Render the table as CSV or XLSX."""
    return _content(_record(recall), recall, is_csv=is_csv)


def _record(recall: Recall) -> Sheet:
    rows = [[row.get(name) or "" for name in COLUMNS] for row in recall_rows(recall)]
    return Sheet("Record", COLUMNS, rows, frozenset(COLUMNS) - {"Quantity"})


def _content(record: Sheet, recall: Recall, *, is_csv: bool) -> bytes:
    return csv_content(record) if is_csv else xlsx_content([record, _balance(recall)])


def recall_rows(recall: Recall) -> list[Row]:
    """Every event before and after the lot, each side in order of time."""
    bakery = recall["bakery"]
    lots = {lot["lot_id"]: lot for lot in recall["trace"]["lots"]}
    affected = {lot["lot_id"] for lot in recall["lots"]}
    sources = [lot for lot in recall["trace"]["lots"] if lot["lot_id"] not in affected]
    rows = [row for lot in sources for row in _brought(lot, bakery, "source")]
    rows += [_step(step, lots, bakery, "source") for step in recall["trace"]["back"]]
    rows += [row for lot in recall["lots"] for row in _brought(lot, bakery, "affected")]
    rows += [_step(step, lots, bakery, "affected") for step in recall["trace"]["forward"]]
    rows += [_left(lot, bakery) for lot in recall["lots"] if lot["on_hand"] != "0"]
    rows += _others(recall, lots, bakery)
    return rows


def _balance(recall: Recall) -> Sheet:
    rows = [[str(dict(one)[name]) for name in BALANCE] for one in recall["balance"]]
    return Sheet("Mass balance", list(BALANCE.values()), rows, frozenset({BALANCE["lot_code"]}))


def _brought(lot: TracedLot, bakery: str, side: str) -> Iterator[Row]:
    if lot["state"] == "undone":
        return
    made = lot["brought_by"] in _RUNS
    event = "transformation (food produced)" if made else "receiving"
    source = ", ".join(filter(None, (lot["supplier"], lot["supplier_details"]))) or None
    if lot["split_from"]:
        event, source = "split in", f"lot {lot['split_from']}"
    elif lot["brought_by"] == IN_ANOTHER_UNIT:
        event = IN_ANOTHER_UNIT
    document = _RUNS.get(lot["brought_by"]) or ("supplier's document" if lot["reference"] else "operation")
    yield {
        **_of_lot(lot, lot["quantity"], side),
        "Critical tracking event": event,
        "Date": lot["brought_on"],
        "Location description": bakery,
        "Immediate previous source": source,
        "Traceability lot code source": bakery if made or lot["split_from"] else lot["supplier"],
        "Reference document type": document,
        "Reference document number": lot["reference"] or lot["operation_id"],
    }


def _step(step: Step, lots: dict[int, TracedLot], bakery: str, side: str) -> Row:
    lot = lots[step["from_lot_id"]]
    name = ", ".join(filter(None, (step["recipient"], step["household"]))) or None
    is_handed_over = _EVENTS.get(step["kind"], "").startswith("shipping")
    is_run = step["kind"] in _RUNS
    return {
        **_of_lot(lot, step["quantity"], side),
        "Critical tracking event": _EVENTS.get(step["kind"], step["kind"]),
        "Date": step["on"],
        "Location description": _place(lot, bakery),
        "Immediate subsequent recipient": name or ("not recorded" if is_handed_over else None),
        "New traceability lot code": step["into_lot_code"],
        "Reference document type": _RUNS.get(step["kind"], "operation"),
        "Reference document number": step["reference"] if is_run else step["operation_id"],
        "Note": "; ".join(filter(None, (step["reason"], step["event"] and f"for {step['event']}", _back(step))))
        or None,
    }


def _back(step: Step) -> str | None:
    return f"{step['came_back']} {step['unit']} came back" if "came_back" in step else None


def _left(lot: TracedLot, bakery: str) -> Row:
    return {
        **_of_lot(lot, lot["on_hand"], "affected"),
        "Critical tracking event": lot["state"],
        "Location description": _place(lot, bakery),
    }


def _others(recall: Recall, lots: dict[int, TracedLot], bakery: str) -> Iterator[Row]:
    """Surpluses found, and remainders not accounted for."""
    for one in recall["balance"]:
        lot = lots[one["lot_id"]]
        for event, quantity in (("found more", one["found"]), ("NOT ACCOUNTED FOR", one["remainder"])):
            if quantity != "0":
                row = _of_lot(lot, quantity, "affected")
                yield {**row, "Critical tracking event": event, "Location description": _place(lot, bakery)}


def _of_lot(lot: TracedLot, quantity: str, side: str) -> Row:
    return {
        "Traceability lot code": lot["lot_code"],
        "Product description": lot["item_name"],
        "Quantity": quantity,
        "Unit of measure": lot["unit"],
        "Side": side,
    }


def _place(lot: TracedLot, bakery: str) -> str:
    return f"{bakery}, {lot['location']}" if lot["location"] else bakery

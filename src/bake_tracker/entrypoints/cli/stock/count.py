"""Commands for counting stock: print a sheet, check what a count would change, and record it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from bake_tracker.domain.amounts import amount
from bake_tracker.domain.errors import Problem, ServiceError, ValidationError
from bake_tracker.domain.written import PLAIN, Decimals, NumberText, Reading, read_number, with_evidence
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.asking import Yes, at_terminal, leave_unless
from bake_tracker.entrypoints.cli.lookup import check_unit, find_lot, find_optional
from bake_tracker.entrypoints.cli.options import CountSawOption, DecimalsOption, OperationId
from bake_tracker.entrypoints.cli.remedies import told
from bake_tracker.entrypoints.cli.state import answer, ask, counted, money, say, show_table, write
from bake_tracker.files.tables import FORMATS, TableRow, read_table, write_table
from bake_tracker.queries.catalog.parts import refuse_parts_in
from bake_tracker.queries.operations.recorded import load_asked
from bake_tracker.queries.stock.count_sheet import CountSheetRow, load_count_sheet
from bake_tracker.services.database import Session
from bake_tracker.services.stock.stocktake import StocktakeResult, check_stocktake, record_stocktake

_UNIT = re.compile(r"[A-Za-z][A-Za-z .]*$")
HEADINGS = ("lot id", "lot", "item", "location", "expires", "came with", "expected", "unit", "counted", "percent left")

What = Annotated[
    list[str], typer.Argument(help="a filled-in count sheet (.csv or .xlsx), or LOT=12, LOT='2 kg' or LOT=40%")
]
CountedAt = Annotated[
    Any,
    typer.Option("--at", parser=parse.moment, help="when it was counted, for example 2026-11-23T14:30; default: now"),
]
Moved = Annotated[
    str,
    typer.Option(help="for lots that changed since the sheet was printed: say if that was before or after you counted"),
]


def sheet(
    location: Annotated[str | None, typer.Option(help="only lots in this place")] = None,
    item: Annotated[str | None, typer.Option(help="only this item: slug or id")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="write the sheet to this file")] = None,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", help="write the sheet to this file")] = None,
) -> None:
    """List every lot that has stock, with room to write in the count."""
    if csv and xlsx:
        raise typer.BadParameter("use --csv or --xlsx, not both")
    rows = ask(
        lambda session: load_count_sheet(session, location=location, item_id=find_optional(session, "item", item))
    )
    if file := csv or xlsx:
        _check_suffix(file, ".csv" if csv else ".xlsx")
        lots = write_table(file, HEADINGS, map(_sheet_row, rows))
        answer({"file": str(file), "lots": lots}, lambda r: say(f"Wrote {counted(r['lots'], 'lot')} to {r['file']}"))
        return
    answer(rows, show_sheet)


def check(what: What, moved: Moved = "refuse", counted: CountedAt = None, decimals: DecimalsOption = None) -> None:
    """Show what a count would change, without recording it."""
    result = ask(
        lambda session: check_stocktake(
            _lines(session, what, decimals), session=session, counted_at=counted, moved=moved
        )
    )
    answer(result, show_check)


def record(
    what: What,
    moved: Moved = "refuse",
    counted: CountedAt = None,
    notes: Annotated[str | None, typer.Option(help="free text")] = None,
    yes: Yes = False,
    decimals: DecimalsOption = None,
    count_saw: CountSawOption = None,
    operation_id: OperationId = None,
) -> None:
    """Show what a count changes, then correct the ledger in one operation."""
    first = ask(lambda session: load_asked(session, operation_id))
    lines = ask(lambda session: (_lines if first is None else _read_lines)(session, what, decimals))
    asks = at_terminal() and not yes and first is None
    if first is not None:
        lines = [{**line, "expected": _expected(line["lot_id"], first)} for line in lines]
    if asks:
        found = ask(lambda session: check_stocktake(lines, session=session, counted_at=counted, moved=moved))
        show_check(found)
        leave_unless("Record this count?")
        if not found["moved"]:
            # Record exactly what was shown; if stock has changed since, the service refuses.
            expected = {lot["lot_id"]: parse.decimal(lot["expected"]) for lot in found["lots"]}
            lines = [{**line, "expected": expected[line["lot_id"]]} for line in lines]
    result = write(
        lambda session: record_stocktake(
            lines,
            session=session,
            counted_at=counted,
            notes=notes,
            moved=moved,
            count_saw=count_saw,
            operation_id=operation_id,
        )
    )
    answer(result, lambda r: show_stocktake(r, was_shown=asks))


def _expected(lot_id: int, first: Mapping[str, Any]) -> Decimal | None:
    """What the count expected of a lot when it was recorded, so that sending it again is the same count."""
    found = [one["expected_micros"] for one in first.get("lines", ()) if one.get("lot_id") == lot_id]
    return Decimal(found[0]).scaleb(-6) if found and found[0] is not None else None


def show_sheet(rows: list[CountSheetRow]) -> None:
    if not rows:
        say("There is nothing to count.")
        return
    show_table(
        {
            "lot": "left",
            "item": "left",
            "location": "left",
            "received": "right",
            "expected": "right",
            "": "left",
            "counted": "left",
            "% left": "left",
        },
        (
            [
                row["lot_code"],
                row["item_slug"],
                row["location"] or "-",
                row["came_with"],
                row["expected"],
                row["unit"],
                "_" * 9,
                "_" * 5,
            ]
            for row in rows
        ),
    )


def show_check(result: Any) -> None:
    for lot in result["moved"]:
        say(
            f"{lot['lot_code']} has changed since the sheet was printed: {amount(lot['on_sheet'], lot['unit'])} then, "
            f"{lot['on_hand']} now. Add --moved after or --moved before, or count it again.",
            style="red",
        )
    _show_differences(result)


def show_stocktake(result: StocktakeResult, *, was_shown: bool) -> None:
    if not was_shown:
        _show_differences(result)
    say(f"Recorded as operation {result['operation_id']}")


def _show_differences(result: Any) -> None:
    different = [lot for lot in result["lots"] if lot["difference"] != "0"]
    if different:
        show_table(
            {
                "lot": "left",
                "expected": "right",
                "counted": "right",
                "": "left",
                "difference": "right",
                "%": "right",
                "cost": "right",
            },
            (
                [
                    lot["lot_code"],
                    lot["expected"],
                    lot["counted"],
                    lot["unit"],
                    lot["difference"],
                    lot["percent"] or "-",
                    money(lot["cost"]),
                ]
                for lot in different
            ),
        )
    say(
        f"Counted {counted(result['counted_count'], 'lot')}, {result['different_count']} "
        f"{'differs' if result['different_count'] == 1 else 'differ'}, "
        f"cost {money(result['cost_difference'])}"
    )


def _sheet_row(row: CountSheetRow) -> list[str | None]:
    return [
        str(row["lot_id"]),
        row["lot_code"],
        row["item_slug"],
        row["location"],
        row["expires_on"],
        row["came_with"],
        row["expected"],
        row["unit"],
        None,
        None,
    ]


def _check_suffix(file: Path, suffix: str) -> None:
    if file.suffix.lower() != suffix:
        raise typer.BadParameter(f"{file} must end in {suffix}")


def _lines(session: Session, what: Sequence[str], decimals: Decimals | None) -> list[dict[str, Any]]:
    """The counted lots; a count of pieces must be whole unless the item allows parts.

    Raises:
        ValidationError: a line cannot be read, or counts a part of a piece.
    """
    lines = _read_lines(session, what, decimals)
    refuse_parts_in(session, lines, "counted")
    return lines


def _read_lines(session: Session, what: Sequence[str], decimals: Decimals | None) -> list[dict[str, Any]]:
    """The lines of a filled-in sheet, or those that were typed.

    Raises:
        ValidationError: lists every row that cannot be read.
    """
    if len(what) == 1 and what[0].lower().endswith(FORMATS) and "=" not in what[0]:
        return _read_sheet(session, Path(what[0]), decimals)
    lines: list[dict[str, Any]] = []
    for text in what:
        lot, equals, found = text.rpartition("=")
        if not equals or not lot:
            raise typer.BadParameter(f"cannot read {text!r}; write it like LOT=12, LOT='2 kg' or LOT=40%")
        try:
            line = {"lot_id": find_lot(session, lot), **_found(found, Reading(decimals=decimals, typed=True))}
            if line.get("counted"):  # zero is zero in any unit
                check_unit(session, line["unit"], lot_id=line["lot_id"])
            lines.append(line)
        except ValueError as error:
            raise typer.BadParameter(f"{text!r}: {error}") from None
    return lines


def _read_sheet(session: Session, file: Path, decimals: Decimals | None) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    problems: list[Problem] = []
    rows = read_table(file)
    reading = with_evidence(Reading(decimals=decimals), _numbers(rows))
    for row in rows:
        if not (row.cells.get("counted") or row.cells.get("percent_left")):
            continue  # not counted
        try:
            lines.append(_sheet_line(session, row, reading))
        except (ServiceError, ValueError) as error:
            problems.append({"field": f"row {row.number}", "problem": told(error)})
    if problems:
        raise ValidationError(problems)
    if not lines:
        raise ValidationError.of(
            "file", f"no row of {file} has a value under 'counted' or 'percent left'; fill in at least one"
        )
    return lines


def _numbers(rows: Sequence[TableRow]) -> Iterator[str]:
    """The numbers that show how a sheet writes decimals; Bake Tracker never groups the digits of ``expected``."""
    for row in rows:
        yield row.cells.get("expected", "").replace(".", ".000").replace(",", ",000")
        yield _split(row.cells.get("counted", ""))[0]


def _sheet_line(session: Session, row: TableRow, reading: Reading) -> dict[str, Any]:
    cells = row.cells
    counted, percent = cells.get("counted", ""), cells.get("percent_left", "")
    if counted and percent:
        raise ValueError("has values under both 'counted' and 'percent left'; leave one of them empty")
    lot_id = cells.get("lot_id")
    line: dict[str, Any] = {"lot_id": int(lot_id) if lot_id else find_lot(session, cells.get("lot", ""))}
    if cells.get("expected"):
        line["expected"] = parse.exact_decimal(read_number(cells["expected"].replace(",", "."), PLAIN))
    if percent:
        return line | {"percent_left": read_number(_without_percent(percent), reading)}
    return line | _found(counted, reading, cells.get("unit"))


def _found(text: str, reading: Reading, unit: str | None = None) -> dict[str, Any]:
    """``40%``, ``2.5`` or ``2 kg``; a unit beside the quantity overrides the one in the unit column."""
    if isinstance(text, NumberText):
        return {"counted": read_number(text), "unit": unit or None}
    text = text.strip()
    if text.endswith("%"):
        return {"percent_left": read_number(_without_percent(text), reading)}
    number, said_unit = _split(text)
    return {"counted": read_number(number, reading), "unit": said_unit or unit or None}


def _without_percent(text: str) -> str:
    return text.removesuffix("%") if text.endswith("%") else text


def _split(text: str) -> tuple[str, str]:
    """The number and the unit behind it, if there is one."""
    match = _UNIT.search(text)
    return (text[: match.start()], match[0]) if match and match.start() else (text, "")

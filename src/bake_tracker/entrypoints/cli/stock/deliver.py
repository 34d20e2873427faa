"""Record a delivery: all the lots of one supplier document at once."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from bake_tracker.domain.amounts import amount
from bake_tracker.domain.errors import Problem, ServiceError, ValidationError
from bake_tracker.domain.money import written
from bake_tracker.domain.units import MICRO
from bake_tracker.domain.written import Reading, read_day, read_money, read_number, with_evidence
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.asking import Yes, at_terminal, be_sure
from bake_tracker.entrypoints.cli.catalog.products import find_package
from bake_tracker.entrypoints.cli.lookup import find
from bake_tracker.entrypoints.cli.options import DatesOption, DecimalsOption, OperationId
from bake_tracker.entrypoints.cli.remedies import told
from bake_tracker.entrypoints.cli.state import answer, counted, money, say, write
from bake_tracker.entrypoints.cli.stock.receive import say_warnings, today_of
from bake_tracker.files.tables import FORMATS, TableRow, read_table
from bake_tracker.queries.bakery import BakeryInfo, load_bakery
from bake_tracker.queries.catalog.parts import refuse_parts_in
from bake_tracker.queries.operations.recorded import is_recorded
from bake_tracker.queries.stock.receiving import load_arrival_doubts
from bake_tracker.services.database import Session
from bake_tracker.services.stock.delivery import DeliveryResult, record_delivery
from bake_tracker.services.stock.receipt import check_has_come

COLUMNS = ("item", "quantity", "unit", "cost", "price", "lot", "expires", "location", "product")


def deliver(
    supplier: Annotated[str, typer.Argument(help="slug or id")],
    what: Annotated[
        list[str],
        typer.Argument(
            help=f"a .csv or .xlsx file with the columns {', '.join(COLUMNS)}, or '25 kg flour @31.50' for each lot"
        ),
    ],
    document: Annotated[str | None, typer.Option(help="number of the delivery note or invoice")] = None,
    on: Annotated[Any, typer.Option(parser=parse.day, help="for example 2026-11-23; default: today")] = None,
    notes: Annotated[str | None, typer.Option(help="free text")] = None,
    yes: Yes = False,
    again: Annotated[bool, typer.Option("--again", help="accept a document number that is already recorded")] = False,
    dates: DatesOption = None,
    decimals: DecimalsOption = None,
    operation_id: OperationId = None,
) -> None:
    """Record a delivery: one lot for each line of the supplier's document, all of them or none."""

    def record(session: Session, lines: list[dict[str, Any]]) -> DeliveryResult:
        return record_delivery(
            lines,
            session=session,
            supplier_id=find(session, "supplier", supplier),
            document=document,
            delivered_on=on,
            notes=notes,
            again=again,
            operation_id=operation_id,
        )

    take_goods(what, Reading(dates, decimals), on, record, yes=yes, operation_id=operation_id)


def take_goods(
    what: list[str],
    reading: Reading,
    on: Any,
    record: Callable[[Session, list[dict[str, Any]]], DeliveryResult],
    *,
    yes: bool,
    operation_id: str | None,
) -> None:
    """Record the goods that were typed or are in a file; at a terminal, ask before expired goods are taken."""

    def work(session: Session) -> DeliveryResult:
        lines = _lines(session, what, reading)
        if not is_recorded(session, operation_id):
            check_has_come(session, "on", on)
            refuse_parts_in(session, lines, "quantity")
        return record(session, lines)

    def doubts(session: Session) -> list[str]:
        nothing = {"lot_code": None, "expires_on": None}
        lines = [{**nothing, **line} for line in _lines(session, what, reading)]
        return load_arrival_doubts(session, lines, on or today_of(session))

    if at_terminal() and not yes:
        be_sure(doubts, operation_id)
    answer(write(work), show_delivery)


def show_delivery(result: DeliveryResult) -> None:
    document = f" with document {result['document']}" if result["document"] else ""
    say(f"Received {counted(result['lot_count'], 'lot')}{document}, cost {money(result['total_cost'])}")
    for lot in result["lots"]:
        expires = f", expires {lot['expires_on']}" if lot["expires_on"] else ""
        quantity = amount(lot["quantity"], lot["unit"])
        say(f"  {quantity} as lot {lot['lot_code']}, cost {money(lot['total_cost'])}{expires}")
        say_warnings(lot)
    if state := result.get("purchase_order_state"):
        say(f"  purchase order {result['purchase_order_id']}: {state}")
    say(f"  operation {result['operation_id']}")


def _lines(session: Session, what: list[str], reading: Reading) -> list[dict[str, Any]]:
    if len(what) == 1 and what[0].lower().endswith(FORMATS):
        return _read_file(session, Path(what[0]), reading)
    return [_typed(session, text, replace(reading, typed=True)) for text in what]


def _typed(session: Session, text: str, reading: Reading) -> dict[str, Any]:
    goods, at, cost = text.partition("@")
    quantity, unit, name = parse.amount_of(goods, reading)
    item_id = find(session, "item", name)
    return {
        "item_id": item_id,
        "quantity": quantity,
        "unit": unit or "each",
        "total_cost": parse.money(session, cost.strip(), reading) if at else None,
        **_product(session, item_id, None, unit or "each"),
    }


def _read_file(session: Session, file: Path, reading: Reading) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    problems: list[Problem] = []
    rows = read_table(file)
    reading = with_evidence(
        reading, (row.cells.get(name, "") for row in rows for name in ("quantity", "cost", "price"))
    )
    house = load_bakery(session)
    for row in rows:
        try:
            lines.append(_line(session, row, reading, house))
        except (ServiceError, typer.BadParameter, ValueError) as error:
            problems.append({"field": f"row {row.number}", "problem": told(error)})
    if problems:
        raise ValidationError(problems)
    if not lines:
        raise ValidationError.of("file", f"{file} has no rows; add one for each lot")
    return lines


def _line(session: Session, row: TableRow, reading: Reading, house: BakeryInfo) -> dict[str, Any]:
    cells = row.cells
    if unknown := sorted(cells.keys() - set(COLUMNS)):
        raise ValueError(f"unknown column {', '.join(unknown)}; use {', '.join(COLUMNS)}")
    item_id, unit = find(session, "item", cells.get("item", "")), cells.get("unit") or "each"
    quantity = read_number(cells.get("quantity", ""), reading)
    return {
        "item_id": item_id,
        "quantity": quantity,
        "unit": unit,
        "total_cost": _cost(cells, quantity, house, reading),
        "lot_code": cells.get("lot") or None,
        "expires_on": read_day(cells["expires"], reading.dates) if cells.get("expires") else None,
        "location": cells.get("location") or None,
        **_product(session, item_id, cells.get("product") or None, unit),
    }


def _cost(cells: Mapping[str, str], quantity: Fraction, house: BakeryInfo, reading: Reading) -> int | Decimal | None:
    """The cost of a line, or its price for one of its unit times the quantity, to the nearest millionth."""
    cost = read_money(cells["cost"], house.currency, reading) if cells.get("cost") else None
    if cells.get("price"):
        by_price = Fraction(round(read_money(cells["price"], house.currency, reading) * quantity * MICRO), MICRO)
        if cost is not None and abs(cost - by_price) >= Fraction(1, 10**house.decimals):
            paid, priced = (written(str(parse.exact_decimal(one)), house.decimals) for one in (cost, by_price))
            raise ValueError(f"the cost is {paid}, but the price times the quantity is {priced}; leave one of them out")
        cost = by_price if cost is None else cost
    return None if cost is None else parse.exact_decimal(cost)


def _product(session: Session, item_id: int, typed: str | None, unit: str) -> dict[str, int]:
    package = find_package(session, item_id, typed, unit)
    return {"product_id": package.product_id} if package else {}

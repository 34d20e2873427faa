"""Count the stock: a sheet as a form, a preview, then one operation."""

import re
from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response

from bake_tracker.domain.amounts import friendly_unit
from bake_tracker.domain.errors import Problem, ServiceError, ValidationError
from bake_tracker.entrypoints.http.access import BAKER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.forms import Form, Sent, blank
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.entrypoints.web.stock.words import AskedItem
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.catalog.parts import refuse_parts_in
from bake_tracker.queries.operations.recorded import is_recorded
from bake_tracker.queries.stock.count_sheet import CountSheetRow, load_count_sheet
from bake_tracker.queries.stock.receiving import load_locations
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.stock.stocktake import StocktakeCheck, check_stocktake, record_stocktake

router = pages()

_LINE = re.compile(r"lines\[(?P<number>\d+)\]\.?(?P<name>.*)")
FIELDS = ("lot_id", "expected", "unit", "counted", "percent_left")
Place = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]


@router.get("/count", name="count", dependencies=[BAKER])
def count(request: Request, item_id: AskedItem = None, location: Place = None) -> Response:
    """Show the sheet: every open lot, or those of one place or item."""
    return _sheet(request, blank(request, item_id=item_id, location=location))


@router.post("/count", name="do_count", dependencies=[BAKER])
def do_count(request: Request, form: Sent) -> Response:
    """Preview the count's changes; record the count once they are confirmed."""
    if form["step"] == "change":
        return _sheet(request, form)
    lines = _counted(form)
    moved = form["moved"] or "refuse"
    try:
        form.done()
        if not lines:
            raise ValidationError.of("counted", "is empty for every lot; enter at least one count")
        with read_scope() as session:
            if not is_recorded(session, form.operation_id):
                refuse_parts_in(session, [line for line, _ in lines], "counted")
        if form["step"] == "record":
            done = run_in_transaction(
                lambda session: record_stocktake(
                    [line for line, _ in lines],
                    session=session,
                    notes=form.text("notes"),
                    moved=moved,
                    operation_id=form.operation_id,
                )
            )
            return go_to(request, "operation", {"done": "1"}, operation_id=done["operation_id"])
        with read_scope() as session:
            found = check_stocktake([line for line, _ in lines], session=session, moved=moved)
            house = load_bakery(session)
    except ServiceError as error:
        return _sheet(request, _by_lot(form.refused(error), lines), status_of(error))
    return _preview(request, form, found, house.currency)


def _counted(form: Form) -> list[tuple[dict[str, Any], Form]]:
    """The counted lines, as the service expects them."""
    lines = []
    for row in form.rows(*FIELDS):
        if not (row["counted"].strip() or row["percent_left"].strip()):
            continue
        line: dict[str, Any] = {"lot_id": row.key("lot_id", needed=True), "expected": row.number("expected")}
        if row["counted"].strip():
            line |= {"counted": row.quantity("counted"), "unit": row.text("unit")}
        if row["percent_left"].strip():
            line["percent_left"] = row.quantity("percent_left")
        lines.append((line, row))
    return lines


def _by_lot(form: Form, lines: list[tuple[dict[str, Any], Form]]) -> Form:
    """Move the problems of counted lines to the sheet's fields, which include uncounted lots."""

    def place(problem: Problem) -> Problem:
        if (found := _LINE.fullmatch(problem["field"])) and (number := int(found["number"])) < len(lines):
            return {**problem, "field": (found["name"] or "counted") + lines[number][1].line}
        return problem

    form.problems = [place(one) for one in form.problems]
    if isinstance(form.refusal, ValidationError):
        form.refusal.problems = form.problems
    return form


def _sheet(request: Request, form: Form, status: int = 200) -> Response:
    item_id, location = form.key("item_id"), form.text("location")
    with read_scope() as session:
        rows = load_count_sheet(session, location=location, item_id=item_id)
        places = load_locations(session)
    typed = {row["lot_id"]: row for row in form.rows(*FIELDS)}
    return render(
        request,
        "count.html",
        status,
        form=form,
        lots=[_line(row, typed.get(str(row["lot_id"]))) for row in rows],
        places=places,
        location=location,
        item_id=item_id,
    )


def _line(row: CountSheetRow, typed: Form | None) -> dict[str, Any]:
    unit = friendly_unit(row["came_with"], row["unit"])
    return {
        **row,
        "base_expected": row["expected"],
        "unit": unit,
        "base_unit": row["unit"],
        "counted": typed["counted"] if typed else "",
        "percent_left": typed["percent_left"] if typed else "",
        "problem": typed and (typed.problem("counted") or typed.problem("percent_left")),
    }


def _preview(request: Request, form: Form, found: StocktakeCheck, currency: str) -> Response:
    # A new id, because a count changed after its preview is another operation.
    sent = [(name, text) for name, text in form.sent if name in (*FIELDS, "item_id", "location", "notes")]
    return render(
        request,
        "count_preview.html",
        form=Form(form.locale, sent),
        fields=sent,
        found=found,
        different=[lot for lot in found["lots"] if lot["difference"] != "0"],
        currency=currency,
    )

"""Boxes: the list, one box with its contents and cost, and the form to change it."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Request
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.domain.arguments import MAX_COUNT, MAX_KEY
from bake_tracker.domain.errors import NotFoundError, ServiceError, UnitConversionError
from bake_tracker.domain.recipe_text.names import NamedItems
from bake_tracker.domain.recipes.quantities import base_quantity
from bake_tracker.domain.units import format_micros
from bake_tracker.domain.written import UnreadableError, exact_decimal
from bake_tracker.entrypoints.http.access import BAKER, VIEWER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.catalog.typed_rows import (
    add_item,
    by_row,
    put_rows,
    read_line,
    read_price,
    rows_to_show,
    write_amount,
)
from bake_tracker.entrypoints.web.forms import Form, Sent, blank
from bake_tracker.entrypoints.web.lists import Column, ListOf
from bake_tracker.entrypoints.web.pages import go_to, locale_of, pages, render
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.catalog.archived import load_archived_items
from bake_tracker.queries.catalog.definitions import Good, load_good
from bake_tracker.queries.catalog.page_names import load_components
from bake_tracker.queries.views.good import load_costed_good, load_good_slice
from bake_tracker.services.catalog.goods import ComponentInput, record_good_components
from bake_tracker.services.database import Session, read_scope, run_in_transaction

router = pages()

GoodId = Annotated[int, Path(ge=1, le=MAX_KEY)]
PART = ("amount", "of")
LIST = ListOf(
    "goods",
    (
        Column("name", "Box", link="good", by=("good_id",)),
        Column("slug", "Short name", on_page=False),
        Column("components", "One takes", sort=None),
        Column("can_make", "Can be packed now", "number"),
    ),
    sort="name",
)


@router.get("/goods", name="goods", dependencies=[VIEWER])
def goods(request: Request) -> Response:
    """List every box, and how many the stock allows."""
    ask = LIST.ask(request)
    with read_scope() as session:
        found = load_good_slice(session, ask, load_bakery(session).local_day(now()))
    return LIST.answer(request, "goods.html", found)


@router.get("/goods/new", name="new_good", dependencies=[BAKER])
def new(request: Request) -> Response:
    """Show the form for a new box."""
    return _form(request, blank(request))


@router.post("/goods/new", name="do_new_good", dependencies=[BAKER])
def add(request: Request, form: Sent) -> Response:
    """Record a new box."""
    return _record(request, form, None)


@router.get("/goods/{good_id}", name="good", dependencies=[VIEWER])
def good(request: Request, good_id: GoodId, recorded: UUID | None = None) -> Response:
    """Show one box, for the number and price in the URL."""
    asked = Form(locale_of(request), request.query_params.multi_items())
    count, price = _count(asked), read_price(asked)
    with read_scope() as session:
        house = load_bakery(session)
        view = load_costed_good(session, good_id, count, house.local_day(now()), price_micros=price)
    status = 422 if asked.problems else 200
    return render(request, "good.html", status, bakery=house, view=view, asked=asked, recorded=recorded)


@router.get("/goods/{good_id}/edit", name="edit_good", dependencies=[BAKER])
def edit(request: Request, good_id: GoodId) -> Response:
    """Show the form with the box as it is now."""
    with read_scope() as session:
        found = load_good(session, good_id)
    form = blank(request)
    parts = [
        (write_amount(form, format_micros(part.quantity_micros), part.item.base_unit), part.item.name)
        for part in found.components
    ]
    put_rows(form, PART, parts)
    return _form(request, form, found)


@router.post("/goods/{good_id}/edit", name="do_edit_good", dependencies=[BAKER])
def change(request: Request, good_id: GoodId, form: Sent) -> Response:
    """Replace the components of a box."""
    with read_scope() as session:
        found = load_good(session, good_id)
    return _record(request, form, found)


def _record(request: Request, form: Form, found: Good | None) -> Response:
    if form["do"] == "row":
        return _form(request, form, found)
    try:
        good_id = run_in_transaction(lambda session: _write(session, form, found))
    except NotFoundError:
        raise
    except ServiceError as error:
        return _form(request, form.refused(error), found, status_of(error))
    return go_to(request, "good", {"recorded": form.operation_id}, good_id=good_id)


def _write(session: Session, form: Form, found: Good | None) -> int:
    form.problems = []
    name = None if found else form.text("name", needed=True)
    parts = _parts(form, load_components(session))
    form.done()
    good_id = found.item.item_id if found else add_item(session, form, "finished_good", name or "", "each")
    with by_row(form, "components", "amount"):
        record_good_components(good_id, parts, session=session, operation_id=form.operation_id)
    return good_id


def _parts(form: Form, known: NamedItems) -> list[ComponentInput]:
    """Every row as the service expects it; unreadable values are noted on their rows."""
    parts: list[ComponentInput] = []
    for row in form.rows(*PART):
        read = read_line(row, known, {})
        if read is None or read[1].item is None:
            continue
        quantity, meant = read
        assert meant.item
        try:
            exact = exact_decimal(base_quantity(meant.item, quantity, meant.unit))
        except UnitConversionError as error:
            row.refuse("amount", error.problems[0]["problem"], error.problems[0].get("remedy"))
            continue
        except UnreadableError:
            row.refuse("amount", f"is not an exact number of {meant.item.base_unit}; write it with up to six decimals")
            continue
        parts.append({"item_id": meant.item.item_id, "quantity": exact})
    if not parts and not form.problems:
        form.refuse("amount[0]", "is missing; add at least one component")
    return parts


def _form(request: Request, form: Form, found: Good | None = None, status: int = 200) -> Response:
    with read_scope() as session:
        known, archived = load_components(session), load_archived_items(session)
    rows = rows_to_show(form, PART, least=4)
    left_out = archived | ({found.item.item_id} if found else set())
    names = sorted(item.name for item in known.items if item.item_id not in left_out)
    return render(request, "good_form.html", status, form=form, good=found, parts=rows, names=names)


def _count(asked: Form) -> int:
    count = asked.number("count")
    if count is None:
        return 1
    if not isinstance(count, int) or not 1 <= count <= MAX_COUNT:
        asked.refuse("count", f"must be a whole number from 1 to {MAX_COUNT}")
        return 1
    return count

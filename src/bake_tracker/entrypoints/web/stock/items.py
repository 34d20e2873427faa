"""One item: its stock, products and history; new items and products."""

from typing import Any

from fastapi import Request
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.domain.amounts import units_offered
from bake_tracker.domain.choices import PICK_POLICIES
from bake_tracker.domain.errors import ServiceError
from bake_tracker.domain.slices import Ask, slice_of
from bake_tracker.domain.stock.products import is_gtin
from bake_tracker.entrypoints.http.access import BAKER, VIEWER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.forms import Form, Sent, blank, choices
from bake_tracker.entrypoints.web.lists import Column, ListOf
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.entrypoints.web.stock.words import BY_NAME, KINDS, UNIT_WORDS, Done, ItemId, package_words
from bake_tracker.entrypoints.web.words import OPERATIONS
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.catalog.products import load_products
from bake_tracker.queries.catalog.unit_changes import load_unit_history
from bake_tracker.queries.views.item import load_item_facts, load_item_movements
from bake_tracker.queries.views.lot import load_lots_in_order
from bake_tracker.queries.views.supplier import load_supplier_slice
from bake_tracker.services.catalog.products import record_product
from bake_tracker.services.catalog.things import record_item
from bake_tracker.services.database import read_scope, run_in_transaction

router = pages()

RECENT = 8
POLICIES = {"fefo": "what expires first", "fifo": "what came first"}

LOTS = ListOf(
    "lots",
    (
        Column("place", "Use", "number", narrow=False),
        Column("lot_code", "Lot", link="lot", by=("lot_id",)),
        Column("on_hand", "On hand", "number", unit="unit"),
        Column("unit", "Unit", sort=None, on_page=False),
        Column("value", "Value", "money", narrow=False),
        Column("received_on", "Came in", "day", narrow=False),
        Column("usable_until", "Use by", "day"),
        Column("state", "State"),
        Column("held_because", "Why held", on_page=False),
        Column("location", "Place", narrow=False),
    ),
    sort="place",
)
HISTORY = ListOf(
    "history",
    (
        Column("at", "When", "moment", sort="movement_id"),
        Column("operation", "What", words=OPERATIONS, link="operation", by=("operation_id",), sort=None),
        Column("lot_code", "Lot", link="lot", by=("lot_id",)),
        Column("quantity", "Change", "number", unit="unit"),
        Column("unit", "Unit", sort=None, on_page=False),
        Column("cost", "Cost", "money", sort=None, narrow=False),
        Column("actor", "Who", narrow=False),
        Column("is_undone", "Undone", "flag", sort=None, on_page=False),
    ),
    sort="-movement_id",
)


@router.get("/stock/new", name="new_item", dependencies=[BAKER])
def new_item(request: Request) -> Response:
    """Show the form of a new item."""
    return _new_item(request, blank(request, kind="ingredient", base_unit="g", pick_policy="fefo"))


@router.post("/stock/new", name="do_new_item", dependencies=[BAKER])
def do_new_item(request: Request, form: Sent) -> Response:
    """Add an item."""
    try:
        days = form.number("shelf_life_days")
        if form["kind"] == "finished_unit":
            _check_keeping(form)
        form.done()
        done = run_in_transaction(
            lambda session: record_item(
                form["kind"],
                form["name"],
                form["base_unit"],
                session=session,
                pick_policy=form["pick_policy"],
                shelf_life_days=days,  # type: ignore[arg-type]  # the service says what is wrong with a part of a day
                description=form.text("description"),
                allows_parts=bool(form["allows_parts"]),
                operation_id=form.operation_id,
            )
        )
    except ServiceError as error:
        return _new_item(request, form.refused(error), status_of(error))
    return go_to(request, "item", {"done": done["operation_id"]}, item_id=done["item_id"])


@router.get("/stock/{item_id}", name="item", dependencies=[VIEWER])
def item(request: Request, item_id: ItemId, done: Done = "") -> Response:
    """Show an item and its stock."""
    ask = LOTS.ask(request)
    with read_scope() as session:
        house = load_bakery(session)
        today = house.local_day(now())
        view = load_item_facts(session, item_id)
        lots = load_lots_in_order(session, item_id, today)
        products = load_products(session, item_id)
        units = load_unit_history(session, item_id)
        recent = load_item_movements(session, item_id, Ask("movement_id", descending=True, limit=RECENT))
    found = slice_of(lots, ask, key="place", search_in=("lot_code", "location", "state"), numbers=("on_hand", "value"))
    return LOTS.answer(
        request,
        "item.html",
        found,
        item=view,
        lots=lots,
        units=units,
        kinds=KINDS,
        policies=POLICIES,
        unit_words=UNIT_WORDS,
        products=[{**one, "words": package_words(one)} for one in products],
        recent=HISTORY.shown(request, recent.rows),
        has_more=recent.next is not None,
        time_zone=house.time_zone,
        currency=house.currency,
        done=done,
    )


@router.get("/stock/{item_id}/history", name="item_history", dependencies=[VIEWER])
def item_history(request: Request, item_id: ItemId) -> Response:
    """Show the history of an item's lots."""
    ask = HISTORY.ask(request)
    with read_scope() as session:
        house = load_bakery(session)
        view = load_item_facts(session, item_id)
        found = load_item_movements(session, item_id, ask)
    return HISTORY.answer(request, "item_history.html", found, item=view, time_zone=house.time_zone)


@router.get("/stock/{item_id}/product", name="new_product", dependencies=[BAKER])
def new_product(request: Request, item_id: ItemId) -> Response:
    """Show the form of a new product."""
    return _new_product(request, item_id, blank(request))


@router.post("/stock/{item_id}/product", name="do_new_product", dependencies=[BAKER])
def do_new_product(request: Request, item_id: ItemId, form: Sent) -> Response:
    """Add a product of an item."""
    try:
        quantity = form.quantity("package_quantity", needed=True)
        gtin = "".join((form.text("gtin") or "").split()) or None
        if gtin is not None and not is_gtin(gtin):
            form.refuse("gtin", "is not a valid bar code; it has 8, 12, 13 or 14 digits, and the last is a check digit")
        supplier_id = form.key("supplier_id")
        form.done()
        done = run_in_transaction(
            lambda session: record_product(
                item_id,
                form["name"],
                quantity if quantity is not None else 0,
                form["package_unit"],
                session=session,
                brand=form.text("brand"),
                package_type=form.text("package_type"),
                gtin=gtin,
                supplier_id=supplier_id,
                operation_id=form.operation_id,
            )
        )
    except ServiceError as error:
        return _new_product(request, item_id, form.refused(error), status_of(error))
    return go_to(request, "item", {"done": done["operation_id"]}, item_id=item_id)


def _check_keeping(form: Form) -> None:
    """Refuse a new product unless somebody says how long it keeps, or that it has no limit."""
    days, no_limit = form.text("shelf_life_days"), form["no_limit"]
    if not days and not no_limit:
        form.refuse("shelf_life_days", "is needed for what you bake: say how many days it keeps, or tick no limit")
    elif days and no_limit:
        form.refuse("shelf_life_days", "is given, and no limit is ticked; choose one of them")


def _new_item(request: Request, form: Form, status: int = 200) -> Response:
    return render(
        request,
        "new_item.html",
        status,
        form=form,
        kinds=list(KINDS.items()),
        units=list(UNIT_WORDS.items()),
        policies=[(policy, POLICIES[policy]) for policy in PICK_POLICIES],
    )


def _new_product(request: Request, item_id: int, form: Form, status: int = 200) -> Response:
    with read_scope() as session:
        view = load_item_facts(session, item_id)
        suppliers = load_supplier_slice(session, BY_NAME, offered=True).rows
    units: list[Any] = [(unit, unit) for unit in units_offered(view["unit"])]
    return render(
        request,
        "new_product.html",
        status,
        form=form,
        item=view,
        units=units,
        suppliers=choices(suppliers, "supplier_id"),
    )

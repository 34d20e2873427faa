"""Stock, item by item."""

from typing import Literal

from fastapi import Request
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.entrypoints.http.access import VIEWER
from bake_tracker.entrypoints.web.lists import Column, ListOf
from bake_tracker.entrypoints.web.pages import pages
from bake_tracker.entrypoints.web.stock.words import KINDS
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.views.stock import load_stock_slice
from bake_tracker.services.database import read_scope

router = pages()

LIST = ListOf(
    "stock",
    (
        Column("name", "Item", link="item", by=("item_id",)),
        Column("slug", "Short name", on_page=False),
        Column("kind", "Kind", words=KINDS, narrow=False),
        Column("on_hand", "On hand", "number", unit="unit"),
        Column("usable", "Usable", "number", on_page=False),
        Column("unit", "Unit", sort=None, on_page=False),
        Column("value", "Value", "money", narrow=False),
        Column("next_expiry", "Next expiry", "day"),
        Column("lot_count", "Lots", "number", narrow=False),
    ),
    sort="name",
    keep=("kind",),
)


@router.get("/stock", name="stock", dependencies=[VIEWER])
def stock(
    request: Request, kind: Literal["", "ingredient", "material", "finished_unit", "finished_good"] = ""
) -> Response:
    """List every item with its stock on hand."""
    ask = LIST.ask(request)
    with read_scope() as session:
        house = load_bakery(session)
        found = load_stock_slice(session, ask, house.local_day(now()), kind=kind or None)
    return LIST.answer(request, "stock.html", found, bakery=house, kinds=KINDS, kind=kind)

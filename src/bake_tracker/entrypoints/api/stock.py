"""Routes of stock: on hand, value, expiry, what can be made, and lots."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query, Request
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.domain.arguments import MAX_KEY, Arguments, check_is_past
from bake_tracker.domain.errors import LotNotFoundError
from bake_tracker.domain.slice_keys import write_key
from bake_tracker.domain.stock.recall import Recall, Trace
from bake_tracker.entrypoints.api.common import (
    After,
    Key,
    Limit,
    Page,
    SameCode,
    Search,
    asked,
    reads,
    routes,
    tagged,
    today,
)
from bake_tracker.entrypoints.api.remedies import in_words
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.catalog.definitions import load_item
from bake_tracker.queries.explain.origins import ExplainedLot, explain_lots
from bake_tracker.queries.explain.outflows import KindOfOutflow, load_item_outflows, load_lot_outflows
from bake_tracker.queries.explain.shelf import Whereabouts, load_whereabouts
from bake_tracker.queries.reports.expiring import ExpiringLot, load_expiring
from bake_tracker.queries.reports.stock_value import StockValue, load_stock_value
from bake_tracker.queries.runs.can_make import Possible, load_can_make
from bake_tracker.queries.stock.as_of import Instant, StockAsOf, load_stock_as_of
from bake_tracker.queries.stock.lots import load_lot
from bake_tracker.queries.stock.recall import load_recall
from bake_tracker.queries.stock.traced import load_trace
from bake_tracker.queries.views.lot import ListedLot, load_lot_slice
from bake_tracker.queries.views.stock import StockRow, load_stock
from bake_tracker.services.database import Session, read_scope

router = routes("", "stock")

MOST_DAYS = 36_500
SHOWN = 200

At = Annotated[datetime | None, Query(description="up to now, the default; without an offset, local time")]
By = Annotated[
    Literal["recorded", "happened"], Query(description="what the ledger said then, or what we know now about then")
]


class LotPage(Page):
    """Lots, newest first."""

    lots: list[ListedLot]


class LotView(ListedLot):
    """A lot, its place in the order of use, and where it went."""

    whereabouts: Whereabouts
    outflows: list[KindOfOutflow]


@router.get("/stock", **reads(list[StockRow]))
def get_stock(request: Request) -> Response:
    """Every item in stock, by kind and name."""
    with read_scope() as session:
        return tagged(request, load_stock(session, today(session)))


@router.get("/stock-as-of", **reads(StockAsOf))
def get_stock_as_of(
    request: Request,
    at: At = None,
    by: By = "recorded",
    item_id: Annotated[int | None, Query(ge=1, le=MAX_KEY, description="only this item")] = None,
) -> Response:
    """Every lot that held something at an instant, with its value."""
    with read_scope() as session:
        return tagged(request, load_stock_as_of(session, _instant(session, at, by), item_id=item_id))


@router.get("/items/{item_id}/outflows", **reads(list[KindOfOutflow]))
def get_item_outflows(
    request: Request,
    item_id: Key,
    since: Annotated[datetime | None, Query(description="without an offset, local time")] = None,
    at: At = None,
    by: By = "recorded",
) -> Response:
    """Where an item went by an instant, by kind, the largest first: by whom, why and in which transaction."""
    given = Arguments()
    with read_scope() as session:
        load_item(session, item_id)
        first = given.since("since", since, lambda: load_bakery(session).time_zone)
        given.done()
        until = _instant(session, at, by)
        return tagged(request, load_item_outflows(session, item_id, SHOWN, first, until))


def _instant(session: Session, at: datetime | None, by: Literal["recorded", "happened"]) -> Instant:
    given = Arguments()
    zone = load_bakery(session).time_zone
    instant = given.moment("at", at, lambda: zone) or now()
    given.done()
    check_is_past("at", instant, now(), zone)
    return Instant(instant, by)


@router.get("/stock-value", **reads(StockValue))
def get_stock_value(request: Request) -> Response:
    """What the stock cost, by item and lot; lots of unknown cost are listed."""
    with read_scope() as session:
        return tagged(request, load_stock_value(session, now()))


@router.get("/can-make", **reads(list[Possible]))
def get_can_make(request: Request) -> Response:
    """How many of each recipe and finished good the stock allows, and what stops one more."""
    with read_scope() as session:
        return tagged(request, in_words(load_can_make(session, today(session))))


@router.get("/expiring", **reads(list[ExpiringLot]))
def get_expiring(
    request: Request, within_days: Annotated[int, Query(ge=0, le=MOST_DAYS, description="from today")] = 7
) -> Response:
    """Lots that expire soon, their value, and what they could still be made into."""
    with read_scope() as session:
        return tagged(request, load_expiring(session, today(session), within_days))


@router.get("/lots", **reads(LotPage))
def list_lots(
    request: Request,
    limit: Limit = 50,
    after: After = None,
    search: Search = None,
    item_id: Annotated[int | None, Query(ge=1, le=MAX_KEY, description="only this item")] = None,
    code: Annotated[
        str | None, Query(max_length=200, pattern=r"^[^\x00]*$", description="with exactly this code")
    ] = None,
    only_there: Annotated[bool, Query(description="leave out lots that are used up")] = False,
) -> Response:
    """Lots, newest first; several lots may share a supplier's code."""
    ask = asked("id", limit, after, search, descending=True)
    with read_scope() as session:
        found = load_lot_slice(session, ask, today(session), item_id=item_id, code=code, only_there=only_there)
    return tagged(request, LotPage(lots=found.rows, next=write_key(found.next)))


@router.get("/lots/{lot_id}", **reads(LotView))
def get_lot(request: Request, lot_id: Key) -> Response:
    """A lot, its place in the order of use, and where it went."""
    with read_scope() as session:
        day = today(session)
        ask = asked("id", 1, None)
        found = load_lot_slice(session, ask, day, lot_id=lot_id).rows
        if not found:
            raise LotNotFoundError(lot_id)
        places = load_whereabouts(session, [lot_id], day, SHOWN)
        outflows = load_lot_outflows(session, [lot_id], SHOWN).get(lot_id, [])
    return tagged(request, LotView(whereabouts=places[lot_id], outflows=outflows, **found[0]))


@router.get("/lots/{lot_id}/trace", **reads(Trace))
def get_trace(
    request: Request,
    lot_id: Key,
    undone: Annotated[bool, Query(description="include what was undone")] = False,
    same_code: SameCode = False,
) -> Response:
    """Where a lot came from and where it went, from receipts to customers."""
    with read_scope() as session:
        return tagged(request, load_trace(session, lot_id, undone=undone, same_code=same_code))


@router.get("/lots/{lot_id}/explanation", **reads(ExplainedLot))
def get_lot_explanation(request: Request, lot_id: Key) -> Response:
    """What a lot was made from, why those lots, and what each cost, down to the receipts."""
    with read_scope() as session:
        load_lot(session, lot_id)
        return tagged(request, explain_lots(session, [lot_id])[0])


@router.get("/lots/{lot_id}/recall", **reads(Recall))
def get_recall(request: Request, lot_id: Key, same_code: SameCode = False) -> Response:
    """A recall drill: everything a lot reached, who has it, and whether it adds up. Nothing is put on hold."""
    with read_scope() as session:
        return tagged(request, load_recall(session, lot_id, same_code=same_code))

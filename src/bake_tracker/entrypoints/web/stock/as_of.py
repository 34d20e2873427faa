"""The stock as it was at an instant, and where an item had gone by then."""

from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import Query, Request
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.domain.arguments import check_is_past
from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.log.moments import read_instant
from bake_tracker.domain.written import UnreadableError
from bake_tracker.entrypoints.http.access import VIEWER
from bake_tracker.entrypoints.web.pages import pages, render
from bake_tracker.entrypoints.web.stock.words import KINDS, AskedItem
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.explain.outflows import WENT, load_item_outflows
from bake_tracker.queries.stock.as_of import Instant, load_instant_before, load_stock_as_of
from bake_tracker.queries.views.item import load_item_facts
from bake_tracker.services.database import read_scope

router = pages()
MOST = 10


@router.get("/as-of", name="as_of", dependencies=[VIEWER])
def as_of(
    request: Request,
    at: Annotated[str, Query(max_length=40)] = "",
    before: Annotated[str, Query(max_length=36)] = "",
    by: Literal["recorded", "happened"] = "recorded",
    item: AskedItem = None,
) -> Response:
    """Show what was in stock at a time, or just before an operation, and where one item had gone."""
    with read_scope() as session:
        house = load_bakery(session)
        instant = load_instant_before(session, before) if before else _instant(at, house.time_zone)
        then = Instant(instant, by)
        return render(
            request,
            "as_of.html",
            bakery=house,
            then=load_stock_as_of(session, then, item_id=item),
            local=f"{instant.astimezone(ZoneInfo(house.time_zone)):%Y-%m-%dT%H:%M:%S}",
            before=before,
            item=None if item is None else load_item_facts(session, item),
            outflows=[] if item is None else load_item_outflows(session, item, MOST, until=then),
            kinds=KINDS,
            went=WENT,
        )


def _instant(text: str, time_zone: str) -> datetime:
    """A time up to now, the default."""
    try:
        at = read_instant(text, now(), ZoneInfo(time_zone)) if text.strip() else now()
    except UnreadableError as error:
        raise ValidationError.of("at", str(error)) from None
    check_is_past("at", at, now(), time_zone)
    return at

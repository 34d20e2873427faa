"""Items and what is on hand of them."""

from typing import Literal

from fastapi import Query, Request
from starlette.responses import Response

from bake_tracker.entrypoints.api.common import After, IfNoneMatch, Limit, Page, cursor, read_cursor, routes, tagged
from bake_tracker.entrypoints.api.schemas import schema_of
from bake_tracker.entrypoints.http.access import VIEWER
from bake_tracker.queries.item_pages import ItemOnHand, load_item_page
from bake_tracker.services.database import read_scope

router = routes("/items", "items")


class ItemPage(Page):
    """Items by name."""

    items: list[ItemOnHand]


@router.get(
    "",
    dependencies=[VIEWER],
    response_model=schema_of(ItemPage),
    responses={304: {"description": "You have it already"}},
)
def list_items(
    request: Request,
    limit: Limit = 50,
    after: After = None,
    kind: Literal["ingredient", "material", "finished_unit", "finished_good"] | None = None,
    search: str | None = Query(None, max_length=200, description="part of the name or slug"),
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Items by name, with what is on hand and what it cost."""
    key = read_cursor(after, str, int)
    with read_scope() as session:
        items = load_item_page(session, limit + 1, after=key, kind=kind, search=search)
    last = items[limit - 1] if len(items) > limit else None
    page = ItemPage(items=items[:limit], next=cursor([last["name"], last["item_id"]] if last else None))
    return tagged(request, page)

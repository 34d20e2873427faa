"""Items and what is on hand of them."""

from typing import Literal

from fastapi import Request
from starlette.responses import Response

from bake_tracker.entrypoints.api.common import After, Limit, Page, Search, cursor, read_cursor, reads, routes, tagged
from bake_tracker.queries.item_pages import ItemOnHand, load_item_page
from bake_tracker.services.database import read_scope

router = routes("/items", "items")


class ItemPage(Page):
    """Items by name."""

    items: list[ItemOnHand]


@router.get("", **reads(ItemPage))
def list_items(
    request: Request,
    limit: Limit = 50,
    after: After = None,
    kind: Literal["ingredient", "material", "finished_unit", "finished_good"] | None = None,
    search: Search = None,
) -> Response:
    """Items by name, with what is on hand and what it cost."""
    key = read_cursor(after, str, int)
    with read_scope() as session:
        items = load_item_page(session, limit + 1, after=key, kind=kind, search=search)
    last = items[limit - 1] if len(items) > limit else None
    page = ItemPage(items=items[:limit], next=cursor([last["name"], last["item_id"]] if last else None))
    return tagged(request, page)

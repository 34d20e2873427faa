"""The search box in the header: find by lot code, bar code or name."""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.entrypoints.http.access import VIEWER
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.entrypoints.web.stock.receive import to_receive
from bake_tracker.entrypoints.web.stock.words import KINDS
from bake_tracker.queries.catalog.find import find_hits, the_hit
from bake_tracker.services.database import read_scope

router = pages()


@router.get("/find", name="find", dependencies=[VIEWER])
def find(request: Request, q: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Go to the one match, or list all possible ones."""
    scanned = q.replace("\0", "")
    typed = " ".join(scanned.split())
    with read_scope() as session:
        hits = find_hits(session, scanned, this_year=now().year)
    hit = the_hit(hits)
    carton = hits.get("carton")
    is_new_lot = carton and (carton["lot_code"] or carton["expires_on"]) and not hits["lots"]
    if hit is None or is_new_lot:
        arrived = to_receive(hits)
        return render(request, "find.html", typed=typed, hits=hits, kinds=KINDS, carton=carton, arrived=arrived)
    if hit["what"] == "lot":
        return go_to(request, "lot", lot_id=hit["key"])
    return go_to(request, "item", item_id=hit["key"])

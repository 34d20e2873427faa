"""One lot: what it is, where it came from and where it went."""

from typing import Annotated

from fastapi import Path, Request
from starlette.responses import Response

from bake_tracker.domain.arguments import MAX_KEY
from bake_tracker.entrypoints.http.access import VIEWER
from bake_tracker.entrypoints.web.pages import pages, render
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.traced import load_trace
from bake_tracker.services.database import read_scope

router = pages()

LotId = Annotated[int, Path(ge=1, le=MAX_KEY)]


@router.get("/lots/{lot_id}", name="lot", dependencies=[VIEWER])
def lot(request: Request, lot_id: LotId) -> Response:
    """What it is and what became of it."""
    with read_scope() as session:
        bakery = load_bakery(session)
        trace = load_trace(session, lot_id)
    return render(request, "lot.html", bakery=bakery, trace=trace, lot=trace["lot"])

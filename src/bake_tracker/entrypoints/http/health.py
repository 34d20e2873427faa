"""For whoever runs it: is it alive, is it ready, what does it count."""

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from bake_tracker.entrypoints.http import metrics
from bake_tracker.entrypoints.http.access import PUBLIC, VIEWER
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.services.database import read_scope

router = APIRouter(include_in_schema=False)


@router.get("/healthz", dependencies=[PUBLIC])
async def healthz() -> Response:
    """The process answers; the database is not asked."""
    return PlainTextResponse("ok\n")


@router.get("/readyz", dependencies=[PUBLIC])
def readyz() -> Response:
    """The database answers and is of this version; a 503 says that it does not."""
    with read_scope() as session:
        load_bakery(session)
    return PlainTextResponse("ready\n")


@router.get("/metrics", dependencies=[VIEWER])
def counted() -> Response:
    """What was counted, for Prometheus, which signs in with an API token."""
    body, kind = metrics.text()
    return Response(body, media_type=kind)

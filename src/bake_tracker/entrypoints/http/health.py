"""For operators: liveness, readiness and metrics."""

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from bake_tracker.entrypoints.http import metrics
from bake_tracker.entrypoints.http.access import HEALTH, VIEWER
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.services.database import read_scope

router = APIRouter(include_in_schema=False)


@router.get("/healthz", dependencies=[HEALTH])
async def healthz() -> Response:
    """Report that the process is alive, without asking the database."""
    return PlainTextResponse("ok\n")


@router.get("/readyz", dependencies=[HEALTH])
def readyz() -> Response:
    """Report whether the database answers and has this version's schema; 503 if not."""
    with read_scope() as session:
        load_bakery(session)
    return PlainTextResponse("ready\n")


@router.get("/metrics", dependencies=[VIEWER])
def counted() -> Response:
    """Metrics for Prometheus, which signs in with an API token."""
    body, kind = metrics.text()
    return Response(body, media_type=kind)

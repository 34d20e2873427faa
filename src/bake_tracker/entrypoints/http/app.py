"""Make the application from one list of routers, with one access check and one error format."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from anyio.to_thread import current_default_thread_limiter
from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from bake_tracker.config import load_settings
from bake_tracker.entrypoints.http import health, problems
from bake_tracker.entrypoints.http.access import check_every_route_declares, paths_by_endpoint
from bake_tracker.entrypoints.http.context import RequestContext
from bake_tracker.entrypoints.http.limits import Limiter
from bake_tracker.entrypoints.http.stopping import stop_with_the_server, telling_when_it_stops
from bake_tracker.log.earlier_use import OPENED
from bake_tracker.log.exporting import exporting_where_asked
from bake_tracker.log.setup import configure_logging
from bake_tracker.services import get_service_logger, log_operation
from bake_tracker.services.database import (
    MOST_READERS,
    MOST_WRITERS,
    database_url,
    dispose_engines,
    engine_for,
    keep_readers_apart,
    shown_url,
)


class Application(FastAPI):
    """FastAPI with our context as the outermost layer, so that even a crash is answered with ids and headers."""

    def build_middleware_stack(self) -> ASGIApp:
        """Wrap even the error handler in the request context."""
        return RequestContext(super().build_middleware_stack(), self.state.max_body_bytes)


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[None]:
    """Set up the log and check the database before the first request; close it after the last."""
    url = database_url()
    configure_logging(load_settings(), url)
    engine_for(url)
    log_operation(get_service_logger("http"), OPENED, "opened", database=shown_url(url))
    keep_readers_apart()
    current_default_thread_limiter().total_tokens = MOST_READERS
    with exporting_where_asked(), telling_when_it_stops(app):
        stop_with_the_server()
        yield
    dispose_engines()


def make_application(routers: Sequence[APIRouter]) -> Application:
    """An application with these routers and the health checks.

    Raises:
        RouteWithoutRoleError: a route does not say who may use it.
    """
    settings = load_settings()
    app = Application(
        title="Bake Tracker",
        docs_url=None,  # they would load scripts from another site
        redoc_url=None,
        openapi_url=None,
        lifespan=running,
        max_body_size=settings.max_body_bytes,
        redirect_slashes=False,
    )
    app.state.is_stopping = False
    app.state.listeners = Counter()
    app.state.max_body_bytes = settings.max_body_bytes
    app.state.writers = asyncio.Semaphore(MOST_WRITERS)
    app.state.limiter = Limiter(settings.requests_per_minute)
    problems.install(app)
    for router in (health.router, *routers):
        app.include_router(router)
    check_every_route_declares(app)
    app.state.paths = paths_by_endpoint(app)
    return app

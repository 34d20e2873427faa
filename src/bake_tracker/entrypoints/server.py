"""The pages and the API as one application, for ``uvicorn --factory bake_tracker.entrypoints.server:make_app``."""

from bake_tracker.entrypoints import api, web
from bake_tracker.entrypoints.http.app import Application, make_application


def make_app() -> Application:
    """Make the whole application."""
    # Pages first: links find a route by its name, and some API routes, such as "receive", have the name of a page.
    app = make_application([*web.PAGES, api.make_router()])
    api.install(app)
    web.install(app)
    return app

"""The pages and the API as one application, for ``uvicorn --factory bake_tracker.entrypoints.server:make_app``."""

from bake_tracker.entrypoints import api, web
from bake_tracker.entrypoints.http.app import Application, make_application


def make_app() -> Application:
    """Make the whole application."""
    # Pages first: a page names its routes in links, and the API's have the names of functions, "receive" among them.
    app = make_application([*web.PAGES, api.make_router()])
    api.install(app)
    web.install(app)
    return app

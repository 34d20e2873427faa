"""The pages and the API as one application, for ``uvicorn --factory bake_tracker.entrypoints.server:make_app``."""

from bake_tracker.entrypoints import api, web
from bake_tracker.entrypoints.http.app import Application, make_application


def make_app() -> Application:
    """The whole application."""
    app = make_application([api.make_router(), *web.PAGES])
    web.install(app)
    return app

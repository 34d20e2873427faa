"""Our own files: named with a mark of their content, so a browser may keep them for good."""

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from bake_tracker.entrypoints.web.pages import STATIC


class OurFiles(StaticFiles):
    """The files of ``static/``."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, and how long it may be kept."""
        response = await super().get_response(path, scope)
        is_marked = scope.get("query_string", b"").startswith(b"v=")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if is_marked else "no-cache"
        return response

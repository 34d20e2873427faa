"""A route that reads the body of a request as exact JSON."""

from collections.abc import Callable, Coroutine
from json import JSONDecodeError
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from bake_tracker.domain.exact_json import read_json


class _ExactRequest(Request):
    async def json(self) -> Any:
        """The request body with exact numbers."""
        if not hasattr(self, "_json"):
            body = await self.body()
            try:
                self._json = read_json(body)
            except JSONDecodeError:
                raise
            except (ValueError, RecursionError) as error:
                reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
                raise JSONDecodeError(reason, "", 0) from None
        return self._json


class ExactRoute(APIRoute):
    """A route that reads its body as exact JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, with an exact request."""
        handle = super().get_route_handler()

        async def handle_exactly(request: Request) -> Response:
            return await handle(_ExactRequest(request.scope, request.receive))

        return handle_exactly

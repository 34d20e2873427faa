"""Exact JSON: a number with a decimal point becomes a Decimal, never a float."""

import json
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response


class _ExactRequest(Request):
    async def json(self) -> Any:
        """The request body with exact numbers."""
        if not hasattr(self, "_json"):
            self._json = json.loads(await self.body(), parse_float=Decimal, parse_constant=_refuse)
        return self._json


def _refuse(name: str) -> None:
    raise json.JSONDecodeError(f"{name} is not a number", name, 0)


class ExactRoute(APIRoute):
    """A route that reads its body as exact JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, with an exact request."""
        handle = super().get_route_handler()

        async def handle_exactly(request: Request) -> Response:
            return await handle(_ExactRequest(request.scope, request.receive))

        return handle_exactly

"""The cost of the pages beside the services they use.

python -m benchmarks.web.live_check              # the live check of Bake beside check_can_produce alone
python -m benchmarks.web.live_check --rounds 50  # a quick look
"""

import argparse
import asyncio
import itertools
import os
import tempfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.responses import PlainTextResponse, Response

from bake_tracker.domain.access import Role
from bake_tracker.entrypoints.server import make_app
from bake_tracker.services.access import accounts, passwords
from bake_tracker.services.access.sign_in import open_sign_in
from bake_tracker.services.batch_production_service import check_can_produce
from bake_tracker.services.catalog.recipes import record_recipe, record_recipe_yield
from bake_tracker.services.catalog.things import record_item
from bake_tracker.services.database import Session, dispose_engines, read_scope, run_in_transaction
from bake_tracker.services.stock.receipt import record_receipt
from benchmarks.harness import Figure, as_row, ratio, show, take_turns

INGREDIENTS, LOTS, MOST_BATCHES = 8, 3, 30
GOAL = 3.0


@dataclass(slots=True)
class Asker:
    """Sends requests to an application in this process with nothing between, so only the server's cost counts."""

    app: Any
    cookie: str = ""
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def get(self, path: str, query: str = "") -> bytes:
        """Return the body of the answer.

        Raises:
            RuntimeError: the status is not 200.
        """
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        headers = [(b"host", b"bakery.example"), (b"accept", b"text/html"), (b"hx-request", b"true")]
        headers += [(b"cookie", self.cookie.encode())] if self.cookie else []
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "root_path": "",
        }
        self.loop.run_until_complete(self.app(scope, receive, send))
        body = b"".join(message.get("body", b"") for message in sent[1:])
        if sent[0]["status"] != 200:
            raise RuntimeError(f"{sent[0]['status']}: {body[:500]!r}")
        return body


def set_up(session: Session) -> tuple[int, int]:
    """Record a recipe of eight ingredients with three lots each; return the ids of the recipe and its product."""
    lines: list[Any] = []
    for number in range(INGREDIENTS):
        item = record_item("ingredient", f"Ingredient {number}", "g", session=session)["item_id"]
        lines.append({"item_id": item, "quantity": 300, "unit": "g"})
        for lot in range(LOTS):
            quantity = 10_000 if lot == LOTS - 1 else 500
            record_receipt(item, quantity, "g", session=session, total_cost=5, received_on=date(2026, 1, 1 + lot))
    recipe = record_recipe("Bread", lines, session=session)["recipe_id"]
    unit = record_item("finished_unit", "Loaf", "each", session=session)["item_id"]
    record_recipe_yield(recipe, unit, 10, session=session)
    return recipe, unit


def signed_in(session: Session) -> str:
    """Sign in a baker and return the cookie."""
    made = accounts.record_user("Bao", "a loaf of rye bread", Role.BAKER.value, session=session)
    token = passwords.new_secret()
    open_sign_in(session, made["user_id"], token, "Bao", "127.0.0.1")
    return f"bake_sign_in={token}"


def bare_app() -> FastAPI:
    """Make an app with one route that does nothing."""
    app = FastAPI()

    @app.get("/")
    def nothing() -> Response:
        return PlainTextResponse("nothing")

    return app


def live_check(rounds: int) -> list[Figure]:
    """Compare the CPU of the live check's whole request with that of the service's answer."""
    os.environ["BAKE_TRACKER_REQUESTS_PER_MINUTE"] = "100000000"
    recipe, unit = run_in_transaction(set_up)
    page, bare = Asker(make_app(), run_in_transaction(signed_in)), Asker(bare_app())
    to_ask, to_check = (itertools.cycle(range(1, MOST_BATCHES + 1)) for _ in range(2))

    def service() -> None:
        with read_scope() as session:
            if not check_can_produce(recipe, next(to_check), session=session)["can_produce"]:
                raise RuntimeError("the stock should allow it")

    def ask() -> None:
        query = f"recipe_id={recipe}&finished_unit_id={unit}&num_batches={next(to_ask)}&scale_factor=1"
        if b"Yes, the stock allows it." not in page.get("/bake/check", query):
            raise RuntimeError("the page does not say that the stock allows it")

    def ask_nothing() -> None:
        bare.get("/")

    spent = take_turns({"page": ask, "service": service, "bare": ask_nothing}, rounds)
    for one in (page, bare):
        one.loop.run_until_complete(one.loop.shutdown_default_executor())
        one.loop.close()
    shown = f"{INGREDIENTS} ingredients, {INGREDIENTS * LOTS} lots; sign-in, role check, a page with lots and costs"
    return [
        ratio("the live check of Bake over check_can_produce alone", spent["page"], spent["service"], GOAL, shown),
        ratio("a bare FastAPI route over check_can_produce", spent["bare"], spent["service"], note="for comparison"),
        _milliseconds("the live check", spent["page"]),
        _milliseconds("check_can_produce in a read scope", spent["service"]),
    ]


def _milliseconds(what: str, spent: list[int]) -> Figure:
    return Figure(what, sorted(spent)[len(spent) // 2] / 1_000_000, unit=" ms", note="CPU, median")


def main() -> None:
    """Measure on a new database."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=300)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BAKE_TRACKER_DATABASE_URL"] = f"sqlite:///{Path(folder) / 'bakery.db'}"
        try:
            show([as_row(str(number), figure) for number, figure in enumerate(live_check(given.rounds), 1)])
        finally:
            dispose_engines()


if __name__ == "__main__":
    main()

"""A shop with orders for a week, in a database: what ``bake plan`` costs, whole.

A shop's week is 60 recipes, 60 boxes, 400 items, 2,000 open lots and 300 order lines; ``times`` multiplies all of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine, event

from bake_tracker.clock import now
from bake_tracker.domain.importing.tables import FORMAT
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.catalog.definitions import load_slugs
from bake_tracker.queries.planning.week import load_plan
from bake_tracker.services.database import Session, dispose_engines, read_scope, run_in_transaction
from bake_tracker.services.importing.tables import record_import
from bake_tracker.services.orders.order import record_order


def tables(times: int) -> dict[str, Any]:
    """The shop's catalogue and stock, as the tables of an export."""
    made, bought = 60 * times, 280 * times
    items: list[dict[str, str]] = [
        {"kind": "ingredient", "slug": f"i{n}", "name": f"I{n}", "base_unit": "g"} for n in range(bought)
    ]
    for kind, letter in (("finished_unit", "u"), ("finished_good", "b")):
        items += [
            {"kind": kind, "slug": f"{letter}{n}", "name": f"{letter}{n}", "base_unit": "each", "shelf_life_days": "2"}
            for n in range(made)
        ]
    today = now().date()
    return {
        "items": items,
        "recipes": [{"slug": f"r{n}", "name": f"R{n}"} for n in range(made)],
        "recipe_lines": [
            {"recipe": f"r{n}", "item": f"i{(n * 7 + k * 13) % bought}", "quantity": "250", "unit": "g"}
            for n in range(made)
            for k in range(9)
        ],
        "recipe_makes": [{"recipe": f"r{n}", "item": f"u{n}", "per_batch": "24"} for n in range(made)],
        "good_parts": [
            {"good": f"b{n}", "component": f"u{part}", "quantity": "6"}
            for n in range(made)
            for part in (n, (n + 1) % made)
        ],
        "lots": [
            {
                "item": f"i{n % bought}" if n % 4 else f"u{n % made}",
                "lot": f"L{n}",
                "quantity": "500" if n % 4 else "3",
                "unit": "g" if n % 4 else "each",
                "received": str(today - timedelta(days=1)),
                "expires": str(today + timedelta(days=1 + n % 30)),
            }
            for n in range(2_000 * times)
        ],
    }


def fill(session: Session, times: int) -> None:
    """The shop, and orders of three lines each for the days to come."""
    made = 60 * times
    record_import({"format": FORMAT, **tables(times)}, session=session)
    ids = load_slugs(session, "item")
    today = load_bakery(session).local_day(now())
    for n in range(0, 300 * times, 3):
        lines = [{"item_id": ids[f"{'ub'[m % 2]}{m * 11 % made}"], "quantity": 1 + m % 20} for m in range(n, n + 3)]
        record_order(lines, session=session, due_on=today + timedelta(days=n % 7))


@contextmanager
def a_shop(times: int) -> Iterator[str]:
    """The URL of a database with the shop in it."""
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'shop.db'}"
        run_in_transaction(lambda session: fill(session, times), url)
        yield url
        dispose_engines()


def plan_once(url: str) -> tuple[int, int]:
    """How many statements a plan of a week sends, and how many lines it has."""
    sent: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        with read_scope(url) as session:
            lines = len(load_plan(session, now())["lines"])
    finally:
        event.remove(Engine, "before_cursor_execute", hear)
    return len([one for one in sent if one.startswith("SELECT")]), lines

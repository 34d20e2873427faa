"""What stands in a calendar: orders to hand over, and what to bake and pack for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from bake_tracker.domain.orders.due import due_instant
from bake_tracker.domain.planning.paper import job_words, weighed_amount
from bake_tracker.domain.plurals import plural


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a calendar, for a whole day or at an instant in UTC; ``key`` is its own for good."""

    key: str
    day: date
    at: datetime | None
    title: str
    notes: tuple[str, ...] = ()


def order_entry(order: Mapping[str, Any], time_zone: str, *, with_names: bool) -> Entry:
    """An order on its due day; who gets it and where is somebody's own affair, and is there only if asked for."""
    day = date.fromisoformat(order["due_on"])
    at = None if order["due_time"] is None else time.fromisoformat(order["due_time"])
    wanted = ", ".join(_goods(one) for one in order["goods"])
    notes: list[str] = [order["how"]]
    if with_names:
        notes += [order[name] for name in ("place", "event") if order[name]]
    if order["state"] != "open":
        notes.append(order["state"])
    who = f" for {order['recipient']}" if with_names and order["recipient"] else ""
    return Entry(
        f"order-{order['order_id']}",
        day,
        due_instant(day, at, time_zone),
        f"Order {order['order_id']}{who}: {wanted}",
        tuple(notes),
    )


def task_entry(task: Mapping[str, Any]) -> Entry:
    """A line of the plan on its day."""
    words = job_words(task["what"], task["batches"], task["name"])
    gives = ", ".join(_goods(one) for one in task["gives"]) if task["what"] == "bake" else ""
    return Entry(
        f"{task['what']}-{task['slug']}-{task['day']}",
        date.fromisoformat(task["day"]),
        None,
        f"{task['what'].capitalize()} {words}",
        (f"gives {gives}",) if gives else (),
    )


def _goods(one: Mapping[str, Any]) -> str:
    amount = weighed_amount(one["quantity"], one["unit"])
    name = plural(one["item_name"]) if one["unit"] == "each" and amount != "1" else one["item_name"]
    return f"{amount} {name}"

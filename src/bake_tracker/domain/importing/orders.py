"""Plan customers' orders: rows with the same customer and reference are the lines of one order."""

from collections.abc import Mapping
from datetime import date, time
from typing import Any

from bake_tracker.domain.importing.plan import EventPlan, ItemPlan, OrderLinePlan, OrderPlan, RecipientPlan
from bake_tracker.domain.importing.rows import Findings, Row
from bake_tracker.domain.importing.shelf import Shelf
from bake_tracker.domain.orders.contents import HOWS, ORDERED
from bake_tracker.domain.units import parse_unit
from bake_tracker.domain.written import UnreadableError, read_time

_OF_ORDER = ("due", "time", "how", "place", "event", "note")
Key = tuple[str, str]
"""A customer's slug and their reference."""


def plan_orders(
    document: Mapping[str, Any],
    taken: Mapping[Key, int],
    items: Shelf[ItemPlan],
    recipients: Shelf[RecipientPlan],
    events: Shelf[EventPlan],
    findings: Findings,
) -> tuple[OrderPlan, ...]:
    """The orders that are not ``taken`` yet; all rows of an order are refused if one of them is."""
    rows: dict[Key, list[Row]] = {}
    for row in findings.rows(document, "orders"):
        customer = recipients.find(row, "customer")
        reference = row.read_name("reference", limit=120)
        if customer is None or row.refusals:
            findings.refuse(row)
        elif number := taken.get((customer.slug, reference)):
            findings.skip(row, f"taken already as order {number}; change that order if something is different now")
        else:
            rows.setdefault((customer.slug, reference), []).append(row)
    orders = [_order(key, lines, items, events) for key, lines in rows.items()]
    for lines in rows.values():
        if bad := next((row for row in lines if row.refusals), None):
            for row in lines:
                if not row.refusals:
                    row.refuse(
                        "reference", f"is of the same order as {bad.place}, which was refused; correct that first"
                    )
                findings.refuse(row)
    return tuple(order for order, lines in zip(orders, rows.values(), strict=True) if not lines[0].refusals)


def _order(key: Key, rows: list[Row], items: Shelf[ItemPlan], events: Shelf[EventPlan]) -> OrderPlan:
    first, *others = rows
    for row in others:
        for field in _OF_ORDER:
            if row.has(field) and row.fields[field] != first.fields.get(field):
                row.refuse(field, f"differs from {first.place}, a row of the same order; make both the same")
    due = first.read_day("due")
    if not first.has("due"):
        first.refuse("due", "is missing; give the day on which the customer wants it")
    event = events.find(first, "event") if first.has("event") else None
    return OrderPlan(
        recipient_slug=key[0],
        reference=key[1],
        due_on=due or date.max,
        due_time=_time(first),
        how=first.read_choice("how", HOWS, HOWS[0]),
        place=first.read_name("place") if first.has("place") else None,
        event_slug=event.slug if event else None,
        note=first.read_text("note"),
        lines=tuple(_line(row, items) for row in rows),
    )


def _line(row: Row, items: Shelf[ItemPlan]) -> OrderLinePlan:
    item = items.find(row, "item", is_sold, "a finished unit or finished good")
    if item is not None and not is_sold(item):
        row.refuse("item", f"{item.slug} is neither a finished unit nor a finished good; a customer cannot order it")
    unit = None
    if row.has("unit") and item is not None:
        unit = row.read_unit("unit", parse_unit(item.base_unit).dimension)
    return OrderLinePlan(
        item_slug=item.slug if item else "",
        quantity=row.read_number("quantity"),
        unit=unit.name if unit else None,
        price=row.read_money("price"),
    )


def is_sold(item: ItemPlan) -> bool:
    """Whether customers order it."""
    return item.kind in ORDERED and not item.is_category


def _time(row: Row) -> time | None:
    """The time of day; a spreadsheet's has seconds."""
    text = row.fields.get("time")
    if text in (None, ""):
        return None
    try:
        return read_time(str(text).removesuffix(":00") if str(text).count(":") == 2 else str(text))
    except UnreadableError as error:
        row.refuse("time", str(error))
        return None

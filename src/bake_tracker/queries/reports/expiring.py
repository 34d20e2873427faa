"""Lots that expire soon, their value, and possible uses for them."""

from collections import defaultdict
from datetime import date, timedelta
from typing import Any, Literal, TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money
from bake_tracker.domain.stock.lots import NO_EXPIRY, OpenState, open_state
from bake_tracker.domain.stock.possible import times_to_use_up
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.queries.runs.can_make import Larder, load_larder


class Use(TypedDict):
    """A possible use: how many the stock allows, and how many use up the lot and those drawn before it."""

    what: Literal["recipe", "box"]
    slug: str
    possible: int
    to_use_up: int


class ExpiringLot(TypedDict):
    """A lot that expires soon or has expired; ``days_left`` is 0 on its last day."""

    lot_id: int
    lot_code: str
    item_slug: str
    on_hand: str
    unit: str
    value: str | None
    expires_on: str | None
    usable_until: str
    days_left: int
    state: OpenState
    location: str | None
    uses: list[Use]


def load_expiring(session: Session, today: date, within_days: int, larder: Larder | None = None) -> list[ExpiringLot]:
    """Lots that expire within ``within_days``, including expired ones, soonest first.

    Seven statements for any number of lots, or one if the larder is given. Lots that are expired or on hold have no
    uses.
    """
    horizon = min(NO_EXPIRY - today, timedelta(days=within_days)) + today
    soon = select(tables.lot.c.item_id).where(tables.lot.c.remaining_micros > 0, tables.lot.c.usable_until <= horizon)
    rows = session.execute(
        select(
            tables.lot.c.id,
            tables.lot.c.item_id,
            tables.lot.c.code,
            tables.lot.c.remaining_micros,
            tables.lot.c.remaining_cost_micros,
            tables.lot.c.expires_on,
            tables.lot.c.usable_until,
            tables.lot.c.on_hold,
            tables.lot.c.location,
            tables.item.c.slug,
            tables.item.c.base_unit,
        )
        .join(tables.item, tables.item.c.id == tables.lot.c.item_id)
        .where(tables.lot.c.remaining_micros > 0, tables.lot.c.item_id.in_(soon))
        .order_by(tables.lot.c.item_id, tables.lot.c.pick_on, tables.lot.c.received_on, tables.lot.c.id)
    )
    larder = larder or load_larder(session, today)
    drawn_by_then: defaultdict[int, int] = defaultdict(int)
    found: list[ExpiringLot] = []
    for row in rows:
        state = open_state(row.on_hold, row.usable_until, today)
        if state == "open":
            drawn_by_then[row.item_id] += row.remaining_micros
        if row.usable_until is not None and row.usable_until <= horizon:
            uses = _uses(larder, row.item_id, drawn_by_then[row.item_id]) if state == "open" else []
            found.append(_told(row, state, uses, (row.usable_until - today).days))
    return sorted(found, key=lambda lot: (lot["usable_until"], lot["item_slug"], lot["lot_id"]))


def _uses(larder: Larder, item_id: int, micros: int) -> list[Use]:
    return [
        {
            "what": making.what,
            "slug": making.slug,
            "possible": making.count,
            "to_use_up": times_to_use_up(making.per_one[item_id], micros),
        }
        for making in larder.makings
        if making.count is not None and item_id in making.per_one
    ]


def _told(row: Any, state: OpenState, uses: list[Use], days_left: int) -> ExpiringLot:
    return {
        "lot_id": row.id,
        "lot_code": row.code,
        "item_slug": row.slug,
        "on_hand": format_micros(row.remaining_micros),
        "unit": row.base_unit,
        "value": format_money(row.remaining_cost_micros),
        "expires_on": row.expires_on.isoformat() if row.expires_on else None,
        "usable_until": row.usable_until.isoformat(),
        "days_left": days_left,
        "state": state,
        "location": row.location,
        "uses": uses,
    }

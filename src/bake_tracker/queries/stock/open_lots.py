"""The lots that may be used."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from itertools import starmap
from typing import Any

from sqlalchemy import BigInteger, Connection, Date, String, TextClause, bindparam, func, or_, select, text
from sqlalchemy.orm import Session

from bake_tracker.domain.stock.fifo import OpenLot
from bake_tracker.domain.units import MAX_TOTAL_MICROS
from bake_tracker.models import tables
from bake_tracker.models.types import ExactRatio

_NEEDS = {
    "sqlite": "SELECT CAST(key AS INTEGER) AS item_id, value AS quantity FROM json_each(:needs)",
    "postgresql": "SELECT key::bigint AS item_id, value::bigint AS quantity FROM json_each_text(CAST(:needs AS json))",
}

# One lot by index for each row on the left. PostgreSQL would hash the whole table for SQLite's kind of join.
_ONE_LOT = {
    "sqlite": ("JOIN lot ON lot.id = (SELECT id", ")"),
    "postgresql": ("CROSS JOIN LATERAL (SELECT *", ") AS lot"),
}

# Walks the partial index of open lots in picking order and stops when the need is met. A window sum would read every
# open lot, and PostgreSQL allows FOR UPDATE with neither, so the item rows are locked first.
_WALK = """
WITH RECURSIVE need AS ({needs}),
walk (
    item_id, quantity, lot_id, pick_on, received_on, expires_on, code, remaining, cost, g_per_ml, g_per_each, reached
) AS (
    SELECT need.item_id, need.quantity, lot.id, lot.pick_on, lot.received_on, lot.usable_until, lot.code,
        lot.remaining_micros, lot.remaining_cost_micros, lot.g_per_ml, lot.g_per_each, {counts}
    FROM need {one} FROM lot AS first
        WHERE first.item_id = need.item_id AND first.remaining_micros > 0 AND first.on_hold = false
            AND (first.usable_until IS NULL OR first.usable_until >= :usable_on) AND first.received_on <= :there_on
        ORDER BY first.pick_on, first.received_on, first.id LIMIT 1{lot}
    UNION ALL
    SELECT walk.item_id, walk.quantity, lot.id, lot.pick_on, lot.received_on, lot.usable_until, lot.code,
        lot.remaining_micros, lot.remaining_cost_micros, lot.g_per_ml, lot.g_per_each, walk.reached + {counts}
    FROM walk {one} FROM lot AS next
        WHERE next.item_id = walk.item_id AND next.remaining_micros > 0 AND next.on_hold = false
            AND (next.usable_until IS NULL OR next.usable_until >= :usable_on) AND next.received_on <= :there_on
            AND (next.pick_on, next.received_on, next.id) > (walk.pick_on, walk.received_on, walk.lot_id)
        ORDER BY next.pick_on, next.received_on, next.id LIMIT 1{lot}
    WHERE walk.reached < walk.quantity
)
SELECT lot_id, item_id, code, remaining, cost, expires_on, NULL AS priced, g_per_ml, g_per_each
FROM walk ORDER BY item_id, pick_on, received_on, lot_id
"""


# A lot with a weight of its own may meet less of the need than it holds, so it is not counted here.
_COUNTS = "CASE WHEN lot.g_per_ml IS NULL AND lot.g_per_each IS NULL THEN lot.remaining_micros ELSE 0 END"


@lru_cache(2)
def _walk(dialect: str) -> Any:
    one, lot = _ONE_LOT[dialect]
    statement: TextClause = text(_WALK.format(needs=_NEEDS[dialect], one=one, lot=lot, counts=_COUNTS))
    return statement.columns(
        lot_id=BigInteger,
        item_id=BigInteger,
        code=String,
        remaining=BigInteger,
        cost=BigInteger,
        expires_on=Date,
        priced=BigInteger,
        g_per_ml=ExactRatio(),
        g_per_each=ExactRatio(),
    )


def load_lots_to_draw(
    connection: Connection, needs: Mapping[int, int], usable_on: date, *, there_on: date = date.max
) -> list[OpenLot]:
    """The open lots that meet ``needs`` (item id -> millionths), in picking order, and no more than those.

    Lots on hold, expired before ``usable_on``, or received after ``there_on`` are passed over. If a need cannot be met,
    all of its open lots are returned.
    """
    dialect = connection.dialect.name
    parameters = {"needs": json.dumps({str(key): quantity for key, quantity in needs.items()})}
    days = {"usable_on": usable_on, "there_on": there_on}
    as_kept = {name: day.isoformat() if dialect == "sqlite" else day for name, day in days.items()}
    rows = connection.execute(_walk(dialect), {**parameters, **as_kept}).all()
    return list(starmap(OpenLot, rows))


def load_usable_codes(session: Session, item_ids: Iterable[int], usable_on: date) -> list[str]:
    """The codes of the lots of these items that may be used, in picking order."""
    everything = dict.fromkeys(item_ids, MAX_TOTAL_MICROS)
    return [lot.code for lot in load_lots_to_draw(session.connection(), everything, usable_on)]


_CAME_LATER = (
    select(tables.lot.c.item_id, func.sum(tables.lot.c.remaining_micros))
    .where(
        tables.lot.c.item_id.in_(bindparam("ids", expanding=True)),
        tables.lot.c.remaining_micros > 0,
        tables.lot.c.on_hold.is_(False),
        tables.lot.c.received_on > bindparam("day"),
        or_(tables.lot.c.usable_until.is_(None), tables.lot.c.usable_until >= bindparam("day")),
    )
    .group_by(tables.lot.c.item_id)
)


def load_came_later(connection: Connection, item_ids: Iterable[int], day: date) -> dict[int, int]:
    """By item, the millionths in open lots received after ``day`` and usable on it; one statement."""
    rows = connection.execute(_CAME_LATER, {"ids": sorted(item_ids), "day": day})
    return {item_id: int(micros) for item_id, micros in rows}

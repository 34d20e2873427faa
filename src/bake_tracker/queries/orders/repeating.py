"""Standing orders as they are, and the days that they are for."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import StandingOrderNotFoundError
from bake_tracker.domain.orders.contents import OrderedLine
from bake_tracker.domain.orders.rule import Rule, read_rule
from bake_tracker.models import tables
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.operations.reversal import stands

_order, _line = tables.standing_order, tables.standing_order_line
_stop, _day = tables.standing_order_stop, tables.standing_order_day


@dataclass(frozen=True, slots=True)
class RepeatingOrder:
    """A standing order; ``stops`` are spans of days without it, and ``taken`` the orders taken for days, by day."""

    standing_order_id: int
    recipient_id: int | None
    starts_on: date
    rule: Rule
    due_time: str | None
    how: str
    place: str | None
    note: str | None
    lines: tuple[OrderedLine, ...]
    stops: tuple[tuple[date, date | None], ...]
    taken: Mapping[date, int]

    def days(self, since: date, until: date) -> list[date]:
        """The days of a span that it is for, with or without an order taken."""
        return [day for day in self.rule.days(self.starts_on, since, until) if not self.is_stopped(day)]

    def is_stopped(self, day: date) -> bool:
        return any(since <= day and (until is None or day <= until) for since, until in self.stops)

    def open_days(self, since: date, until: date) -> list[date]:
        """The days of a span for which no order was taken yet."""
        return [day for day in self.days(since, until) if day not in self.taken]

    @property
    def has_ended(self) -> bool:
        return any(until is None for _, until in self.stops)


def load_repeating_order(session: Session, standing_order_id: int) -> RepeatingOrder:
    """One standing order; four statements.

    Raises:
        StandingOrderNotFoundError: there is no such standing order, or it was undone.
    """
    found = load_repeating_orders(session, _order.c.id == standing_order_id)
    if not found:
        raise StandingOrderNotFoundError(standing_order_id)
    return found[0]


def load_repeating_orders(session: Session, wanted: ColumnElement[bool] | None = None) -> list[RepeatingOrder]:
    """The standing orders that were not undone, in order; four statements."""
    rows = session.execute(
        select(_order).where(true() if wanted is None else wanted, stands(_order.c.operation_id)).order_by(_order.c.id)
    ).all()
    keys = [row.id for row in rows]
    lines: defaultdict[int, list[OrderedLine]] = defaultdict(list)
    for row in session.execute(
        select(_line).where(among(session, _line.c.standing_order_id, keys)).order_by(_line.c.line)
    ):
        lines[row.standing_order_id].append(OrderedLine(row.line, row.item_id, row.quantity_micros, row.price_micros))
    stops: defaultdict[int, list[tuple[date, date | None]]] = defaultdict(list)
    of_stops = among(session, _stop.c.standing_order_id, keys), stands(_stop.c.operation_id)
    for row in session.execute(select(_stop).where(*of_stops).order_by(_stop.c.id)):
        stops[row.standing_order_id].append((row.since, row.until))
    taken: defaultdict[int, dict[date, int]] = defaultdict(dict)
    of_days = among(session, _day.c.standing_order_id, keys), stands(_day.c.operation_id)
    for row in session.execute(select(_day).where(*of_days)):
        taken[row.standing_order_id][row.day] = row.order_id
    return [
        RepeatingOrder(
            standing_order_id=row.id,
            recipient_id=row.recipient_id,
            starts_on=row.starts_on,
            rule=read_rule(row.rule, row.starts_on),
            due_time=row.due_time,
            how=row.how,
            place=row.place,
            note=row.note,
            lines=tuple(lines[row.id]),
            stops=tuple(stops[row.id]),
            taken=taken[row.id],
        )
        for row in rows
    ]

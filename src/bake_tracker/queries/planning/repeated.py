"""What standing orders want on the days for which no order was taken yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.orders.contents import OrderedLine
from bake_tracker.domain.recipes.quantities import Item
from bake_tracker.models import tables
from bake_tracker.queries.catalog.definitions import ITEM_COLUMNS, as_item
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.orders.repeating import RepeatingOrder, load_repeating_orders


@dataclass(frozen=True, slots=True)
class Repeated:
    """A day of a standing order, and the customer's name."""

    order: RepeatingOrder
    day: date
    recipient: str | None

    def ref_of(self, line: OrderedLine) -> tuple[str, int, int, int]:
        """How the plan knows what this day wants of a line."""
        return ("standing", self.order.standing_order_id, self.day.toordinal(), line.line or 0)


def load_repeated(session: Session, since: date, until: date) -> tuple[list[Repeated], Mapping[int, Item]]:
    """The days of standing orders that are still to be taken, and the items in them; six statements."""
    orders = load_repeating_orders(session)
    wanted = {line.item_id for order in orders for line in order.lines}
    items = session.execute(select(*ITEM_COLUMNS).where(among(session, tables.item.c.id, wanted)))
    customers = {order.recipient_id for order in orders if order.recipient_id is not None}
    recipient = tables.recipient.c
    rows = session.execute(select(recipient.id, recipient.name).where(among(session, recipient.id, customers)))
    names = {row.id: row.name for row in rows}
    return (
        [Repeated(one, day, names.get(one.recipient_id)) for one in orders for day in one.open_days(since, until)],
        {row.id: as_item(row) for row in items},
    )

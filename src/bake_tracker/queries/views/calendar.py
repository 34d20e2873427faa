"""What stands in the calendar: orders that are still to be handed over, and the plan of the coming week."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bake_tracker.domain.planning.diary import Entry, order_entry, task_entry
from bake_tracker.domain.slices import Ask
from bake_tracker.queries.planning.told import load_planned
from bake_tracker.queries.views.order import load_order_slice

DAYS_BACK = 31
DAYS_AHEAD = 366
MOST_ORDERS = 2_000


def load_calendar(session: Session, at: datetime, *, with_names: bool) -> list[Entry]:
    """Orders from a month ago to a year ahead, at most the first 2,000, and what to make in the next seven days."""
    planned = load_planned(session, at, None, None)
    today, zone = planned.inputs.today, planned.inputs.house.time_zone
    orders = load_order_slice(
        session,
        Ask("due_on", limit=MOST_ORDERS),
        since=today - timedelta(days=DAYS_BACK),
        until=today + timedelta(days=DAYS_AHEAD),
    )
    return [
        *(order_entry(row, zone, with_names=with_names) for row in orders.rows),
        *(task_entry(planned.task(task)) for task in planned.tasks),
    ]

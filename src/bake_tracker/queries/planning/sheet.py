"""The production sheet of a day: what to make, every weight scaled, and the lots to take."""

from datetime import date, datetime
from typing import TypedDict

from sqlalchemy.orm import Session

from bake_tracker.queries.planning.reasons import LineReasons, TakenQuantity
from bake_tracker.queries.planning.told import PlannedTask, load_planned


class SheetLine(PlannedTask):
    """A line of the plan with where each quantity comes from."""

    ingredients: list[TakenQuantity]


class DaySheet(TypedDict):
    """A day's lines in the order to make them."""

    bakery: str
    day: str
    lines: list[SheetLine]


def load_day_sheet(session: Session, day: date, at: datetime) -> DaySheet:
    """The production sheet of a day of the plan; as many statements as the plan.

    Raises:
        ValidationError: the day is more than a year from today.
    """
    planned = load_planned(session, at, day, day)
    reasons = LineReasons(planned)
    return {
        "bakery": planned.inputs.house.name,
        "day": day.isoformat(),
        "lines": [{**planned.task(task), "ingredients": reasons.takes(task)} for task in planned.tasks],
    }

"""Accept a plan: what is to be made on which day, as it was shown. It changes no stock."""

import re
from datetime import date
from fractions import Fraction
from typing import Any, TypedDict, cast
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments, shown
from bake_tracker.domain.errors import ConflictError, ValidationError
from bake_tracker.domain.planning.accepting import LOOKS_RIGHT, parts_changed
from bake_tracker.domain.planning.ways import id_of
from bake_tracker.domain.units import MICRO
from bake_tracker.models import AcceptedPlan, AcceptedPlanVersion, tables
from bake_tracker.queries.bakery import lock_bakery
from bake_tracker.queries.planning.accepted import (
    AcceptedLine,
    days_in_words,
    load_accepted_plan,
    load_accepted_spans,
)
from bake_tracker.queries.planning.told import Planned, load_planned
from bake_tracker.services.operation import Kind, Operation, recording

RECORD = Kind(
    "record_plan",
    "plan_service",
    "Accepted a plan",
    success_fields=("plan_id", "since", "until", "line_count"),
)

_add_plan = insert(tables.accepted_plan).returning(AcceptedPlan.__table__.c.id)
_add_version = insert(tables.accepted_plan_version).returning(AcceptedPlanVersion.__table__.c.id)
_add_lines = insert(tables.accepted_plan_line)


class PlanResult(TypedDict):
    """An accepted plan; ``inputs`` is the code of what it was worked out from."""

    operation_id: str
    plan_id: int
    since: str
    until: str
    inputs: str
    line_count: int
    lines: list[AcceptedLine]


def record_plan(
    inputs: str,
    *,
    session: Session,
    since: date | None = None,
    until: date | None = None,
    operation_id: UUID | str | None = None,
) -> PlanResult:
    """Accept the plan of these days as it was shown, in the caller's transaction; it changes no stock.

    ``since`` and ``until`` are the days of the plan, as for the plan itself. ``inputs`` is the code that was shown with
    it: if orders, stock, recipes or anything else that it was worked out from has changed since, it is refused.

    Raises:
        ValidationError: an argument is not allowed, or the days begin before today.
        ConflictError: the plan is no longer the one that was shown, makes nothing, or one of its days has an accepted
            plan; or ``operation_id`` was used for something else.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        asked = {
            "inputs": given.name("inputs", inputs),
            **{name: given.day(name, value) for name, value in (("since", since), ("until", until))},
        }
        if not re.fullmatch(LOOKS_RIGHT, str(asked["inputs"])):
            given.refuse("inputs", f"must be the code that was shown with the plan, not {shown(inputs)}")
        given.done()
        if done := operation.claim(asked):
            return cast(PlanResult, done)

        # Of two people who accept at once, the second sees what the first accepted.
        house = lock_bakery(session)
        planned = load_planned(session, operation.now, cast(date | None, asked["since"]), cast(Any, asked["until"]))
        if planned.since < (today := house.local_day(operation.now)):
            raise ValidationError.of("since", f"must not be before today, {today}")
        _refuse_another(session, planned, str(asked["inputs"]))

        plan_id: int = session.execute(_add_plan, {"operation_id": operation.id}).scalar_one()
        _add(operation, plan_id, planned)
        accepted = load_accepted_plan(session, plan_id)
        return operation.succeed(
            PlanResult(
                operation_id=operation.id,
                plan_id=plan_id,
                since=accepted["since"],
                until=accepted["until"],
                inputs=accepted["inputs"],
                line_count=len(accepted["lines"]),
                lines=accepted["lines"],
            )
        )


def _refuse_another(session: Session, planned: Planned, was_shown: str) -> None:
    """Refuse a plan that is not the one that was shown, that makes nothing, or for days that have one."""
    if taken := load_accepted_spans(session, planned.since, planned.until):
        raise ConflictError(
            f"these days have an accepted plan already: {days_in_words(taken)}; choose other days, or undo it first",
            plan_id=taken[0]["plan_id"],
        )
    if changed := parts_changed(was_shown, planned.code):
        what = f"{', '.join(changed[:-1])} and {changed[-1]}" if len(changed) > 1 else changed[0]
        raise ConflictError(f"the plan is no longer the one that was shown: {what} changed; look at it again")
    if not planned.tasks:
        raise ConflictError("the plan of these days makes nothing, so there is nothing to accept")


def _add(operation: Operation, plan_id: int, planned: Planned) -> None:
    """Write the plan as this operation leaves it."""
    version: dict[str, Any] = {
        "operation_id": operation.id,
        "accepted_plan_id": plan_id,
        "first_on": planned.since,
        "last_on": planned.until,
        "inputs": planned.code,
    }
    version_id: int = operation.session.execute(_add_version, version).scalar_one()
    rows = [
        {
            "operation_id": operation.id,
            "accepted_plan_version_id": version_id,
            "line": task.number,
            "day": date.fromordinal(task.day),
            "recipe_id": None if task.is_packing else id_of(task.way),
            "item_id": id_of(item),
            "batches": Fraction(task.batches) / (MICRO if task.is_packing else 1),
            "quantity_micros": planned.micros(quantity),
        }
        for task in planned.tasks
        for item, quantity in task.gives.items()
    ]
    operation.session.execute(_add_lines, rows)

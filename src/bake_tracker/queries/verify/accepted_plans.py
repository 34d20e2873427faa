"""Verify accepted plans: their versions and lines are what their operations answered."""

from collections.abc import Iterator

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.units import format_exact, format_micros
from bake_tracker.models import AcceptedPlan, AcceptedPlanLine, AcceptedPlanVersion, Operation
from bake_tracker.queries.verify.drift import Drift, Told, drift, in_batches
from bake_tracker.queries.verify.orders import answer_in, compare

_OF_LINE = ("line", "day", "recipe_id", "batches", "gives")


def accepted_plan_drift(session: Session, told: Told) -> Iterator[Drift]:
    """Every accepted plan, version and line that does not fit the others or the answer of its operation."""
    plan, version, line = AcceptedPlan, AcceptedPlanVersion, AcceptedPlanLine
    first = (
        select(plan.id, plan.operation_id, func.min(version.id).label("version_id"))
        .outerjoin(version, version.accepted_plan_id == plan.id)
        .group_by(plan.id, plan.operation_id)
        .subquery()
    )
    strange = {
        "first version of an accepted plan": select(first.c.id, first.c.operation_id, version.operation_id)
        .outerjoin(version, version.id == first.c.version_id)
        .where(or_(version.id.is_(None), version.operation_id != first.c.operation_id)),
        "line of an accepted plan": select(line.id, version.operation_id, line.operation_id)
        .join(version, version.id == line.accepted_plan_version_id)
        .where(version.operation_id != line.operation_id),
    }
    for what, statement in strange.items():
        for key, expected, found in session.execute(statement):
            yield drift(what, key, expected, found)
    rows = select(version, Operation.result).join(Operation, Operation.id == version.operation_id).order_by(version.id)
    for batch in in_batches(session, rows, told, "accepted plans"):
        for row, result in batch:
            answered = answer_in(result)
            stored = {
                "plan_id": row.accepted_plan_id,
                "since": row.first_on.isoformat(),
                "until": row.last_on.isoformat(),
                "inputs": row.inputs,
                "lines": _lines(session, row.id),
            }
            yield from compare(_short(answered), stored, row.operation_id, _OF_LINE)


def _lines(session: Session, version_id: int) -> list[list[object]]:
    """The lines of a version as ``compare`` reads them: the products of a line stand together."""
    found: dict[int, list[object]] = {}
    gives: dict[int, list[list[object]]] = {}
    of_it = AcceptedPlanLine.accepted_plan_version_id == version_id
    order = AcceptedPlanLine.line, AcceptedPlanLine.id
    for row in session.scalars(select(AcceptedPlanLine).where(of_it).order_by(*order)):
        products = gives.setdefault(row.line, [])
        products.append([row.item_id, format_micros(row.quantity_micros)])
        head = [row.line, row.day.isoformat(), row.recipe_id, format_exact(row.batches), products]
        if found.setdefault(row.line, head)[:4] != head[:4]:
            products.append(head[:4])  # the products of one line disagree about it
    return list(found.values())


def _short(answered: dict[str, object]) -> dict[str, object]:
    """An answer with what each line gives as pairs of item and quantity."""
    lines = answered.get("lines")
    return {**answered, "lines": [_short_line(one) for one in lines]} if isinstance(lines, list) else answered


def _short_line(line: object) -> object:
    if not isinstance(line, dict) or not isinstance(given := line.get("gives"), list):
        return line
    pairs = [[one.get("item_id"), one.get("quantity")] if isinstance(one, dict) else one for one in given]
    return {**line, "gives": pairs}

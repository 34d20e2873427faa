"""Accepted plans: which days have one, and the lines of each."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal, TypedDict

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import AcceptedPlanNotFoundError
from bake_tracker.domain.units import format_exact, format_micros
from bake_tracker.models import tables
from bake_tracker.queries.operations.reversal import stands
from bake_tracker.queries.planning.told import PlannedQuantity

_version, _line = tables.accepted_plan_version, tables.accepted_plan_line
_newer = tables.accepted_plan_version.alias()


class AcceptedSpan(TypedDict):
    """An accepted plan and its days."""

    plan_id: int
    since: str
    until: str


class AcceptedLine(TypedDict):
    """A line of an accepted plan: batches of a recipe or boxes to pack, and what they give."""

    line: int
    what: Literal["bake", "pack"]
    day: str
    recipe_id: int | None
    slug: str
    name: str
    batches: str
    gives: list[PlannedQuantity]


class AcceptedPlanView(AcceptedSpan):
    """An accepted plan with the operation that left it as it is; ``inputs`` is a code for what it rests on."""

    operation_id: str
    inputs: str
    accepted_at: str
    lines: list[AcceptedLine]


def load_accepted_spans(session: Session, first: date, last: date) -> list[AcceptedSpan]:
    """The accepted plans for any of these days, the earliest first; one statement."""
    within = _in_force(_version).where(_version.c.first_on <= last, _version.c.last_on >= first)
    return [_span(row) for row in session.execute(within.order_by(_version.c.first_on))]


def load_accepted_plan(session: Session, plan_id: int) -> AcceptedPlanView:
    """An accepted plan as it is now; two statements.

    Raises:
        AcceptedPlanNotFoundError: there is none with this number, or it was undone.
    """
    operation = tables.operation.c
    found = _in_force(_version, operation.recorded_at).join(tables.operation, operation.id == _version.c.operation_id)
    row = session.execute(found.where(_version.c.accepted_plan_id == plan_id)).one_or_none()
    if row is None:
        raise AcceptedPlanNotFoundError(plan_id)
    recorded_at: datetime = row.recorded_at
    return {
        **_span(row),
        "operation_id": row.operation_id,
        "inputs": row.inputs,
        "accepted_at": recorded_at.isoformat(),
        "lines": _lines(session, row.id),
    }


def _in_force(version: Any, *more: Any) -> Select[Any]:
    """The latest version of each plan, unless it was undone."""
    newer = select(_newer.c.id).where(
        _newer.c.accepted_plan_id == version.c.accepted_plan_id,
        _newer.c.id > version.c.id,
        stands(_newer.c.operation_id),
    )
    return select(version, *more).where(stands(version.c.operation_id), ~newer.exists())


def _span(row: Any) -> AcceptedSpan:
    return {"plan_id": row.accepted_plan_id, "since": row.first_on.isoformat(), "until": row.last_on.isoformat()}


def _lines(session: Session, version_id: int) -> list[AcceptedLine]:
    item, recipe = tables.item, tables.recipe
    rows = session.execute(
        select(
            _line,
            *(item.c[name].label(f"item_{name}") for name in ("slug", "name")),
            item.c.base_unit,
            *(recipe.c[name].label(f"recipe_{name}") for name in ("slug", "name")),
        )
        .join(item, item.c.id == _line.c.item_id)
        .outerjoin(recipe, and_(recipe.c.id == _line.c.recipe_id))
        .where(_line.c.accepted_plan_version_id == version_id)
        .order_by(_line.c.line, _line.c.id)
    ).all()
    lines: dict[int, AcceptedLine] = {}
    for row in rows:
        lines.setdefault(row.line, _begun(row))["gives"].append(
            {
                "item_id": row.item_id,
                "item_slug": row.item_slug,
                "item_name": row.item_name,
                "quantity": format_micros(row.quantity_micros),
                "unit": row.base_unit,
            }
        )
    return list(lines.values())


def _begun(row: Any) -> AcceptedLine:
    """A line without its products yet."""
    is_packing = row.recipe_id is None
    return {
        "line": row.line,
        "what": "pack" if is_packing else "bake",
        "day": row.day.isoformat(),
        "recipe_id": row.recipe_id,
        "slug": row.item_slug if is_packing else row.recipe_slug,
        "name": row.item_name if is_packing else row.recipe_name,
        "batches": format_exact(row.batches),
        "gives": [],
    }


def days_in_words(spans: Sequence[AcceptedSpan]) -> str:
    """``plan 3 (2026-12-04 to 2026-12-06)``, joined if there are several."""
    return ", ".join(f"plan {one['plan_id']} ({one['since']} to {one['until']})" for one in spans)

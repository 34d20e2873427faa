"""Routes of the plan: what to make and buy, why, whether a day is possible; and par levels."""

from datetime import date
from typing import Annotated, Literal

from fastapi import Path, Request
from pydantic import ConfigDict
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.entrypoints.api.common import (
    Body,
    IdempotencyKey,
    Key,
    Since,
    Until,
    reads,
    recorded,
    routes,
    sends,
    tagged,
    writes,
)
from bake_tracker.entrypoints.api.fields import Day, Id, MixSize, PlanCode, Quantity, UnitText
from bake_tracker.entrypoints.api.remedies import in_words
from bake_tracker.entrypoints.http.downloads import file_answer
from bake_tracker.queries.planning.actual import PlanActual, load_plan_actual
from bake_tracker.queries.planning.day import DayCheck, load_day_check
from bake_tracker.queries.planning.reasons import PlanReasons, load_plan_reasons
from bake_tracker.queries.planning.sheet import DaySheet, load_day_sheet
from bake_tracker.queries.planning.shelf import ParRow, load_par_levels
from bake_tracker.queries.planning.week import PlanView, load_plan
from bake_tracker.services.database import read_scope
from bake_tracker.services.planning.batch_options import BatchResult, record_recipe_batches
from bake_tracker.services.planning.par_levels import ParResult, record_par_level
from bake_tracker.services.planning.plan import PlanResult, record_plan

router = routes("", "plan")

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "every day"]


class Batching(Body):
    """What one mix of a recipe may be, in batches; see ``record_recipe_batches``."""

    step: Literal["whole", "half", "quarter"] = "whole"
    smallest: MixSize | None = None
    largest: MixSize | None = None


class Accepting(Body):
    """The plan that was shown: its days, and its ``inputs``. See ``record_plan``."""

    inputs: PlanCode
    since: Day | None = None
    until: Day | None = None


class ParLevel(Body):
    """How much of an item is to be on the shelf at opening; null removes the level. See ``record_par_level``."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"item_id": 5, "quantity": "40", "weekday": "saturday"}]})

    item_id: Id
    quantity: Quantity | None
    unit: UnitText | None = None
    weekday: Weekday = "every day"


@router.get("/plan", **reads(PlanView))
def get_plan(request: Request, since: Since = None, until: Until = None) -> Response:
    """What to make and buy for orders and par levels, from today for seven days unless you say otherwise."""
    with read_scope() as session:
        return tagged(request, in_words(load_plan(session, now(), since, until)))


@router.post("/plans", **writes(PlanResult))
def accept_plan(request: Request, body: Accepting, idempotency_key: IdempotencyKey = None) -> Response:
    """Accept the plan that was shown for these days."""
    return recorded(request, idempotency_key, record_plan, at="/plans/{plan_id}", **body.given())


@router.get("/plans/{plan_id}", **reads(PlanActual))
def get_accepted_plan(request: Request, plan_id: Key) -> Response:
    """An accepted plan with what was made, handed over and thrown away of each line, and what is left to make."""
    with read_scope() as session:
        return tagged(request, load_plan_actual(session, plan_id))


@router.get("/plan/lines/{line}", **reads(PlanReasons))
def get_plan_line(
    request: Request,
    line: Annotated[int, Path(ge=1, le=100_000, description="a line of the plan of the same days")],
    since: Since = None,
    until: Until = None,
) -> Response:
    """Why a line is in the plan: who wants what it makes, and where what it takes comes from."""
    with read_scope() as session:
        return tagged(request, in_words(load_plan_reasons(session, line, now(), since, until)))


@router.get("/plan/days/{day}", **reads(DayCheck))
def check_day(request: Request, day: date) -> Response:
    """Whether the stock allows everything that is planned for a day, all of it together."""
    with read_scope() as session:
        return tagged(request, in_words(load_day_check(session, day, now())))


@router.get("/plan/days/{day}/sheet", **reads(DaySheet))
def get_day_sheet(request: Request, day: date) -> Response:
    """The production sheet of a day: what to make, every weight scaled, and the lots to take."""
    with read_scope() as session:
        return tagged(request, load_day_sheet(session, day, now()))


@router.get("/plan/days/{day}/sheet.pdf", **sends("pdf"))
def get_day_sheet_pdf(day: date) -> Response:
    """The production sheet as a PDF for the wall."""
    from bake_tracker.files.sheet_pdf import render_sheet  # no other route should wait for the PDF library

    with read_scope() as session:
        sheet = load_day_sheet(session, day, now())
    return file_answer(render_sheet(sheet), f"sheet-{day}.pdf")


@router.put("/recipes/{recipe_id}/batches", **writes(BatchResult, status=200))
def set_batches(request: Request, recipe_id: Key, body: Batching, idempotency_key: IdempotencyKey = None) -> Response:
    """Set what one mix of a recipe may be; plans then say how many mixes of which size."""
    return recorded(request, idempotency_key, record_recipe_batches, at=None, recipe_id=recipe_id, **body.given())


@router.get("/par-levels", **reads(list[ParRow]))
def list_par_levels(request: Request) -> Response:
    """All par levels by item and weekday."""
    with read_scope() as session:
        return tagged(request, load_par_levels(session))


@router.put("/par-levels", **writes(ParResult, status=200))
def set_par_level(request: Request, body: ParLevel, idempotency_key: IdempotencyKey = None) -> Response:
    """Set or remove a par level."""
    return recorded(request, idempotency_key, record_par_level, at=None, **body.given())

"""Bake: choose a recipe, see what it needs, record what came out."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from fastapi import Request
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.domain.choices import LOSS_REASONS
from bake_tracker.domain.errors import RecipeNotFoundError, ServiceError, ValidationError
from bake_tracker.domain.recipes.quantities import Recipe
from bake_tracker.domain.slices import Ask
from bake_tracker.domain.stock.outputs import OutputInput
from bake_tracker.entrypoints.http.access import BAKER, VIEWER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.forms import Form, Sent, asked, choices
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.entrypoints.web.production.really_used import by_used_row, read_used, used_choices
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.catalog.definitions import find_id, load_recipe
from bake_tracker.queries.catalog.parts import Typed, refuse_parts
from bake_tracker.queries.operations.recorded import is_recorded
from bake_tracker.queries.runs.choices import load_recipe_choices
from bake_tracker.queries.runs.plans import load_plan_doubts, load_production_plan
from bake_tracker.queries.views.event import load_event_slice
from bake_tracker.services.batch_production_service import ProductionResult, record_batch_production
from bake_tracker.services.database import Session, read_scope, run_in_transaction

router = pages()

SHOWN = 60
LATEST_EVENTS = Ask("id", descending=True, limit=50)


@router.get("/bake", name="bake", dependencies=[VIEWER])
def bake(request: Request) -> Response:
    """List the recipes or, with ``?recipe=`` a slug or an id, show the one to bake."""
    form = asked(request)
    if not (form["recipe"] or form["recipe_id"]):
        search = form.text("q")
        with read_scope() as session:
            bakery = load_bakery(session)
            found = load_recipe_choices(session, SHOWN + 1, search)
        more = len(found) > SHOWN
        return render(request, "bake.html", bakery=bakery, choices=found[:SHOWN], has_more=more, search=search or "")
    return _page(request, form)


@router.get("/bake/check", name="bake_check", dependencies=[VIEWER])
def check(request: Request) -> Response:
    """The part of the page that shows the needs, reloaded whenever a number changes."""
    form = asked(request)
    with read_scope() as session:
        bakery = load_bakery(session)
        values = _checked(session, form, bakery.local_day(now()))
    return render(request, "bake_check.html", bakery=bakery, **values)


@router.post("/bake", name="do_bake", dependencies=[BAKER])
def record(request: Request, form: Sent) -> Response:
    """Record the production, or show the needs again if the form asked for that."""
    if "check" in form:
        form.sent = [(name, text) for name, text in form.sent if not name.startswith("also_")]
        return _page(request, form.put(actual_yield=None))
    try:
        done = _record(form)
    except ServiceError as error:
        return _page(request, form.refused(error), status_of(error))
    return go_to(request, "operation", {"done": "1"}, operation_id=done["operation_id"])


def _record(form: Form) -> ProductionResult:
    asked_for: dict[str, Any] = {
        "recipe_id": form.key("recipe_id", needed=True),
        "finished_unit_id": form.key("finished_unit_id", needed=True),
        "num_batches": form.quantity("num_batches", needed=True),
        "scale_factor": form.quantity("scale_factor", needed=True),
        "actual_yield": form.number("actual_yield", needed=True),
        "produced_at": form.moment("produced_at"),
        "count_saw": form.text("count_saw"),
        "event_id": form.key("event_id"),
        "loss_reason": form.text("loss_reason"),
        "notes": form.text("notes"),
    }
    form.done()
    if form["planned_for"] and form["planned_for"] != _planned_for(form) and form["planned"] == form["actual_yield"]:
        form.put(actual_yield=None)
        raise ValidationError.of(
            "actual_yield", "was filled in for a different number of batches; enter what really came out"
        )

    def work(session: Session) -> ProductionResult:
        used = read_used(session, form) or None
        outputs = _also_made(form, load_recipe(session, asked_for["recipe_id"])) or None
        form.done()
        came_out = asked_for["finished_unit_id"], asked_for["actual_yield"]
        plan = asked_for["recipe_id"], asked_for["num_batches"], asked_for["scale_factor"]
        if not is_recorded(session, form.operation_id):
            _refuse_parts(session, came_out, outputs)
            form.be_sure(load_plan_doubts(session, *plan, came_out, outputs))
        with by_used_row(form):
            return record_batch_production(
                session=session, operation_id=form.operation_id, used=used, outputs=outputs, **asked_for
            )

    return run_in_transaction(work)


def _refuse_parts(session: Session, came_out: tuple[int, Any], outputs: Sequence[OutputInput] | None) -> None:
    others = [
        Typed(f"also_{one['finished_unit_id']}", one["finished_unit_id"], one["actual_yield"]) for one in outputs or ()
    ]
    refuse_parts(session, [Typed("actual_yield", *came_out), *others])


def _also_made(form: Form, recipe: Recipe) -> list[OutputInput]:
    """The recipe's other products for which a number was entered."""
    found: list[OutputInput] = []
    for item_id in recipe.makes:
        number = form.number(f"also_{item_id}")
        if number is not None:
            found.append({"finished_unit_id": item_id, "actual_yield": number})
    return found


def _planned_for(form: Form) -> str:
    """The values that the planned yield depends on."""
    reading = Form(form.locale, form.sent)
    return " ".join(str(reading.quantity(name)) for name in ("finished_unit_id", "num_batches", "scale_factor"))


def _page(request: Request, form: Form, status: int = 200) -> Response:
    with read_scope() as session:
        bakery = load_bakery(session)
        values = _checked(session, form, bakery.local_day(now()))
        events = load_event_slice(session, LATEST_EVENTS, offered=True).rows
        used = used_choices(session, form, values["plan"], bakery.local_day(now()))
    return render(
        request,
        "bake_run.html",
        status,
        bakery=bakery,
        events=choices(events, "event_id"),
        loss_reasons=[("", "Nothing was lost"), *((reason, reason.capitalize()) for reason in LOSS_REASONS)],
        **used,
        **values,
    )


def _checked(session: Session, form: Form, today: date) -> dict[str, Any]:
    """The needs, and the form with likely values."""
    recipe = load_recipe(session, _recipe_id(session, form))
    likely = {"num_batches": 1, "scale_factor": 1, "finished_unit_id": next(iter(recipe.makes), None)}
    form.put(recipe_id=str(recipe.recipe_id), **{name: value for name, value in likely.items() if not form[name]})
    question = Form(form.locale, form.sent)  # problems show beside the answer, not as a refusal
    plan = None
    try:
        batches, scale = question.quantity("num_batches"), question.quantity("scale_factor")
        question.done()
        plan = load_production_plan(session, recipe, batches, scale, today)
    except ServiceError as error:
        question.refused(error)
    makes = plan["makes"] if plan else []
    product = next((one for one in makes if str(one["item_id"]) == form["finished_unit_id"]), None)
    if product and not form["actual_yield"]:
        form.put(actual_yield=Decimal(product["expected"]))
    together = [one for one in makes if recipe.together and one is not product]
    for one in together:
        if f"also_{one['item_id']}" not in form:
            form.put(**{f"also_{one['item_id']}": Decimal(one["expected"])})
    return {
        "form": form,
        "recipe": recipe,
        "products": [(str(item.item_id), item.name) for item, _ in recipe.makes.values()],
        "plan": plan,
        "product": product,
        "planned": form.write(product["expected"]) if product else "",
        "planned_for": _planned_for(form),
        "question": question,
        "together": together,
        "also_open": any(form[f"also_{item_id}"] for item_id in recipe.makes),
    }


def _recipe_id(session: Session, form: Form) -> int:
    """The recipe's id from the form, or its slug or id from the URL."""
    named = form["recipe_id"] or form["recipe"]
    if named.isascii() and named.isdigit() and len(named) < 19:
        return int(named)
    found = find_id(session, "recipe", named)
    if found is None:
        raise RecipeNotFoundError(named)
    return found

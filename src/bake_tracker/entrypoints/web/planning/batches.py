"""What one mix of a recipe may be."""

from typing import Annotated

from fastapi import Path, Request
from starlette.responses import Response

from bake_tracker.domain.arguments import MAX_KEY
from bake_tracker.domain.errors import RecipeNotFoundError, ServiceError
from bake_tracker.domain.planning.ways import PARTS
from bake_tracker.domain.units import format_quantity
from bake_tracker.entrypoints.http.access import BAKER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.forms import Form, Sent, blank
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.queries.catalog.definitions import load_recipe
from bake_tracker.queries.planning.inputs import load_batch_options
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.planning.batch_options import record_recipe_batches

router = pages()

RecipeId = Annotated[int, Path(ge=1, le=MAX_KEY)]
STEPS = [(step, f"{step.capitalize()} batches") for step in PARTS]


@router.get("/recipes/{recipe_id}/batches", name="recipe_batches", dependencies=[BAKER])
def recipe_batches(request: Request, recipe_id: RecipeId) -> Response:
    """Show what one mix may be, to be changed."""
    with read_scope() as session:
        option = load_batch_options(session).get(recipe_id)
    form = blank(request, step="whole")
    if option:
        limits = {"smallest": option.smallest, "largest": option.largest}
        form.put(step=next(step for step, parts in PARTS.items() if parts == option.parts))
        form.put(**{name: None if value is None else format_quantity(value) for name, value in limits.items()})
    return _page(request, recipe_id, form)


@router.post("/recipes/{recipe_id}/batches", name="do_recipe_batches", dependencies=[BAKER])
def do_recipe_batches(request: Request, recipe_id: RecipeId, form: Sent) -> Response:
    """Set what one mix may be."""
    try:
        smallest, largest = form.quantity("smallest"), form.quantity("largest")
        form.done()
        done = run_in_transaction(
            lambda session: record_recipe_batches(
                recipe_id,
                session=session,
                step=form["step"],
                smallest=smallest,
                largest=largest,
                operation_id=form.operation_id,
            )
        )
    except RecipeNotFoundError:
        raise
    except ServiceError as error:
        return _page(request, recipe_id, form.refused(error), status_of(error))
    return go_to(request, "recipe", {"recorded": done["operation_id"]}, recipe_id=recipe_id)


def _page(request: Request, recipe_id: int, form: Form, status: int = 200) -> Response:
    with read_scope() as session:
        recipe = load_recipe(session, recipe_id)
    return render(request, "recipe_batches.html", status, form=form, recipe=recipe, steps=STEPS)

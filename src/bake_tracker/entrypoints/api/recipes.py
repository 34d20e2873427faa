"""Routes of recipes and goods: contents, yields, costs and needs."""

from typing import Annotated

from fastapi import Query, Request
from pydantic import ConfigDict
from starlette.responses import Response

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.slice_keys import write_key
from bake_tracker.entrypoints.api.common import (
    After,
    Body,
    IdempotencyKey,
    Key,
    Limit,
    Page,
    Search,
    asked,
    reads,
    recorded,
    routes,
    tagged,
    today,
    writes,
)
from bake_tracker.entrypoints.api.fields import (
    Amount,
    BatchRate,
    Id,
    Name,
    Price,
    Share,
    Slug,
    Some,
    SomeMillionths,
    Text,
    UnitText,
    text,
)
from bake_tracker.entrypoints.api.remedies import in_words
from bake_tracker.entrypoints.http.access import OWNER
from bake_tracker.queries.explain.need import ExplainedNeed, explain_batch, explain_box
from bake_tracker.queries.reports.recipe_cost import RecipeCost, load_recipe_cost
from bake_tracker.queries.views.good import GoodView, load_good_view
from bake_tracker.queries.views.recipe import ListedRecipe, RecipeRow, RecipeView, load_recipe_slice, load_recipe_view
from bake_tracker.services.catalog.goods import GoodComponentsResult, record_good_components
from bake_tracker.services.catalog.rates import RateResult, record_recipe_rate
from bake_tracker.services.catalog.recipe_makes import RecipeMakesResult, record_recipe_makes
from bake_tracker.services.catalog.recipes import RecipeResult, RecipeYieldResult, record_recipe, record_recipe_yield
from bake_tracker.services.database import read_scope

router = routes("", "recipes and goods")


class RecipeLine(Body):
    """A quantity of an item or, without a unit a number of batches, of another recipe."""

    quantity: Amount
    unit: UnitText | None = None
    item_id: Id | None = None
    sub_recipe_id: Id | None = None


class ChangedRecipe(Body):
    """A recipe; see ``record_recipe``. Omitted fields of an existing recipe stay."""

    name: Name
    lines: Some[RecipeLine]
    category: Annotated[str, text(120)] | None = None
    source: Annotated[str, text(300)] | None = None
    notes: Text | None = None


class NewRecipe(ChangedRecipe):
    """A recipe; see ``record_recipe``."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "Rye bread", "lines": [{"item_id": 1, "quantity": "500", "unit": "g"}]}]
        }
    )

    slug: Slug | None = None


class Yield(Body):
    """What one batch makes, in the finished unit's base unit."""

    quantity: SomeMillionths


class Made(Body):
    """What one batch makes of a finished unit, in its base unit; `share` is its part of the cost."""

    finished_unit_id: Id
    quantity: SomeMillionths
    share: Share | None = None


class Makes(Body):
    """Everything that a batch makes; see ``record_recipe_makes``."""

    makes: Some[Made]
    together: bool = False


class Rate(Body):
    """Labour and overhead of one batch; kept with each run, never in the cost of a lot."""

    labour: BatchRate
    overhead: BatchRate


class Component(Body):
    """The quantity of a component in one good."""

    item_id: Id
    quantity: SomeMillionths


class Components(Body):
    """All components of one good."""

    components: Some[Component]


class RecipePage(Page):
    """Recipes by name."""

    recipes: list[RecipeRow]


@router.get("/recipes", **reads(RecipePage))
def list_recipes(request: Request, limit: Limit = 50, after: After = None, search: Search = None) -> Response:
    """Recipes by name."""
    with read_scope() as session:
        found = load_recipe_slice(session, asked("name", limit, after, search), search_in=("name", "slug"))
    recipes = [_by_name(recipe) for recipe in found.rows]
    return tagged(request, RecipePage(recipes=recipes, next=write_key(found.next)))


@router.post("/recipes", **writes(RecipeResult))
def add_recipe(request: Request, body: NewRecipe, idempotency_key: IdempotencyKey = None) -> Response:
    """Add a recipe. State what a batch makes under `makes`."""
    return recorded(request, idempotency_key, record_recipe, at="/recipes/{recipe_id}", **body.given())


@router.get("/recipes/{recipe_id}", **reads(RecipeView))
def get_recipe(request: Request, recipe_id: Key) -> Response:
    """A recipe in its current version."""
    with read_scope() as session:
        return tagged(request, load_recipe_view(session, recipe_id))


@router.put("/recipes/{recipe_id}", **writes(RecipeResult, status=200))
def change_recipe(
    request: Request, recipe_id: Key, body: ChangedRecipe, idempotency_key: IdempotencyKey = None
) -> Response:
    """Change a recipe; past runs keep the version they were baked from."""
    return recorded(request, idempotency_key, record_recipe, at=None, recipe_id=recipe_id, **body.given())


@router.put("/recipes/{recipe_id}/makes", **writes(RecipeMakesResult, status=200))
def state_makes(request: Request, recipe_id: Key, body: Makes, idempotency_key: IdempotencyKey = None) -> Response:
    """State everything that a batch makes, and whether it comes out together."""
    return recorded(request, idempotency_key, record_recipe_makes, at=None, recipe_id=recipe_id, **body.given())


@router.put("/recipes/{recipe_id}/makes/{finished_unit_id}", **writes(RecipeYieldResult, status=200))
def state_yield(
    request: Request, recipe_id: Key, finished_unit_id: Key, body: Yield, idempotency_key: IdempotencyKey = None
) -> Response:
    """State how much of a finished unit one batch makes."""
    ids = {"recipe_id": recipe_id, "finished_unit_id": finished_unit_id}
    return recorded(request, idempotency_key, record_recipe_yield, at=None, **{**ids, **body.given()})


@router.put("/recipes/{recipe_id}/rate", **writes(RateResult, OWNER, status=200))
def state_rate(request: Request, recipe_id: Key, body: Rate, idempotency_key: IdempotencyKey = None) -> Response:
    """State labour and overhead of one batch."""
    return recorded(request, idempotency_key, record_recipe_rate, at=None, recipe_id=recipe_id, **body.given())


@router.get("/recipes/{recipe_id}/cost", **reads(RecipeCost))
def get_recipe_cost(
    request: Request,
    recipe_id: Key,
    batches: Annotated[Amount, Query(description="how many")] = 1,
    price: Annotated[Price | None, Query(description="price of one, to calculate the margin")] = None,
) -> Response:
    """What batches cost: from today's lots, at last prices, and at the average on hand."""
    given = Arguments()
    exact = given.exact("batches", batches, above_zero=True)
    price_micros = None if price is None else given.micros("price", price, above_zero=True)
    given.done()
    with read_scope() as session:
        found = load_recipe_cost(session, recipe_id, exact, today(session), price_micros=price_micros)
    return tagged(request, found)


@router.get("/recipes/{recipe_id}/need", **reads(ExplainedNeed))
def get_need_of_batch(request: Request, recipe_id: Key) -> Response:
    """What one batch would use today, from which lots, at what cost, and what prevents it."""
    with read_scope() as session:
        return tagged(request, in_words(explain_batch(session, recipe_id, today(session))))


@router.get("/goods/{finished_good_id}", **reads(GoodView))
def get_good(request: Request, finished_good_id: Key) -> Response:
    """A good and its components. Goods are listed at `/items?kind=finished_good`."""
    with read_scope() as session:
        return tagged(request, load_good_view(session, finished_good_id))


@router.put("/goods/{finished_good_id}/components", **writes(GoodComponentsResult, status=200))
def state_components(
    request: Request, finished_good_id: Key, body: Components, idempotency_key: IdempotencyKey = None
) -> Response:
    """State all components of a good, replacing the previous ones."""
    return recorded(
        request, idempotency_key, record_good_components, at=None, finished_good_id=finished_good_id, **body.given()
    )


@router.get("/goods/{finished_good_id}/need", **reads(ExplainedNeed))
def get_need_of_box(request: Request, finished_good_id: Key) -> Response:
    """What packing one would use today, from which lots, at what cost, and what stops it."""
    with read_scope() as session:
        return tagged(request, explain_box(session, finished_good_id, today(session)))


def _by_name(recipe: ListedRecipe) -> RecipeRow:
    return {
        "recipe_id": recipe["recipe_id"],
        "slug": recipe["slug"],
        "name": recipe["name"],
        "category": recipe["category"],
        "source": recipe["source"],
    }

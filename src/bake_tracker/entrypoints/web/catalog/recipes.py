"""Recipes: the list, one recipe scaled and costed, and its versions."""

from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any
from uuid import UUID

from babel import Locale
from fastapi import Path, Query, Request
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.domain.arguments import MAX_KEY
from bake_tracker.domain.errors import ServiceError, UnitConversionError, ValidationError
from bake_tracker.domain.money import Rounding
from bake_tracker.entrypoints.http.access import OWNER, VIEWER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.catalog.typed_rows import read_price
from bake_tracker.entrypoints.web.forms import Form, Sent, blank
from bake_tracker.entrypoints.web.lists import Column, ListOf
from bake_tracker.entrypoints.web.pages import go_to, locale_of, number, pages, render, rounding_of
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.catalog.recipe_versions import load_recipe_versions
from bake_tracker.queries.reports.recipe_cost import BASES, RecipeCost, load_recipe_cost
from bake_tracker.queries.views.recipe import load_recipe_slice
from bake_tracker.queries.views.scaled_recipe import load_scaled_recipe
from bake_tracker.services.catalog.rates import record_recipe_rate
from bake_tracker.services.database import Session, read_scope, run_in_transaction

router = pages()

RecipeId = Annotated[int, Path(ge=1, le=MAX_KEY)]

LIST = ListOf(
    "recipes",
    (
        Column("name", "Recipe", link="recipe", by=("recipe_id",)),
        Column("slug", "Short name", on_page=False),
        Column("makes", "One batch makes", sort=None),
        Column("category", "Category", narrow=False),
        Column("line_count", "Lines", "number", narrow=False),
    ),
    sort="name",
)


@router.get("/recipes", name="recipes", dependencies=[VIEWER])
def recipes(request: Request) -> Response:
    """List every recipe."""
    ask = LIST.ask(request)
    with read_scope() as session:
        found = load_recipe_slice(session, ask)
    return LIST.answer(request, "recipes.html", found)


@router.get("/recipes/{recipe_id}", name="recipe", dependencies=[VIEWER])
def recipe(
    request: Request,
    recipe_id: RecipeId,
    flour: Annotated[list[int] | None, Query(max_length=200)] = None,
    recorded: UUID | None = None,
) -> Response:
    """Show one recipe; batches, price and flour come from the URL."""
    asked = Form(locale_of(request), request.query_params.multi_items())
    return _page(request, recipe_id, asked, blank(request), flour or [], recorded=recorded)


@router.post("/recipes/{recipe_id}/rates", name="do_rates", dependencies=[OWNER])
def rates(request: Request, recipe_id: RecipeId, form: Sent) -> Response:
    """State labour and overhead of a batch."""

    def work(session: Session) -> Any:
        labour, overhead = (form.money(name, needed=True) for name in ("labour", "overhead"))
        form.done()
        assert labour is not None
        assert overhead is not None
        return record_recipe_rate(recipe_id, labour, overhead, session=session, operation_id=form.operation_id)

    try:
        done = run_in_transaction(work)
    except ServiceError as error:
        if status_of(error) == 404:
            raise
        asked = Form(locale_of(request))
        return _page(request, recipe_id, asked, form.refused(error), [], status_of(error))
    return go_to(request, "recipe", {"recorded": done["operation_id"]}, recipe_id=recipe_id)


@router.get("/recipes/{recipe_id}/versions", name="recipe_versions", dependencies=[VIEWER])
def versions(request: Request, recipe_id: RecipeId, older: int | None = None, newer: int | None = None) -> Response:
    """Show every version of a recipe, and the difference between two."""
    with read_scope() as session:
        house = load_bakery(session)
        found = load_recipe_versions(session, recipe_id, older=older, newer=newer)
    return render(request, "recipe_versions.html", bakery=house, found=found, older=older, newer=newer)


def _page(
    request: Request,
    recipe_id: int,
    asked: Form,
    rates_form: Form,
    flour: list[int],
    status: int = 200,
    *,
    recorded: UUID | None = None,
) -> Response:
    batches, price = _batches(asked), read_price(asked)
    with read_scope() as session:
        house = load_bakery(session)
        try:
            view = load_scaled_recipe(session, recipe_id, batches, flour=flour)
        except ServiceError as error:
            if not isinstance(error, ValidationError):
                raise
            asked.problems += error.problems
            batches = Fraction(1)
            view = load_scaled_recipe(session, recipe_id, flour=flour)
        cost: RecipeCost | None = None
        with suppress(UnitConversionError):  # each line says which measure is missing
            cost = load_recipe_cost(session, recipe_id, batches, house.local_day(now()), price_micros=price)
    if "labour" not in rates_form:
        rates_form.put(**{name: _amount(view[name]) for name in ("labour", "overhead")})
    return render(
        request,
        "recipe.html",
        422 if asked.problems and status == 200 else status,
        bakery=house,
        view=view,
        cost=cost,
        shown=_shown_costs(cost, locale_of(request), rounding_of(request)) if cost else {},
        bases=BASES,
        asked=asked,
        batches=batches,
        rates_form=rates_form,
        recorded=recorded,
    )


def _shown_costs(cost: RecipeCost, locale: Locale, rounding: Rounding) -> dict[str, dict[str, str | None]]:
    """For each basis, the costs by item slug, of labour and overhead, and of all items, as text that adds up."""
    beside = [cost["labour"], cost["overhead"]] if {cost["labour"], cost["overhead"]} != {"0.00"} else []
    found: dict[str, dict[str, str | None]] = {}
    for basis in BASES:
        of_basis: Any = cost
        items: list[Any] = cost["items"]
        total = of_basis[f"{basis}_in_all"] if beside else of_basis[basis]
        amounts = rounding.parts([*(row[basis] for row in items), *beside], total)
        of_items = [one for one in amounts[: len(items)] if one is not None]
        in_all = None if of_basis[basis] is None else sum(of_items, rounding.amount(Decimal(0)))
        names = [*(row["item_slug"] for row in items), *(("(labour)", "(overhead)") if beside else ()), "(items)"]
        found[basis] = {
            name: None if one is None else number(one, locale=locale)
            for name, one in zip(names, [*amounts, in_all], strict=True)
        }
    return found


def _batches(asked: Form) -> Fraction:
    """The batches times the scale; 1 for whatever is missing or unreadable."""
    product = Fraction(1)
    for name in ("batches", "scale"):
        value = asked.quantity(name)
        if value is not None and value <= 0:
            asked.refuse(name, "must be above 0")
        elif value is not None:
            product *= Fraction(value)
    if product.denominator > 10**12 or product > 10**9:
        asked.refuse("batches", "must be a number that can be weighed")
    return Fraction(1) if asked.problems else product


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)

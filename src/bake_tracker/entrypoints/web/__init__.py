"""The web pages: one module of routes and its templates per feature, listed in ``PAGES`` and ``NAVIGATION``."""

from fastapi import APIRouter, FastAPI
from starlette.middleware.gzip import GZipMiddleware

from bake_tracker.entrypoints.web.access import people, set_up, sign_in
from bake_tracker.entrypoints.web.buying import ordering, purchases, terms
from bake_tracker.entrypoints.web.catalog import (
    correct_settings,
    edits,
    goods,
    recipe_forms,
    recipe_import,
    recipes,
    settings,
    unit_change,
)
from bake_tracker.entrypoints.web.log import errors, questions, transactions
from bake_tracker.entrypoints.web.orders import book, sheets, standing, taking
from bake_tracker.entrypoints.web.pages import show_problem
from bake_tracker.entrypoints.web.planning import batches, par, plan
from bake_tracker.entrypoints.web.production import bake, box, operations, today
from bake_tracker.entrypoints.web.report import reports
from bake_tracker.entrypoints.web.static_files import OurFiles
from bake_tracker.entrypoints.web.stock import (
    as_of,
    count,
    deliver,
    find,
    items,
    late_cost,
    lots,
    overview,
    recalls,
    receive,
    returns,
    shelf,
    weigh,
)

PAGES: tuple[APIRouter, ...] = (
    today.router,
    bake.router,
    box.router,
    sign_in.router,
    set_up.router,
    operations.router,
    taking.router,  # /orders/new before /orders/{order_id}
    sheets.router,
    standing.router,
    book.router,
    batches.router,
    par.router,
    plan.router,
    ordering.router,  # /buy/new before /buy/{purchase_order_id}
    purchases.router,
    lots.router,
    overview.router,
    recipe_import.router,
    recipe_forms.router,  # /recipes/new before /recipes/{recipe_id}
    recipes.router,
    goods.router,
    reports.router,
    recalls.router,
    items.router,
    terms.router,
    receive.router,
    deliver.router,
    late_cost.router,
    shelf.router,
    returns.router,
    weigh.router,
    count.router,
    find.router,
    as_of.router,
    people.router,
    settings.router,
    correct_settings.router,
    edits.router,
    unit_change.router,
    errors.router,  # /log/errors before /log/{wanted}
    questions.router,  # as above
    transactions.router,
)


def install(app: FastAPI) -> None:
    """Serve the static files and show refusals as pages."""
    app.state.show_problem = show_problem
    # Only static files: the compressed size of a page could reveal a secret in it.
    app.mount("/static", GZipMiddleware(OurFiles()), name="static")

"""The REST API: one file of routes per feature, each a router in ``ROUTERS``."""

from fastapi import APIRouter, FastAPI

from bake_tracker.entrypoints.api import (
    bakery,
    catalogue,
    items,
    labels,
    log,
    log_questions,
    openapi,
    operations,
    orders,
    planning,
    productions,
    purchases,
    receiving,
    recipes,
    reports,
    shelf,
    standing_orders,
    stock,
    users,
)
from bake_tracker.entrypoints.api.common import PREFIX
from bake_tracker.entrypoints.api.remedies import word_problem

ROUTERS: tuple[APIRouter, ...] = (
    items.router,
    catalogue.router,
    recipes.router,
    receiving.router,
    productions.router,
    shelf.router,
    orders.router,
    standing_orders.router,
    planning.router,
    purchases.router,
    operations.router,
    stock.router,
    labels.router,
    reports.router,
    log.router,
    log_questions.router,
    bakery.router,
    users.router,
)


def make_router() -> APIRouter:
    """Everything under ``/api/v1``, including the API's description."""
    api = APIRouter(prefix=PREFIX)
    for router in ROUTERS:
        api.include_router(router, responses=openapi.PROBLEMS)
    api.include_router(openapi.router)
    return api


def install(app: FastAPI) -> None:
    """Word refusals for programs, with routes and fields."""
    app.state.word_problem = word_problem

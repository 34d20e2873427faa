"""The REST API: one file of routes per feature, each a router in ``ROUTERS``."""

from fastapi import APIRouter

from bake_tracker.entrypoints.api import items, openapi, productions

ROUTERS: tuple[APIRouter, ...] = (items.router, productions.router)


def make_router() -> APIRouter:
    """Everything under ``/api/v1``, its own description among it."""
    api = APIRouter(prefix="/api/v1")
    for router in ROUTERS:
        api.include_router(router, responses=openapi.PROBLEMS)
    api.include_router(openapi.router)
    return api

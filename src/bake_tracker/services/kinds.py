"""The registry of operations: pages, the reference and the tests take their lists and words from here."""

import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from bake_tracker import services
from bake_tracker.services.operation import Kind


@cache
def kinds() -> dict[str, Kind]:
    """Every kind of operation, by name."""
    return {kind.name: kind for _, kind in _declared()}


@cache
def functions() -> dict[str, Callable[..., Any]]:
    """The function that runs each kind of operation, by name."""
    return {kind.name: getattr(module, kind.name) for module, kind in _declared() if hasattr(module, kind.name)}


def _declared() -> Iterator[tuple[ModuleType, Kind]]:
    """Every kind with the module that declares it; imports all services, so that none is missed."""
    for found in pkgutil.walk_packages(services.__path__, f"{services.__name__}."):
        module = import_module(found.name)
        for value in vars(module).values():
            if isinstance(value, Kind):
                yield module, value

"""Packages that only tests need."""

import importlib.util
import os

import pytest


def need_package(name: str) -> None:
    """Skip the test if a package is missing; fail where everything must be checked."""
    try:
        found = importlib.util.find_spec(name)
    except ModuleNotFoundError:  # not even the package around it
        found = None
    if found is None:
        message = f"NOT TESTED: {name} is not installed (pip install -r requirements/dev.txt)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)

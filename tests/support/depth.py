"""How deep a run of the tests goes: what nearly always finds a fault, or with ``--thorough`` all of it, as CI does."""

import os
from collections.abc import Container, Iterable
from typing import Any, TypeVar

import pytest

T = TypeVar("T")
_THOROUGH = "BAKE_TRACKER_TESTS_THOROUGH"

ABOVE_THE_DATABASE = (
    *("api", "benchmarks", "cli", "docs", "files", "queries", "web"),
    *("services/archive", "services/catalog", "services/importing", "services/production", "services/stock"),
    *("services/test_every_writer_is_told", "services/test_reversal", "services/test_seal"),
)
"""Tests that PostgreSQL takes only in a thorough run, by folder or module: the other rooms lead it through the same."""


def go_deep() -> None:
    """Make this run, and the processes that it starts, a thorough one."""
    os.environ[_THOROUGH] = "yes"


def is_thorough() -> bool:
    return _THOROUGH in os.environ


def rounds(usual: int, thorough: int) -> int:
    """How often a test repeats what it does at random."""
    return thorough if is_thorough() else usual


def usually(values: Iterable[T], usual: Container[T]) -> list[Any]:
    """Parameters of a test or fixture, of which only the usual ones do not ask for a thorough run."""
    return [pytest.param(value, marks=() if value in usual else pytest.mark.thorough) for value in values]

"""How deep a run of the tests goes: what nearly always finds a fault, or with ``--thorough`` all of it, as CI does."""

import os
from collections.abc import Container, Iterable
from pathlib import Path
from typing import Any, TypeVar

import pytest

T = TypeVar("T")
_THOROUGH = "BAKE_TRACKER_TESTS_THOROUGH"

ABOVE_THE_DATABASE = (
    *("api", "benchmarks", "cli", "docs", "queries", "web"),
    *("services/archive", "services/catalog", "services/importing", "services/production", "services/stock"),
    *("services/test_every_writer_is_told", "services/test_reversal", "services/test_seal"),
)
"""Tests that PostgreSQL takes only in a thorough run, by folder or module: the other rooms lead it through the same."""


LONG = (
    *("api/test_api_operations", "benchmarks/test_simulation", "cli/test_any_path", "docs/test_add_an_operation"),
    *("database/test_kept_files", "database/test_outcome_shapes", "database/test_random_interrupts"),
    *("database/test_read_url", "database/test_two_processes", "database/test_upgrade"),
    *("faults/test_clock_going_backwards", "faults/test_cut_during_commit", "faults/test_demoted_under_load"),
    *("faults/test_disk_full", "faults/test_durability_with_a_standby", "faults/test_failover"),
    *("faults/test_killed_in_the_middle_of_load", "faults/test_killed_restore"),
    *("faults/test_patroni", "faults/test_pgbouncer", "faults/test_server_killed_under_load"),
    *("faults/test_three_witnesses", "faults/test_worker_killed_under_load"),
    *("log/test_hooks_of_others", "log/test_tracing_trouble"),
    *("queries/test_as_of", "queries/test_explain_plans", "queries/test_trace_properties"),
    *("services/archive/test_archive_damage", "services/archive/test_archive_files", "services/archive/test_move"),
    *("services/orders/test_last_box", "services/orders/test_undone_in_any_order"),
    *("services/production/test_fifty_copies", "services/production/test_many_writers"),
    *("services/stock/test_ledger_room", "services/stock/test_life_in_time", "services/test_reversal_machine"),
    *("web/test_any_period", "web/test_browser", "web/test_browser_pages"),
    *("web/test_browser_recipes", "web/test_browser_stock", "web/test_browser_trace"),
)
"""Modules that only a thorough run takes, or one that names them: half of the time, few of the tests."""


def go_deep() -> None:
    """Make this run, and the processes that it starts, a thorough one."""
    os.environ[_THOROUGH] = "yes"


def is_thorough() -> bool:
    return _THOROUGH in os.environ


def is_left_out(module: Path) -> bool:
    """Whether this run leaves out a module of tests, unless it was named."""
    return not is_thorough() and _name(module) in LONG


def lies_above_the_database(module: Path) -> bool:
    """Whether this run leaves a module of tests to SQLite."""
    name = _name(module)
    return not is_thorough() and not {name, name.rpartition("/")[0]}.isdisjoint(ABOVE_THE_DATABASE)


def _name(module: Path) -> str:
    return module.relative_to(Path(__file__).parents[1]).with_suffix("").as_posix()


def rounds(usual: int, thorough: int) -> int:
    """How often a test repeats what it does at random."""
    return thorough if is_thorough() else usual


def usually(values: Iterable[T], usual: Container[T]) -> list[Any]:
    """Parameters of a test or fixture, of which only the usual ones do not ask for a thorough run."""
    return [pytest.param(value, marks=() if value in usual else pytest.mark.thorough) for value in values]

"""A few simulated lives, checked against a model that shares no code with the product; many more run on demand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bake_tracker.domain.stock import costing, fifo
from bake_tracker.services import batch_production_service, reversal
from bake_tracker.services import operation as operations
from bake_tracker.services.stock import adjustment, ledger
from benchmarks.simulation.bakery import Plan, Report, simulate
from support.databases import fresh_postgresql, fresh_sqlite
from support.depth import usually
from support.scripts import run_benchmark


def live(plan: Plan, database_url: str, tmp_path: Path) -> Report:
    return simulate(plan, database_url, tmp_path / "simulation.log.jsonl", tell=lambda line: None)


@pytest.mark.parametrize("seed", usually([3, 8], usual=[3]))
def test_a_life_with_faults_matches_the_model(seed: int, database_url: str, tmp_path: Path) -> None:
    """A few days of a market stall: answers, log lines, lots, ledger and log all match the model."""
    report = live(Plan(seed, 3, "stall", with_faults=True), database_url, tmp_path)
    assert report.difference == ""
    assert report.lines is not None
    assert report.faults is not None
    assert min(report.lines[outcome] for outcome in ("success", "replayed", "rolled_back")) > 0, report.lines
    assert report.faults["log unwritable"] == 1
    assert sum(report.faults.values()) > 1
    assert report.repaired > 0


@pytest.mark.thorough
def test_the_same_seed_is_the_same_life_on_both_databases(
    request: pytest.FixtureRequest, tmp_path: Path, use: Callable[[str], str]
) -> None:
    """Calls, lines, totals and the digest of the whole bakery are the same."""
    lived = []
    for name, make in (("sqlite", fresh_sqlite), ("postgresql", fresh_postgresql)):
        (tmp_path / name).mkdir()
        url = use(make(request, tmp_path / name))
        lived.append(live(Plan(3, 2, "stall", with_faults=True), url, tmp_path / name))
    on_sqlite, on_postgresql = lived
    assert on_sqlite.digest == on_postgresql.digest != ""
    assert (on_sqlite.calls, on_sqlite.lines, on_sqlite.totals, on_sqlite.faults) == (
        on_postgresql.calls,
        on_postgresql.lines,
        on_postgresql.totals,
        on_postgresql.faults,
    )


@pytest.mark.parametrize(
    ("module", "name", "planted", "found"),
    [
        (fifo, "divide_half_even", lambda cost, quantity: cost // quantity, "cost"),
        (fifo, "DUST_MICROS", 1_000_000, "quantity"),
        (costing, "divide_half_even", lambda cost, quantity: cost // quantity + 1, "per_unit_cost"),
        (batch_production_service, "baked_expiry", lambda day, shelf_life_days, contents: None, "lot"),
        (operations.Operation, "tell_refusal", lambda operation, error: None, "the log"),
        (ledger, "pick_on", lambda policy, received_on, expires_on: received_on, "consumptions"),
        (reversal, "negated", lambda cost: None if cost is None else 1 - cost, "cost"),
        (adjustment, "cost_of_change", lambda *amounts: 0, "cost"),
    ],
    ids=[
        "draws rounded down",
        "a whole gram is dust",
        "unit cost rounded up",
        "no expiry",
        "silent",
        "always first in",
        "undone at another cost",
        "counted at no cost",
    ],
)
def test_a_fault_planted_in_the_product_is_found(
    module: Any, name: str, planted: Any, found: str, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model finds each fault; a simulation that is always clean would prove nothing."""
    monkeypatch.setattr(module, name, planted)
    report = live(Plan(2, 6, "stall"), sqlite_url, tmp_path)
    assert report.difference != ""
    assert found in report.difference
    assert report.plan.command == "python -m benchmarks.simulate --seed 2 --days 6 --size stall"


@pytest.mark.thorough
def test_the_command_prints_what_a_life_was(sqlite_url: str, tmp_path: Path) -> None:
    """It prints the calls, the digest of the same life run here, and the verdict."""
    lines = run_benchmark("simulate", "--seed", "4", "--days", "1", "--size", "stall").splitlines()
    report = live(Plan(4, 1, "stall"), sqlite_url, tmp_path)
    assert lines[-2:] == [f"digest     {report.digest}", "clean"]
    assert lines[2] == f"calls      {report.calls}"


@pytest.mark.thorough
def test_many_lives_have_a_line_each() -> None:
    """The last line counts the clean ones."""
    lines = run_benchmark("simulate", "--seeds", "1..2", "--days", "1", "--size", "stall").splitlines()
    assert [line.split()[-1] for line in lines[1:3]] == ["clean", "clean"]
    assert lines[-1] == "2 of 2 clean"

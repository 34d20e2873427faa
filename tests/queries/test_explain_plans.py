"""The queries of a page never read a whole history table, as the query plans of both databases show."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from bake_tracker.queries.operations.history import load_operation, load_runs
from bake_tracker.queries.reports.usage import load_recipients, load_usage, load_waste
from bake_tracker.queries.reports.yields import load_yields_by_month
from bake_tracker.services.database import dispose_engines, session_scope
from support.databases import fresh_postgresql, fresh_sqlite
from support.kitchen import Kitchen
from support.plans import HISTORY, PAST, bakery_of, copy_rows, counts, steps_of

LATEST = "SELECT operation_id FROM {kind}_run WHERE id = (SELECT max(id) FROM {kind}_run)"
PAGES: dict[str, Callable[[Session, str], Any]] = {
    "the first page of runs": lambda s, operation_id: load_runs(s, 100),
    "a page further back": lambda s, operation_id: load_runs(s, 100, before=operation_id),
    "an operation": lambda s, operation_id: load_operation(s, operation_id),
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def long_life_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with ten thousand past runs of each kind and the lots they made; the tests only read it."""
    make = {"sqlite": fresh_sqlite, "postgresql": fresh_postgresql}[request.param]
    url = make(request, tmp_path_factory.mktemp("long_life"))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("BAKE_TRACKER_DATABASE_URL", url)
        counts(bakery_of(Kitchen()))
        for table in PAST:
            copy_rows(table, 10_000, PAST[table])
        copy_rows("lot", 1_000, "is_made = false")
        with session_scope() as session:
            session.execute(text("ANALYZE"))
        dispose_engines()
    return url


@pytest.fixture
def long_life(long_life_url: str, use: Callable[[str], str]) -> Kitchen:
    use(long_life_url)
    return Kitchen()


@pytest.mark.parametrize("page", PAGES)
def test_no_page_reads_a_table_of_history_from_end_to_end(long_life: Kitchen, page: str) -> None:
    """Every step into history uses an index, however many rows there are."""
    for kind in ("production", "assembly"):
        ((operation_id,),) = long_life.rows(LATEST.format(kind=kind))
        steps = steps_of(lambda session, o=str(operation_id): PAGES[page](session, o))
        assert steps
        assert [step for step in steps if step in {f"SCAN {table}" for table in HISTORY}] == []


def test_a_report_on_a_period_reads_no_other(long_life: Kitchen) -> None:
    """A month is found by the time of each kind of run, and the movements by their run."""
    period = date(2020, 1, 1), date(2020, 1, 31)
    for load in (load_usage, load_waste, load_recipients, load_yields_by_month):
        steps = steps_of(lambda session, load=load: load(session, *period))
        assert [step for step in steps if step.startswith("SCAN") and step.split()[1] in HISTORY] == [], load
        found = [step for step in steps if "production_run" in step or "ix_production_run_produced_at" in step]
        assert found
        if "SEARCH" in found[0]:
            assert (
                "SEARCH production_run USING INDEX ix_production_run_produced_at (produced_at>? AND produced_at<?)"
                in found
            )


def test_a_plan_that_reads_a_whole_table_would_be_seen(long_life: Kitchen) -> None:
    """The same check finds the scan of a query without an index."""
    steps = steps_of(lambda session: session.execute(text("SELECT id FROM movement WHERE quantity_micros = 7")))
    assert "SCAN movement" in steps


def test_runs_are_walked_in_the_order_of_their_index(long_life: Kitchen) -> None:
    """Only the slice is sorted: each kind is read in order, and no further than the slice."""
    steps = steps_of(lambda session: load_runs(session, 100))
    if "Limit " in steps:
        assert steps.count("Index Scan production_run") == steps.count("Index Scan assembly_run") == 1
    else:
        assert [step for step in steps if "_run USING INDEX" in step] == [
            "SEARCH production_run USING INDEX ix_production_run_produced_at (produced_at<?)",
            "SEARCH assembly_run USING INDEX ix_assembly_run_assembled_at (assembled_at<?)",
        ]

"""The benchmarks of the operations run; nothing here depends on their times."""

import pytest

from support.scripts import run_benchmark


@pytest.mark.thorough
def test_every_row_of_the_operations_runs_on_a_hundredth_of_its_data() -> None:
    """Hand-written SQL beside the services, past years, pages, traces and an import all have a row."""
    rows = [line.split() for line in run_benchmark("operations", "--quick").splitlines()]
    assert {row[0] for row in rows} == {
        "floor.", "lots.", "years.", "check.", "assembly.", "page.", "trace.", "import.",
    }  # fmt: skip

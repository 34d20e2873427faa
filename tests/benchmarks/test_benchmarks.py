"""The benchmarks run and judge correctly; nothing here depends on their times."""

import sys

import pytest

from benchmarks.harness import added, ratio
from benchmarks.log.truth import judged
from support import ROOT
from support.scripts import run_benchmark


@pytest.mark.thorough
def test_the_log_benchmarks_run_and_the_lines_are_short() -> None:
    """Every row that times only this process runs, and the goal that holds on any machine is met."""
    rows = [line.split() for line in run_benchmark("log", "--rows", "1,3,4,5,10", "--rounds", "2").splitlines()]
    assert {row[0] for row in rows[1:]} == {"1.", "3.", "4.", "5.", "10."}
    sizes = [row for row in rows if row[0] == "10." and "bytes:" in row]
    assert [row[-1] for row in sizes] == ["met", "met"]


def test_no_benchmark_has_the_name_of_a_module_of_python() -> None:
    """A script beside a ``logging.py`` would import that file instead of Python's module."""
    names = {path.stem for path in (ROOT / "benchmarks").rglob("*.py")}
    assert not names & sys.stdlib_module_names


@pytest.mark.thorough
def test_the_live_check_is_measured_beside_the_service() -> None:
    """The benchmark stops unless the page answers correctly as often as the service does."""
    rows = run_benchmark("web.live_check", "--rounds", "3").splitlines()
    assert [row.split()[0] for row in rows] == ["1.", "2.", "3.", "4."]
    assert "check_can_produce alone" in rows[0]


def test_only_the_added_time_is_compared() -> None:
    """Ours adds 1 to 10, 20 and 30, theirs adds 5: a fifth, and the interval is a point because all rounds agree."""
    base, ours, theirs = [10, 20, 30], [11, 21, 31], [15, 25, 35]
    figure = added("", (ours, base), (theirs, base), 0.2)
    assert (figure.value, figure.low, figure.high, figure.is_met) == (0.2, 0.2, 0.2, True)


def test_a_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    """A round in which the machine was slow for both changes nothing; a ratio above the goal misses it."""
    figure = ratio("", [12, 2_400, 36], [10, 2_000, 30], 1.0)
    assert (figure.value, figure.low, figure.high, figure.is_met) == (1.2, 1.2, 1.2, False)


@pytest.mark.parametrize(
    ("written", "fate"),
    [
        (b"", "lost"),
        (b'{"recipe_id": 7, "batches": 2}\n', "survived"),
        (b'{"record": {"extra": {"recipe_id": 7, "batches": 2}}}\n', "survived"),
        (b'{"recipe_id": 7}\n', "lost"),
        (b'{"recipe_id": 7, "batches": 2, "db": "hunter2"}\n', "leaked a secret"),
        (b'{"recipe_id": 7,\n "batches": 2}\n', "torn"),
        (b'{"recipe_id": 7, "batches": 2, "hostile": NaN}\n', "not strict JSON"),
        (b'{"recipe_id": 7, "batches": 2, "hostile": "\xff"}\n', "not strict JSON"),
    ],
)
def test_a_line_is_judged_by_what_the_file_holds(written: bytes, fate: str) -> None:
    """A line survives only as strict JSON with the harmless fields and no secret; otherwise the verdict says why."""
    assert judged(written) == fate

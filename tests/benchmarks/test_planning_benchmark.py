"""The planning benchmark measures each part of the arithmetic."""

import pytest

from support.scripts import run_benchmark


@pytest.mark.thorough
def test_a_shop_and_a_larger_one_are_measured() -> None:
    """Growth is within n log n, or the benchmark fails."""
    rows = [line.split() for line in run_benchmark("planning", "--times", "1,3", "--rounds", "3").splitlines()]
    assert rows[0] == ["CPU", "ms", "net", "buy", "promise", "schedule"]
    assert [row[:2] for row in rows[1:3]] == [["1", "shop"], ["3", "shop"]]
    assert len(rows) == 6


@pytest.mark.thorough
def test_the_plan_of_a_shop_is_measured_whole() -> None:
    """A week of a larger shop is planned in as many statements, or the benchmark fails."""
    printed = run_benchmark("planning", "--whole", "--times", "1,2", "--rounds", "1")
    rows = [line.split() for line in printed.splitlines()]
    assert rows[0] == ["bake", "plan", "CPU", "ms", "statements", "lines"]
    assert [row[:2] for row in rows[1:]] == [["1", "shop"], ["2", "shop"]]
    assert rows[1][3] == rows[2][3]

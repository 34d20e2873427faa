"""The benchmark of the commands' start-up time runs; nothing here depends on its figures."""

import pytest

from support.scripts import run_benchmark


@pytest.mark.thorough
def test_every_command_is_measured_beside_the_import() -> None:
    """Every command has one row, measured in one round."""
    rows = run_benchmark("cli.start", "--rounds", "1").splitlines()
    assert [row.split("  ")[0] for row in rows] == ["bake --version", "bake stock", "bake --help"]

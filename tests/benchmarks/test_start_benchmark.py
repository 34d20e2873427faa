"""The benchmark of a command's start runs; its figures are nobody's business here."""

from support.scripts import run_benchmark


def test_every_command_is_measured_beside_the_import() -> None:
    """One row each, from one round."""
    rows = run_benchmark("cli.start", "--rounds", "1").splitlines()
    assert [row.split("  ")[0] for row in rows] == ["bake --version", "bake stock", "bake --help"]

"""The benchmark of a command's start runs; its figures are nobody's business here."""

from support import BENCHMARKS
from support.scripts import python


def test_every_command_is_measured_beside_the_import() -> None:
    """One row each, from one round."""
    rows = python(str(BENCHMARKS / "cli" / "start.py"), "--rounds", "1").splitlines()
    assert [row.split("  ")[0] for row in rows] == ["bake --version", "bake stock", "bake --help"]

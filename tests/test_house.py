"""The project keeps its own rules: style, types, layers, and a schema that matches the models."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from bake_tracker.models import Base
from bake_tracker.services.database import engine_for
from support import ROOT, depth

CHECKS = {
    "ruff_check": ["ruff", "check", "."],
    "ruff_format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
    "import_contracts": ["lint-imports"],
}


@pytest.mark.parametrize("name", CHECKS)
def test_the_house_rules_hold(name: str) -> None:
    """ruff, mypy --strict and the import contracts find nothing."""
    command, *arguments = CHECKS[name]
    tool = Path(sys.executable).with_name(command)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([tool, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_that_is_made_or_fetched_is_committed() -> None:
    """The pages' libraries come from npm when the package is built; git ignores the folder they go to."""
    ask = ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"]
    assert subprocess.run(ask, cwd=ROOT, capture_output=True, text=True, check=True).stdout == ""


def test_what_a_usual_run_leaves_out_is_there() -> None:
    """A module or folder that moves takes its place in the lists with it."""
    tests = ROOT / "tests"
    assert [name for name in depth.LONG if not (tests / f"{name}.py").exists()] == []
    places = [tests / name for name in depth.ABOVE_THE_DATABASE]
    assert [place for place in places if not place.is_dir() and not place.with_suffix(".py").exists()] == []


def test_the_migrations_make_what_the_models_say(database_url: str) -> None:
    """Autogenerate has nothing to add to a freshly migrated database."""
    with engine_for(database_url).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []

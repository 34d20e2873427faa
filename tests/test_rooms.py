"""The project keeps its structure: folders of a manageable size, files that do not repeat them, independent tests."""

import ast
from pathlib import Path

import pytest

from support import ROOT

MOST_MODULES = 25
SOURCE = ROOT / "src" / "bake_tracker"
FOLDERS = sorted({file.parent for top in ("src", "tests", "benchmarks") for file in (ROOT / top).rglob("*.py")})


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_a_folder_fits_in_the_head(folder: Path) -> None:
    """A folder has at most 25 modules, except the migrations, which grow with each version."""
    assert len([*folder.glob("*.py")]) <= MOST_MODULES or folder == SOURCE / "migrations" / "versions"


def test_no_file_repeats_the_name_of_its_folder() -> None:
    """``stock/stock.py`` says no more than ``stock/`` does."""
    assert [file for file in SOURCE.rglob("*.py") if file.stem == file.parent.name] == []


def imported_by(file: Path) -> set[str]:
    """Return the top-level name of every module that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_no_test_imports_a_test() -> None:
    """Shared test code belongs in ``tests/support``."""
    tests = {file.stem for file in (ROOT / "tests").rglob("test_*.py")} | {"conftest"}
    importing = {str(file): imported_by(file) & tests for file in (ROOT / "tests").rglob("*.py")}
    assert {file: found for file, found in importing.items() if found} == {}

"""The page on adding an operation is true: all its changes are made in a copy of the checkout and tested."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bake_tracker.domain.log.tree import TIMES
from support import ROOT

pytestmark = pytest.mark.one_database

PAGE = ROOT / "docs" / "how-to" / "add-an-operation.md"
CHANGE = re.compile(r"^`([\w./-]+)`(?:, ([^\n]*))?:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LISTED = re.compile(r"^\| \d+ \| `(\S+)`", re.MULTILINE)
LINE = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)
AFTER = {
    "in `COMMANDS` after `waste`": '    "waste": ',
    "after the link to `count`": "path_for('count'",
    "after `waste`": "| `waste ",
    "in `CALLS`": "CALLS: ",
    "in `requests_of` after `record_seal`": '        "record_seal": ("POST"',
    "among the imports": "from bake_tracker.services.production import",
}
"""The beginning or a part of the line after which a change is inserted."""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout with every change from the page."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in ("src", "tests", "docs", "tools"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, copy)
    for path, where, text in CHANGE.findall(PAGE.read_text("utf-8")):
        change(copy / path, where, text)
    run(copy, "tools/operations.py", "--update")
    return copy


def change(file: Path, where: str, text: str) -> None:
    """Write a new file, or insert the text where the page says."""
    before = file.read_text("utf-8") if file.exists() else ""
    assert bool(before) == bool(where), file
    if not where:
        file.write_text(text, "utf-8")
    elif where == "at the end":
        imports, _, rest = text.partition("\n\n\n")
        file.write_text(before.replace("\nrouter = ", f"\n{imports}\n\nrouter = ", 1) + f"\n\n{rest}", "utf-8")
    elif where == "in the order of the paths":
        for row in text.splitlines():
            rows = before.splitlines()
            earlier = [one for one in rows if one.startswith("| ") and path_in(one) <= path_in(row)]
            before = before.replace(earlier[-1], f"{earlier[-1]}\n{row}", 1)
        file.write_text(before, "utf-8")
    else:
        line = next(one for one in before.splitlines() if AFTER[where] in one)
        file.write_text(before.replace(line, f"{line}\n{text.rstrip()}", 1), "utf-8")


def path_in(row: str) -> str:
    """The path in a row of the table of routes."""
    return row.split("`")[1] if row.count("`") > 1 and row.split("`")[1].startswith("/") else "~"


def run(checkout: Path, *arguments: str, **more: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src"), **more}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.thorough
def test_the_tests_of_the_page_and_of_the_house_pass(checkout: Path) -> None:
    """These are its own tests, and those that find every operation, command, route and document."""
    run(
        checkout, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider",
        "tests/services/stock/test_spill.py",
        "tests/services/stock/test_ledger_room.py",
        "tests/services/test_operation_names.py",
        "tests/services/test_every_writer_is_told.py",
        "tests/api/test_api_operations.py::test_every_writer_has_a_route",
        "tests/web/test_web_access.py::test_the_reference_has_every_route_with_its_role",
        "tests/cli/test_command_list.py::test_a_command_has_an_example_that_can_be_typed",
        "tests/docs/test_docs.py::test_every_command_is_in_the_reference",
        "tests/docs/test_operations_reference.py",
        "-k", "(spill or not test_every_writer_is_told) and not postgresql and not serializable",
    )  # fmt: skip


@pytest.mark.thorough
def test_the_command_leaves_the_line_that_the_page_shows(checkout: Path, tmp_path: Path) -> None:
    """The fields and their order are the same; so are the values, except ids, times and measurements."""
    log = tmp_path / "log.jsonl"
    here = {
        "BAKE_TRACKER_DATABASE_URL": f"sqlite:///{tmp_path / 'bakery.db'}",
        "BAKE_TRACKER_LOG_FILE": str(log),
        "BAKE_TRACKER_ACTOR": "baker",
    }
    for words in ("item add ingredient Flour --unit g", "receive flour 1 kg --cost 2"):
        run(checkout, "-m", "bake_tracker", *words.split(), **here)
    printed = run(checkout, "-m", "bake_tracker", "spill", "flour", "200", "g", "--reason", "on the floor", **here)
    assert printed == "Took 200 g off the shelf: on the floor\n"
    lines = map(json.loads, log.read_text("utf-8").splitlines())
    (line,) = (line for line in lines if line["operation"] == "record_spill")
    (shown,) = map(json.loads, LINE.findall(PAGE.read_text("utf-8")))
    assert list(shown) == [name for name in line if name not in TIMES]  # which of these depends on the machine
    assert unmeasured(shown) == unmeasured(line)


def unmeasured(line: dict[str, Any]) -> dict[str, Any]:
    ids = {"operation_id", "transaction_id", "database_id", "request_id"}
    return {
        name: value
        for name, value in line.items()
        if name not in ids | {"timestamp", "settled_at", "duration_ms", "sql_count", *TIMES}
    }


def test_the_page_lists_every_file_that_it_touches(checkout: Path) -> None:
    """It touches no other file, and twelve at most."""
    listed = LISTED.findall(PAGE.read_text("utf-8"))
    assert sorted(listed) == sorted(touched(checkout))
    assert len(listed) <= 12


def touched(checkout: Path) -> Iterator[str]:
    for name in ("src", "tests", "docs", "tools"):
        for file in (checkout / name).rglob("*"):
            here = file.relative_to(checkout)
            if file.is_file() and "__pycache__" not in here.parts:
                original = ROOT / here
                if not original.exists() or original.read_bytes() != file.read_bytes():
                    yield here.as_posix()


def test_without_its_call_a_new_writer_is_missing(checkout: Path) -> None:
    """The registry has the new writer, so the test of every writer asks for its call."""
    code = (
        "import sys; sys.path.insert(0, 'tests'); from support import writers; "
        "del writers.CALLS['record_spill']; writers.assert_registered(writers.WRITERS)"
    )
    with pytest.raises(AssertionError, match="no call of record_spill"):
        run(checkout, "-c", code)

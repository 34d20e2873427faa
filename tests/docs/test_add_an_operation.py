"""The page that adds an operation does what it says: its service, command, tests and log line are run as they stand."""

import json
import re
import sys
from types import ModuleType
from typing import Any

import pytest

from bake_tracker import services
from bake_tracker.entrypoints.cli import app
from bake_tracker.entrypoints.cli.commands import COMMANDS, Command
from bake_tracker.queries.verify.everything import verify_ledger
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.testing import OperationLog
from support import ROOT
from support import writers as told
from support.command_line import CommandLine
from support.kitchen import Kitchen

pytestmark = pytest.mark.one_database

pytest_plugins = ["bake_tracker.testing"]

PAGE = ROOT / "docs" / "how-to" / "add-an-operation.md"
BLOCK = re.compile(r"^```(python|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SERVICE, COMMAND, LISTED, LINE, TESTS, CALL = (code for _, code in BLOCK.findall(PAGE.read_text("utf-8")))
PAGE_TESTS = re.findall(r"^def (test_\w+)", TESTS, re.MULTILINE)


@pytest.fixture
def spill_service(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The page's service, where its readers would put it."""
    module = module_of(SERVICE, "bake_tracker.services.spill_service", monkeypatch)
    monkeypatch.setattr(services, "spill_service", module, raising=False)
    return module


def module_of(code: str, name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module with this source, known by its name until the test is over."""
    module = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    exec(compile(code, str(PAGE), "exec"), vars(module))
    return module


@pytest.mark.parametrize("name", PAGE_TESTS)
def test_the_tests_of_the_page_pass(
    name: str, spill_service: ModuleType, kitchen: Kitchen, operation_log: OperationLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them, on both databases; and the ledger agrees with what was spilled."""
    getattr(module_of(TESTS, "tests_of_the_page", monkeypatch), name)(kitchen, operation_log)
    with read_scope() as session:
        assert verify_ledger(session)["drift"] == []


def test_the_command_of_the_page_leaves_the_line_that_the_page_shows(
    spill_service: ModuleType, kitchen: Kitchen, bake: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same fields in the same order; equal where they are no id, no time and no measure."""
    kitchen.simple_bakery()
    listed = dict(COMMANDS)
    monkeypatch.setattr(app, "COMMANDS", listed)
    module_of(COMMAND, "bake_tracker.entrypoints.cli.stock.spill", monkeypatch)
    exec(LISTED, {"COMMANDS": listed, "Command": Command})
    done = bake("spill", "flour", "200", "g", "--reason", "on the floor")
    assert (done.code, done.out) == (0, "Took 200 g off the shelf: on the floor\n")
    (line,) = [line for line in map(json.loads, bake.log_file.read_text().splitlines()) if is_spill(line)]
    shown = json.loads(LINE)
    assert list(shown) == list(line)
    assert unmeasured(shown) == unmeasured(line)


def is_spill(line: dict[str, Any]) -> bool:
    return line["operation"] == "record_spill"


# PostgreSQL locks by a statement of its own.
MEASURED = {"timestamp", "settled_at", "duration_ms", "sql_count"}


def unmeasured(line: dict[str, Any]) -> dict[str, Any]:
    ids = {"operation_id", "transaction_id", "database_id", "request_id"}
    return {name: value for name, value in line.items() if name not in ids | MEASURED}


def test_the_call_of_the_page_is_all_that_the_writers_test_asks_for(
    spill_service: ModuleType, kitchen: Kitchen, operation_log: OperationLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it the new writer is named as missing; with it, it is found to end in one outcome line."""
    writers = told.writers_of(spill_service)
    assert list(writers) == ["record_spill"]
    with pytest.raises(AssertionError, match=r"no call of record_spill"):
        told.assert_registered({**told.WRITERS, **writers})
    monkeypatch.setattr(told, "CALLS", dict(told.CALLS))
    exec(CALL, {"CALLS": told.CALLS, "spill_service": spill_service})
    told.assert_registered({**told.WRITERS, **writers})
    kitchen.simple_bakery()
    run_in_transaction(lambda session: told.CALLS["record_spill"](kitchen, session))
    assert operation_log.outcomes("record_spill") == ["success"]
    operation_log.assert_one_outcome_each()

"""When the disk of a SQLite bakery and its log is full, a turn is refused as a whole, and done once there is room."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bake_tracker.clock import uuid7
from bake_tracker.services.database import dispose_engines, session_scope
from bake_tracker.services.stock.receipt import record_receipt
from support.command_line import CommandLine
from support.faults.under_fault import ROUNDS, Before, assert_nothing_lost_or_doubled, lines, stocked_bakery
from support.faults.workers import carry_out

# Mounting in a namespace of its own: for root and, where the system allows it, for everybody else.
MAY_MOUNT = (["unshare", "-m"], ["unshare", "-Urm"])
PAGE_BYTES = 4096
LOST = r"bake-tracker: log lines are being lost \([^\n]+\); the operations themselves are safe\n"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite only: a full disk on the server is PostgreSQL's own concern."""
    return sqlite_url


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Keep the database in a folder for this test alone."""
    return tmp_path


def alone_with_mounts(tmp_path: Path) -> list[str]:
    """The prefix of a command that may mount a file system for itself."""
    probe = ["mount", "-t", "tmpfs", "none", str(tmp_path)]
    for words in MAY_MOUNT:
        if subprocess.run([*words, *probe], capture_output=True, check=False).returncode == 0:
            return words
    assert "CI" not in os.environ, "CI must be able to mount a tmpfs: unshare -m, or unshare -Urm"
    pytest.skip("NOT TESTED: mounting a small file system is not allowed here; the test with a size limit did run")


@pytest.mark.parametrize("how", ["tmpfs", "limit"])
def test_on_a_full_disk_a_turn_is_refused_as_a_whole_and_done_once_there_is_room(
    bake: CommandLine, tmp_path: Path, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The operation ids stay the same; ``--repair`` writes the lines that the full log lost."""
    kitchen = stocked_bakery(bake)
    before = Before.of(kitchen)
    dispose_engines()
    command = [sys.executable, "-m", "support.faults.full_disk", how, str(tmp_path), str(ROUNDS)]
    finished = subprocess.run(
        [*(alone_with_mounts(tmp_path) if how == "tmpfs" else []), *command],
        env={**os.environ, "BAKERY_IDS": json.dumps(kitchen.ids), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert re.fullmatch(f"({LOST})?", finished.stderr)
    said = [json.loads(line) for line in finished.stdout.splitlines()]
    errors = Counter(error for what, _, error in said if what == "failed")
    lies_at = f"{tmp_path}/disk/bakery.db" if how == "tmpfs" else f"{tmp_path}/bakery.db"
    assert set(errors) <= {
        f"the disk of the database {lies_at} is full, so nothing was recorded; free some space",
        f"the disk of the database {lies_at} cannot be read or written, so nothing was recorded;"
        " check the disk and its free space",
    }
    assert errors.total() == 3 * ROUNDS
    turns = [turn for what, turn, _ in said if what == "asked"]
    done = [key for what, turn, _ in said if what == "done" for _, key in turn]
    counts = assert_nothing_lost_or_doubled(kitchen, bake, before, turns, done, log_may_hold_half_lines=True)
    with capsys.disabled():
        print(f"\n{ROUNDS} times full ({how}): {dict(counts)}, {dict(errors)}")  # noqa: T201


def test_a_caller_who_continues_keeps_what_fitted_and_nothing_else(bake: CommandLine) -> None:
    """The refused operation leaves nothing behind; the one before it is committed and logged."""
    kitchen = stocked_bakery(bake)
    before, first, second = Before.of(kitchen), [("bake", uuid7())], [("receive", uuid7())]
    with session_scope() as session:
        carry_out(session, kitchen.ids, first)
        pages = session.execute(text("PRAGMA page_count")).scalar_one()
        session.execute(text(f"PRAGMA max_page_count = {pages}"))
        long_note = {"note": "n" * PAGE_BYTES, "operation_id": second[0][1]}
        with pytest.raises(OperationalError, match="database or disk is full"):
            record_receipt(kitchen.ids["Flour"], 1, "kg", session=session, **long_note)
    dispose_engines()  # the limit belongs to one connection
    told = {line.get("operation_id"): line["outcome"] for line in lines(bake.log_file)}
    assert [told[first[0][1]], told[second[0][1]]] == ["success", "error"]
    assert_nothing_lost_or_doubled(kitchen, bake, before, [first, second], [first[0][1]])

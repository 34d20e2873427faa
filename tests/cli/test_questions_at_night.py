"""Questions that somebody asks at night, each answered by the one command that the documents give."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import ROOT
from support.command_line import CommandLine, root_logger_put_back
from support.log.a_night import REQUEST, Night, a_night
from support.log.makers import rotated

PAGE = ROOT / "docs" / "how-to" / "find-out-why.md"
ROW = re.compile(r"^\| (?P<question>.+?) \| `bake (?P<command>.+)` \|$", re.MULTILINE)

ABOUT = {
    "Why was this one slow: a lock, a statement, or the disk?": "slow",
    "Did this operation commit?": "killed",
    "What did one request do?": "request",
    "What else was in that transaction?": "correction",
    "How much was there just before that correction?": "correction",
    "Was it undone, by what, and why?": "undone",
}
"""Which operation of that night a question is about."""

ANSWERS: dict[str, list[str]] = {
    "Why is flour 3 kg short, who did it, and in which transaction?": [
        "corrected: 3000 g in 1 change",
        "cost 6.00, 'the sack was rye', 2026-11-22 12:30:00 UTC by ben, record_adjustment {correction:.13}",
    ],
    "Which calls were the slowest today?": ["success {waited:.13}", "success {slow:.13}"],
    "Why was this one slow: a lock, a statement, or the disk?": [
        "committed, by ada",
        "ms in one statement: INSERT INTO movement (operation_id",
    ],
    "What was refused since yesterday, what was asked, and what would have been enough?": [
        "refused 2026-11-23 13:10:00 UTC by dora: record_adjustment",
        "box: 500 needed, 11 available; 489 more would have been enough",
        "quantity=60",
        "cookie: 360 needed, 114 available; 246 more would have been enough",
        "num_batches=40",
        "flour: 20000 g needed, 3500 g available; 16500 g more would have been enough still 17500 g short",
    ],
    "Did this operation commit?": ["record_adjustment {killed}", "recorded 2026-11-23 12:30:00 UTC by till"],
    "Is the log whole? Mend it.": ["operations with {committed} success lines: they agree."],
    "What became of the till's import, and why?": [
        "rolled back, by till",
        "because: DrawerOpenError: close the drawer first",
        "record_import: rolled_back",
    ],
    "What failed at COMMIT?": ["record_adjustment: rolled_back", "IntegrityError: FOREIGN KEY constraint failed"],
    "What was tried again, why, and did it succeed?": [
        "rolled back, by cleo because: OperationalError: (support.log.lines.LockTimeoutError) lock timeout",
        "committed on attempt 2, after",
        "success",
    ],
    "Where did the bug raise, and what caused it?": [
        "1 time: RuntimeError: the price list cannot be read raised at bake_tracker/services/stock/adjustment.py:",
        "caused by KeyError: 'rye'",
    ],
    "What happened after the clock was set back?": [
        "The clock was set back by 2:00:00 after 2026-11-23T15:04:00Z. 2026-11-23T13:04:",
        "2026-11-23T13:05:",
        "2026-11-23T13:06:",
        "2026-11-23T13:10:",
        "box: 500 needed, 11 available",
    ],
    "What did one request do?": [
        "rolled back, by ben, request 01a20000-0000 because: the customer cancelled",
        "committed, by ben, request 01a20000-0000 └── record_adjustment: success",
    ],
    "Why was it rolled back?": [
        "RuntimeError: the oven is cold",
        "the customer cancelled",
        "lock timeout",
        "FOREIGN KEY constraint failed",
        "DrawerOpenError: close the drawer first",
    ],
    "What else was in that transaction?": [
        "committed, by ben",
        "record_batch_production: success",
        "reason=the sack was rye",
    ],
    "How much flour was there at a quarter past twelve?": ["flour flour-20260101-1 7000 g"],
    "Where had it gone by then?": ["flour: 3500 g", "baked: 3500 g in 7 changes", "corrected: 3000 g in 1 change"],
    "How much was there just before that correction?": ["flour flour-20260101-1 7000 g"],
    "Was it undone, by what, and why?": ["record_batch_production {undone}", "undone by", ": typed twice"],
    "What did Cleo do yesterday?": ["run_in_transaction: retried", "reason=burnt", "T16:12:", "kind=sale"],
    "How often does it happen, how much is refused, and how slow is it?": ["record_bake_and_pack 2 50.0 %"],
    "What changed since the day before?": [
        "record_adjustment 19 → 1",
        "record_import 0 → 1",
        "only after",
    ],
    "Is too much going wrong just now?": [
        "TOO MUCH:",
        "operations in the last 12h, 1 refused, 1 error (above 0; most often record_adjustment: Runtime",
    ],
    "Who waited for a lock?": ["{waited:.13}", "lock_wait_ms="],
    "What is in this box?": ["cost by receipt", "2 of carton-20260101-1: 1.00", "250 g of flour-20260101-1: 0.50"],
    "Who wanted cookies and got none?": ["refused 2026-11-22 13:30:00 UTC by ada: record_bake_and_pack"],
}
"""What an answer says, in this order."""

FAILS = frozenset({"Is too much going wrong just now?"})
"""The answer's exit status is for cron."""


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Night]:
    with (
        pytest.MonkeyPatch.context() as patch,
        a_night(tmp_path_factory.mktemp("night"), sqlite_template, patch) as night,
    ):
        yield night


def asked() -> dict[str, str]:
    table = PAGE.read_text("utf-8").partition("<!-- questions -->\n")[2].partition("<!-- end -->")[0]
    return {row["question"]: row["command"] for row in ROW.finditer(table)}


def test_the_page_has_every_question() -> None:
    """Each has an answer that is checked."""
    assert list(asked()) == list(ANSWERS)


def test_so_much_happened(night: Night, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Seventy operations, in a log of at least three files, compressed ones among them."""
    with root_logger_put_back():
        counts = CommandLine(capsys, monkeypatch, night.log_file)("log", "stats", "--json").json
    # The killed one has a line once it is repaired, and one of them was tried twice.
    assert sum(one["count"] for one in counts) in (70, 71)
    assert len(files := rotated(night.log_file)) > 1
    assert any(name.endswith(".gz") for name in files)


@pytest.mark.parametrize("question", ANSWERS)
def test_one_command_answers(
    night: Night, question: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One command from the page is enough."""
    facts = {**night.ids, "request": REQUEST, "committed": night.kitchen.rows("SELECT count(*) FROM operation")[0][0]}
    command = asked()[question].replace("ID", str(facts.get(ABOUT.get(question, ""), "ID")))
    with root_logger_put_back():
        done = CommandLine(capsys, monkeypatch, night.log_file)(*shlex.split(command))
    assert done.code == (1 if question in FAILS else 0), done.err
    said = " ".join(re.sub("[│├└]─*", " ", done.out).split())
    for part in ANSWERS[question]:
        wanted = " ".join(re.sub("[│├└]─*", " ", part.format(**facts)).split())
        assert wanted in said
        said = said.partition(wanted)[2]

"""The programs on the page about logging from your own program print what it shows."""

import json
import os
import re
from pathlib import Path

import pytest

from support import ROOT
from support.log.their_program import examples
from support.transcripts import masked
from support.warm.program import run

PAGE = ROOT / "docs" / "how-to" / "log-from-your-program.md"
COLLECTOR = ROOT / "docs" / "how-to" / "send-to-a-collector.md"
SHOWN = [(title, number) for title, blocks in examples(PAGE).items() for number, block in enumerate(blocks) if block[1]]
# Tools that change the whole process have tests of their own in ``tests/log/test_hooks_of_others.py``.
NOT_SHOWN = [("Write our log file", 0), ("With other tools", 0), ("With other tools", 1)]
SLOW = re.compile(
    r" slowest_sql=.*? slowest_sql_ms=\S+| (?:begin_wait|lock_wait|sql|commit)_ms=\S+"
    r'|,"slowest_sql":"(?:[^"\\]|\\.)*"|,"(?:begin_wait|lock_wait|sql|slowest_sql|commit)_ms":[\d.]+'
)
"""Fields that a line has only where it took a millisecond."""
VARIABLE = re.compile(r"(duration_ms\W+)[\d.]+|^\d\d:\d\d:\d\d|T\d\d:\d\d:\d\d\.\d{6}Z", re.MULTILINE)


def written_by(page: Path, title: str, number: int, folder: Path) -> str:
    """What the program writes on stderr."""
    environment = {**os.environ, "BAKE_TRACKER_DATABASE_URL": f"sqlite:///{folder / 'bakery.db'}"}
    done = run("support.log.their_program", str(page), title, str(number), environment=environment, folder=folder)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return done.stderr


@pytest.mark.parametrize(("title", "number"), SHOWN)
def test_a_program_prints_what_the_page_shows(sqlite_url: str, title: str, number: int) -> None:
    """Line by line, except for ids and times."""
    printed = written_by(PAGE, title, number, Path(sqlite_url.removeprefix("sqlite:///")).parent)
    shown = examples(PAGE)[title][number][1]
    assert masked(VARIABLE.sub(r"\1", SLOW.sub("", printed))) == masked(VARIABLE.sub(r"\1", shown))


def test_our_file_gets_the_line(sqlite_url: str) -> None:
    """The handler of the page writes where the commands would."""
    folder = Path(sqlite_url.removeprefix("sqlite:///")).parent
    assert written_by(PAGE, "Write our log file", 0, folder) == ""
    lines = (folder / "bakery.db.log.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["message"] for line in lines] == ["record_event: success"]


def test_a_tracer_of_the_programs_own_is_set(sqlite_url: str) -> None:
    """The lines on the page about collectors run as well."""
    folder = Path(sqlite_url.removeprefix("sqlite:///")).parent
    title = next(title for title, blocks in examples(COLLECTOR).items() if blocks)
    assert written_by(COLLECTOR, title, 0, folder) == ""


def test_no_example_is_overlooked() -> None:
    """Every example on the page shows its output, or has a test of its own."""
    every = [(title, number) for title, blocks in examples(PAGE).items() for number in range(len(blocks))]
    assert sorted(SHOWN + NOT_SHOWN) == sorted(every)

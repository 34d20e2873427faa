"""The documents show what the program prints."""

import re
import shlex
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bake_tracker.entrypoints.cli.commands import command_names
from bake_tracker.services import database
from support import ROOT
from support.command_line import CommandLine, root_logger_put_back
from support.transcripts import masked

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
LOT = re.compile(r"\b[\w-]+-\d{8}-\d+\b")
WRITTEN_ON = re.compile(r"<!-- written on (\S+); its days count from then -->")
DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")


def sessions(document: Path) -> list[tuple[str, str]]:
    """Every ``$ command`` in the document, with the output shown for it."""
    shown: list[tuple[str, str]] = []
    for block in BLOCK.findall(document.read_text("utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            shown.append((command, output))
    return shown


def on_days_to_come(document: Path, text: str) -> str:
    """A command about days to come, with its days moved by as many as have passed since it was written."""
    if (written := WRITTEN_ON.search(document.read_text("utf-8"))) is None:
        return text
    passed = datetime.now(UTC).date() - date.fromisoformat(written[1])
    return DAY.sub(lambda day: str(date.fromisoformat(day[0]) + passed), text)


def assert_shown(expected: list[str], printed: list[str]) -> None:
    """Equal line by line; ``...`` in a document stands for any number of lines."""
    position = 0
    gap = False
    for line in expected:
        if line == "...":
            gap = True
            continue
        if gap:
            assert line in printed[position:], f"{line!r} does not follow in {printed[position:]}"
            position = printed.index(line, position)
        assert printed[position : position + 1] == [line]
        position, gap = position + 1, False
    assert gap or position == len(printed)


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if sessions(d)], ids=lambda d: str(d.relative_to(ROOT)))
def test_a_document_shows_what_the_program_prints(
    document: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every command of the document runs, in order, where there is no bakery yet."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BAKE_TRACKER_DATABASE_URL", f"sqlite:///{tmp_path / 'bakery.db'}")
    monkeypatch.setenv("BAKE_TRACKER_ACTOR", "baker")
    bake = CommandLine(capsys, monkeypatch, tmp_path / "unused.log.jsonl")
    made: dict[str, str] = {}  # today's lot codes by their masked form
    with root_logger_put_back():
        for command, output in sessions(document):
            program, *words = shlex.split(on_days_to_come(document, command))
            words = [made.get(masked(word)[0], word) if LOT.fullmatch(word) else word for word in words]
            assert program == "./bake"
            done = bake(*words)
            made |= {masked(lot)[0]: lot for lot in LOT.findall(done.out)}
            assert_shown(masked(output), masked(done.out + done.err))
    database.dispose_engines()


def test_every_command_is_in_the_reference() -> None:
    """Users cannot find a command that is not documented."""
    reference = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    assert [name for name in command_names() if f"`{name}" not in reference] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: str(d.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    """A relative link leads to an existing file."""
    links = LINK.findall(document.read_text("utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []

"""Other tools read the log: every recipe of the page runs over the demo's log, rotated and compressed."""

import gzip
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from support import ROOT
from support.warm.program import shell_words

pytestmark = pytest.mark.one_database

PAGE = (ROOT / "docs" / "how-to" / "query-the-log.md").read_text("utf-8")
CODE = re.compile(r"^```(sh|sql)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r"^```text\n(.*?)^```$|((?:^\|[^\n]*\n)+)", re.MULTILINE | re.DOTALL)
TIMESTAMP = re.compile(rb'(?<="timestamp":")[^"]+(?=Z")')
BEGAN_AT = datetime.fromisoformat("2026-11-23T14:00:00")
MEASURED = re.compile(r".*_(ms|sql)")


@dataclass(frozen=True)
class Recipe:
    """A heading of the page, the code below it, and the output that the page shows."""

    title: str
    language: str
    code: str
    shown: list[str]

    @property
    def tool(self) -> str:
        return "duckdb" if self.language == "sql" else "lnav" if self.code.startswith("lnav") else "jq"


def recipes() -> list[Recipe]:
    found = []
    for section in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]:
        title, _, rest = section.partition("\n")
        body = re.split(r"^## ", rest, flags=re.MULTILINE)[0]
        ((language, code),) = CODE.findall(body)
        shown = SHOWN.search(CODE.sub("", body))
        found.append(Recipe(title, language, code, (shown[1] or shown[2]).splitlines() if shown else []))
    return found


def set_up(begins: str) -> str:
    """The one block before the recipes with this beginning."""
    (code,) = [code for _, code in CODE.findall(PAGE) if code.startswith(begins)]
    return str(code)


RECIPES = {recipe.title: recipe for recipe in recipes()}


@pytest.fixture(scope="module")
def kitchen_desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the demo's log in three files: one compressed with gzip, one rotated, one in use."""
    desk = tmp_path_factory.mktemp("desk")
    bake = desk / "bake"
    bake.write_text(f'#!/bin/sh\nexec {shell_words("bake_tracker")} "$@"\n')
    bake.chmod(0o755)
    run(desk, "./bake demo --database sqlite:///bakery.db")
    log = desk / "bakery.db.log.jsonl"
    lines = at_two_o_clock(log.read_bytes()).splitlines(keepends=True)
    assert len(lines) == 50
    (desk / "bakery.db.log.jsonl.20261121T020000.000000.gz").write_bytes(gzip.compress(b"".join(lines[:15])))
    (desk / "bakery.db.log.jsonl.20261122T020000.000000").write_bytes(b"".join(lines[15:30]))
    (desk / "bakery.db.log.jsonl.lock").touch()  # lies beside every log that is rotated
    log.write_bytes(b"".join(lines[30:]))
    return desk


def at_two_o_clock(log: bytes) -> bytes:
    """The same log on the page's day, twenty times as fast: even on a busy machine the demo fits in its second."""
    began_at = min(datetime.fromisoformat(found.decode()) for found in TIMESTAMP.findall(log))
    return TIMESTAMP.sub(
        lambda found: (
            (BEGAN_AT + (datetime.fromisoformat(found[0].decode()) - began_at) / 20)
            .isoformat(timespec="microseconds")
            .encode()
        ),
        log,
    )


def run(desk: Path, script: str) -> str:
    """A script's output in a fresh home directory; it must succeed and print nothing on stderr."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("BAKE_TRACKER_", "XDG_"))}
    environment |= {"HOME": str(desk), "BAKE_TRACKER_ACTOR": "baker", "TERM": "xterm", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(["sh", "-ec", script], cwd=desk, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def need(tool: str) -> None:
    """Skip the test if a tool is missing; fail where everything must be checked."""
    if shutil.which(tool) is None:
        message = f"{tool} is not installed (apt-get install {tool}): its recipes were not run"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


# lnav and jq ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("title", [title for title, recipe in RECIPES.items() if recipe.tool == "jq" and recipe.shown])
def test_a_jq_recipe_prints_what_the_page_shows(kitchen_desk: Path, title: str) -> None:
    """The output is compared line by line."""
    need("jq")
    assert RECIPES[title].shown == run(kitchen_desk, RECIPES[title].code).splitlines()


def test_the_slowest_operations_are_the_slowest(kitchen_desk: Path) -> None:
    """Three operations, slowest first; the page cannot show which ones, as they differ each time."""
    need("jq")
    lines = run(kitchen_desk, RECIPES["The slowest operations"].code).splitlines()
    durations = [Decimal(line.split(" ms ")[0]) for line in lines]
    every = run(kitchen_desk, "gzip -cdf bakery.db.log.jsonl* | jq 'select(.duration_ms).duration_ms'").split()
    assert durations == sorted(map(Decimal, every), reverse=True)[:3]


@pytest.mark.parametrize("title", [title for title, recipe in RECIPES.items() if recipe.tool == "lnav"])
def test_an_lnav_recipe_prints_what_the_page_shows(kitchen_desk: Path, title: str) -> None:
    """lnav reads all three files with the format installed as the page says."""
    need("lnav")
    run(kitchen_desk, set_up("./bake log lnav").replace("lnav -i", "2>&1 lnav -i"))
    assert RECIPES[title].shown == run(kitchen_desk, RECIPES[title].code).splitlines()


def test_lnav_knows_every_line_with_its_time_level_and_transaction(kitchen_desk: Path) -> None:
    """The format is valid, and lnav falls back to its own guess for no line."""
    need("lnav")
    formats = kitchen_desk / "config" / "formats" / "bakery"
    formats.mkdir(parents=True, exist_ok=True)
    (formats / "bake_tracker.json").write_text(run(kitchen_desk, "./bake log lnav --database sqlite:///other.db"))
    assert run(kitchen_desk, "lnav -C -I config") == ""
    query = (
        "SELECT count(*) AS lines, count(log_opid) AS in_a_transaction, count(DISTINCT log_opid) AS transactions,"
        " sum(log_level = 'warning') AS warnings,"
        " sum(log_time_msecs > 1.7e12) AS dated, sum(duration_ms) > 0 AS took"
        " FROM bake_tracker_log"
    )
    printed = run(kitchen_desk, f'lnav -n -I config -c ";{query}" -c ":write-csv-to -" bakery.db.log.jsonl*')
    assert printed.splitlines()[1:] == ["50,49,13,7,50,1"]
    shown = run(kitchen_desk, "lnav -n -I config bakery.db.log.jsonl*")
    assert re.search(
        r"^DATE TIME WARNING record_receipt: rolled_back +[\d.]+ ms +\d+ SQL  baker +[\da-f-]{36} +"
        r"ChangedMindError: the oven was needed for bread *$\n"
        r"^  operation_id: [\da-f-]{36}$",
        re.sub(r"^\S+ \d\d:\d\d:\d\d\.\d{3}", "DATE TIME", shown, flags=re.MULTILINE),
        re.MULTILINE,
    )


# DuckDB ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("title", [title for title, recipe in RECIPES.items() if recipe.tool == "duckdb"])
def test_a_duckdb_recipe_answers_what_the_page_shows(
    kitchen_desk: Path, title: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compared cell by cell; for measured values only their presence counts."""
    monkeypatch.chdir(kitchen_desk)
    head, _, *rows = map(cells, RECIPES[title].shown)
    with duckdb.connect() as connection:
        connection.execute(set_up("CREATE VIEW"))
        answer = connection.sql(RECIPES[title].code)
        assert answer.columns == head
        found = [[str(value) for value in row] for row in answer.fetchall()]
    assert compared(head, rows) == compared(head, found)


def compared(head: list[str], rows: list[list[str]]) -> list[list[str]]:
    def cell(name: str, value: str) -> str:
        return "some" if MEASURED.fullmatch(name) and value != "None" else value

    return [[cell(name, value) for name, value in zip(head, row, strict=True)] for row in rows]

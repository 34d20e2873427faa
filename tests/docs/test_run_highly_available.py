"""The page about two servers is carried out on two servers: every command and statement, in order."""

import re
import shlex
from collections.abc import Callable, Iterator

import pytest

from bake_tracker.services.database import dispose_engines
from support import ROOT
from support.command_line import CommandLine, Done
from support.two_servers import NAME, TwoServers, two_servers_running

PAGE = (ROOT / "docs" / "how-to" / "run-highly-available.md").read_text("utf-8")
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
HOSTS = "baker@db1:5432,db2:5432"


@pytest.fixture
def pair() -> Iterator[TwoServers]:
    """A primary, and a standby that nobody waits for yet."""
    with two_servers_running() as pair:
        pair.primary.ask("CREATE DATABASE bakery")
        pair.wait_for_the_standby()
        yield pair


@pytest.fixture
def database_url(pair: TwoServers, use: Callable[[str], str]) -> str:
    """For the command line; the page sets another."""
    return use("postgresql://nobody@127.0.0.1:1/nowhere")


def columns(shown: str) -> list[list[str]]:
    """What each server is used for, and what it is."""
    return [line.split()[:2] for line in shown.splitlines() if " used for" not in f" {line}"]


def test_the_page_works_as_it_says(pair: TwoServers, bake: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Statements go to the primary, and promoting the standby comes after the primary's death."""
    here = f"postgres@127.0.0.1:{pair.primary.port},127.0.0.1:{pair.standby.port}"
    said = Done(0, "", "")
    assert f"'{NAME}'" in PAGE
    for language, block in BLOCK.findall(PAGE):
        if language == "sql":
            for statement in block.split(";")[:-1]:
                pair.primary.ask(statement.strip())
        elif language == "":
            assert columns(said.out) == columns(block)
        for line in block.splitlines() if language == "sh" else ():
            program, *words = shlex.split(line.replace(HOSTS, here))
            if program == "export":
                name, _, value = words[0].partition("=")
                assert "127.0.0.1" in value
                monkeypatch.setenv(name, value)
            elif program == "pg_ctl":
                dispose_engines()
                pair.fail_over()
            else:
                assert program == "bake"
                said = bake(*words)
                assert (said.code, said.err) == (0, ""), line
    assert "50" in bake("stock").out

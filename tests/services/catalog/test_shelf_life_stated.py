"""How long a new product keeps is asked at a terminal; scripts and programs get a warning if they leave it out."""

from typing import Any

import pytest

from bake_tracker.domain.access import Role
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.web import Web

pytestmark = pytest.mark.one_database
ADD = ("item", "add", "finished_unit", "Bun")


def kept(kitchen: Kitchen) -> list[int | None]:
    return [row[0] for row in kitchen.rows("SELECT shelf_life_days FROM item WHERE slug = 'bun'")]


@pytest.mark.parametrize(
    ("reply", "code", "days"), [("3\n", 0, [3]), ("none\n", 0, [None]), ("\n", 1, []), ("x\n", 2, [])]
)
def test_a_terminal_asks(kitchen: Kitchen, bake: CommandLine, reply: str, code: int, days: list[int | None]) -> None:
    """Without an answer, nothing is recorded."""
    done = bake.at_terminal(reply)(*ADD)
    assert (done.code, "How many days does Bun keep?" in done.out) == (code, True)
    assert "Look again" not in done.out
    assert kept(kitchen) == days


def test_a_script_records_as_ever_and_is_warned(kitchen: Kitchen, bake: CommandLine) -> None:
    """There is no warning if it states the shelf life, or for an ingredient."""
    done = bake(*ADD)
    assert (done.code, "Look again: bun has no shelf life yet" in done.out) == (0, True)
    assert bake("item", "add", "finished_unit", "Roll", "--json").json["warnings"] == ["shelf_life_not_stated"]
    for words in (("finished_unit", "Cake", "--shelf-life", "none"), ("ingredient", "Rye", "--unit", "g")):
        assert "warnings" not in bake("item", "add", *words, "--json").json
    assert bake("item", "add", "finished_unit", "Pie", "--shelf-life", "1.5").code == 2
    assert kept(kitchen) == [None]


@pytest.mark.parametrize(
    ("more", "warnings"),
    [({}, ["shelf_life_not_stated"]), ({"shelf_life_days": None}, None), ({"shelf_life_days": 3}, None)],
)
def test_the_api_warns_unless_it_is_stated(kitchen: Kitchen, more: dict[str, Any], warnings: list[str] | None) -> None:
    """Null is no limit; strict refuses what would be recorded with a warning."""
    api = Web().let_in().program(Role.BAKER)
    body = {"kind": "finished_unit", "name": "Bun", "base_unit": "each", **more}
    strict = api.post("/api/v1/items?strict=true", json=body)
    assert strict.status_code == (422 if warnings else 201)
    done = api.post("/api/v1/items", json=body) if warnings else strict
    assert (done.status_code, done.json().get("warnings")) == (201, warnings)
    assert kept(kitchen) == [more.get("shelf_life_days")]

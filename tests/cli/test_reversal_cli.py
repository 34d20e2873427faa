"""Undoing, correcting, holding, releasing and moving from the command line."""

import json

import pytest

from support.command_line import CommandLine
from support.kitchen import Kitchen

pytestmark = pytest.mark.one_database


@pytest.fixture
def bakery(kitchen: Kitchen) -> Kitchen:
    """A batch of cookies, and two boxes of them."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24)
    kitchen.assemble("Box", 2)
    return kitchen


def test_a_reversal_with_dependents_is_refused_and_they_are_drawn(bake: CommandLine, bakery: Kitchen) -> None:
    """The tree is printed, the reason goes to stderr, and it exits with 1; with --json the error has the tree."""
    done = bake("reverse", "production:1", "--reason", "counted twice")
    assert (done.code, "└── record_assembly" in done.out, "depends on" in done.err) == (1, True, True)
    as_json = bake("reverse", "production:1", "--reason", "counted twice", "--json")
    error = json.loads(as_json.out)["error"]
    assert (error["code"], error["dependents"][0]["operation"]) == ("has_dependents", "record_assembly")
    assert bakery.stock("Box") == 2


def test_a_dry_run_shows_the_order_and_changes_nothing(bake: CommandLine, bakery: Kitchen) -> None:
    """It exits with 1 if it would be refused, and with 0 if it would be done."""
    asked = [bake("reverse", "production:1", "--dry-run", *more) for more in ((), ("--cascade",))]
    assert [done.code for done in asked] == [1, 0]
    assert asked[0].out.index("record_assembly") < asked[0].out.index("record_batch_production")
    assert bakery.rows("SELECT count(*) FROM reversal")[0][0] == 0


def test_a_cascade_is_shown_lot_by_lot_and_runs_say_reversed(bake: CommandLine, bakery: Kitchen) -> None:
    """This shows in the answer, in the list of runs, in show and in explain."""
    done = bake("reverse", "production:1", "--reason", "counted twice", "--cascade")
    assert (done.code, done.out.count("Undid record_")) == (0, 2)
    assert bake("runs").out.count("undone") == 2
    for command in ("show", "explain"):
        assert "undone by" in bake(command, "production:1").out
        assert "counted twice" in bake(command, "production:1").out
    assert bakery.stock("Flour") == 10_000


def test_a_reversal_without_a_reason_is_wrong_usage(bake: CommandLine, bakery: Kitchen) -> None:
    """An unknown operation is refused."""
    assert bake("reverse", "production:1").code == 2
    unknown = bake("reverse", "production:77", "--reason", "typo")
    assert (unknown.code, "there is no operation" in unknown.err) == (1, True)


def test_a_yield_is_corrected_by_one_command(bake: CommandLine, bakery: Kitchen) -> None:
    """The command lists what was packed from the run and has to be recorded again."""
    done = bake("correct", "production:1", "--yield", "20", "--reason", "typo", "--cascade")
    assert done.code == 0
    assert "Corrected the yield from 24 to 20" in done.out
    assert "also undone; record these again:" in done.out
    assert (bakery.stock("Cookie"), bakery.stock("Box")) == (20, 0)


def test_lots_are_held_released_and_moved_by_their_codes(bake: CommandLine, bakery: Kitchen) -> None:
    """The stock shows why a lot is on hold and where it is."""
    (code,) = bakery.rows("SELECT code FROM lot WHERE code LIKE 'flour%'")[0]
    moved = bake("transfer", code, "2", "kg", "--to", "Cellar")
    assert f"to Cellar as new lot {code}/1" in moved.out
    assert bake("hold", code, f"{code}/1", "--reason", "mill recalls it").code == 0
    stock = bake("stock", "flour").out
    assert (stock.count("on hold: mill recalls it"), stock.count("Cellar")) == (2, 1)
    assert bake("release", f"{code}/1", "--reason", "clean").code == 0
    assert bake("stock", "flour").out.count("on hold") == 1
    refused = bake("transfer", f"{code}/1", "--to", "Cellar")
    assert (refused.code, "is already there" in refused.err) == (1, True)

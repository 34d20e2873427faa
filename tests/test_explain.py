"""What a box rests on, and what a refusal lacked."""

import pytest
from command_line import CommandLine
from kitchen import Kitchen

from bake_tracker.queries.explain import explain_lots
from bake_tracker.services.database import read_scope
from bake_tracker.services.transaction_outcomes import statement_count


@pytest.fixture
def bakery(bake: CommandLine) -> CommandLine:
    """Two lots of flour in one batch, boxed."""
    for line in (
        ["item", "add", "ingredient", "Flour", "--unit", "g"],
        ["item", "add", "finished_unit", "Cookie"],
        ["item", "add", "material", "Carton", "--policy", "fifo"],
        ["recipe", "add", "Cookies", "--line", "150 g flour", "--makes", "10 cookie"],
        ["good", "add", "Box", "--part", "5 cookie", "--part", "1 carton"],
        ["receive", "flour", "100", "g", "--cost", "1", "--lot", "OLD", "--expires", "2990-01-01"],
        ["receive", "flour", "100", "g", "--cost", "3", "--lot", "NEW", "--expires", "2999-01-01"],
        ["receive", "carton", "2", "each", "--cost", "1", "--lot", "C"],
        ["produce", "cookies", "1", "--yield", "10"],
        ["assemble", "box", "1"],
    ):
        assert bake(*line).code == 0
    return bake


def test_a_box_is_explained_down_to_the_receipts(bakery: CommandLine) -> None:
    """Cookies and carton, flour by lot in the order of expiry, each with its cost and the reason it was taken."""
    (box,) = bakery("explain", "box", "--json").json["lots"]
    cookies, carton = sorted(box["used"], key=lambda draw: draw["lot"]["item_slug"] == "carton")
    flours = cookies["lot"]["used"]
    assert (box["cost"], cookies["cost"], carton["cost"]) == ("1.75", "1.25", "0.50")
    assert [(draw["lot"]["lot_code"], draw["quantity"], draw["cost"]) for draw in flours] == [
        ("OLD", "100", "1.00"),
        ("NEW", "50", "1.50"),
    ]
    assert flours[0]["why"] == "first of its item to expire: 2990-01-01"
    assert carton["why"].startswith("oldest of its item")
    assert all(draw["lot"]["operation"] == "record_receipt" for draw in flours)
    shown = bakery("explain", "box").out
    assert "100 g for 1.00 of OLD: 100 g received" in shown


def test_an_operation_and_a_lot_are_explained_as_well(bakery: CommandLine) -> None:
    """By the beginning of an id, or by a code."""
    run = bakery("runs", "--json").json[1]
    by_id = bakery("explain", run["operation_id"][:20], "--json").json
    by_code = bakery("explain", run["lot_code"], "--json").json
    assert by_id["brought"] == by_code["lots"]
    assert bakery("explain", "OLD", "--json").json["lots"][0]["used"] == []


def test_a_refusal_is_explained_from_the_log(bakery: CommandLine) -> None:
    """It has no row, but its line says what would have been enough."""
    assert bakery("assemble", "box", "4").code == 1
    refused = bakery("log", "tree", "--last", "1", "--json").json[0]["operations"][0]["operation_id"]
    done = bakery("explain", refused)
    assert done.code == 0
    assert "Enough would have been 15 each more of cookie." in done.out
    assert "Enough would have been 3 each more of carton." in done.out


def test_what_nobody_knows_is_refused(bakery: CommandLine) -> None:
    """Neither ledger nor log has heard of it."""
    done = bakery("explain", "unicorn")
    assert (done.code, "neither ledger nor log knows 'unicorn'" in done.err) == (1, True)


def test_explaining_takes_as_many_statements_for_many_lots_as_for_one(kitchen: Kitchen) -> None:
    """Two statements whatever the depth and the breadth."""

    kitchen.simple_bakery()
    counts = []
    for batches in (1, 5):
        for _ in range(batches):
            kitchen.produce("Cookies", "Cookie", 1, 24)
        box = kitchen.assemble("Box", 4)
        with read_scope() as session:
            session.connection()
            before = statement_count()
            explain_lots(session, [box["lot_id"]])
            counts.append(statement_count() - before)
    assert counts == [2, 2]

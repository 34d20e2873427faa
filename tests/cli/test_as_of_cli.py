"""The stock as it was, asked at the command line."""

import pytest

from support.command_line import CommandLine

pytestmark = pytest.mark.one_database


@pytest.fixture
def bakery(bake: CommandLine) -> CommandLine:
    """Flour that came in January and was recorded today; some of it was thrown away since."""
    for words in (
        ["item", "add", "ingredient", "Flour", "--unit", "g"],
        ["receive", "flour", "100", "g", "--cost", "5", "--lot", "OLD", "--received", "2026-01-05"],
        ["receive", "flour", "10", "g", "--lot", "FREE", "--received", "2026-01-07"],
        ["waste", "30 g lot:OLD", "--reason", "moths"],
    ):
        done = bake(*words)
        assert done.code == 0, done.err
    return bake


def test_by_recording_it_is_what_the_ledger_said_and_by_happening_what_was_there(bakery: CommandLine) -> None:
    """In January the ledger had no flour; now we know that there was some."""
    early = "2026-01-06T12:00"
    assert bakery("as-of", early, "stock").out.splitlines() == [
        "2026-01-06 12:00:00 UTC, as the ledger said:",
        "Nothing was in stock.",
    ]
    assert bakery("as-of", early, "value", "--happened").out.splitlines() == [
        "2026-01-06 12:00:00 UTC, as known now:",
        "item   quantity  value",
        "flour     100 g   5.00",
        "Total: 5.00 USD",
    ]
    later = bakery("as-of", "2026-01-08", "stock", "flour", "--happened")
    assert [row.split() for row in later.out.splitlines()[2:]] == [
        ["flour", "OLD", "100", "g"],
        ["flour", "FREE", "10", "g"],
    ]


def test_an_item_is_explained_as_it_was(bakery: CommandLine) -> None:
    """The answer has what had gone by then, and what was left; a lot of unknown cost is named."""
    then = bakery("as-of", "0s", "explain", "flour")
    assert then.code == 2  # no length of time
    found = bakery("as-of", "1d", "explain", "flour", "--json").json
    assert (found["items"], found["outflows"]) == ([], [])
    assert "flour: 0 g" in bakery("as-of", "1d", "explain", "flour").out
    assert bakery("waste", "60 g lot:OLD", "--reason", "mice").code == 0
    at = bakery("explain", "flour", "--json").json["item"]["outflows"][0]["largest"][1]["at"]
    found = bakery("as-of", at, "explain", "flour", "--json").json
    assert [(one["kind"], one["quantity"]) for one in found["outflows"]] == [("waste", "30")]
    assert [(lot["lot_code"], lot["quantity"], lot["value"]) for lot in found["items"][0]["lots"]] == [
        ("OLD", "70", "3.50"),
        ("FREE", "10", None),
    ]
    shown = bakery("as-of", at, "explain", "flour").out
    assert "70 g in OLD, worth 3.50" in shown
    assert "thrown away: 30 g in 1 change" in shown
    assert bakery("as-of", at, "explain", "OLD", "--json").json["outflows"][0]["quantity"] == "30"
    assert "OLD: 70 g" in bakery("as-of", at, "explain", "OLD").out
    assert [row["quantity"] for row in bakery("as-of", at, "stock", "FREE", "--json").json["items"]] == ["10"]
    assert bakery("receive", "flour", "1", "g", "--lot", "OLD").code == 0
    assert bakery("as-of", "1h", "explain", "OLD").code == 2  # of which of the two
    assert "the cost was unknown: FREE" in bakery("as-of", at, "value").out


def test_just_before_an_operation_is_an_instant_too(bakery: CommandLine) -> None:
    """The beginning of its id is enough; one that fits several operations, or none, is refused."""
    rows = bakery("explain", "flour", "--json").json["item"]["outflows"][0]["largest"]
    wasted = rows[0]["operation_id"]
    lots = bakery("as-of", f"before:{wasted}", "stock", "flour", "--json").json["items"][0]["lots"]
    assert [(lot["lot_code"], lot["quantity"]) for lot in lots] == [("OLD", "100"), ("FREE", "10")]
    for wanted, says in ((wasted[:3], "several operations"), ("ffffffff", "not the id of a recorded operation")):
        done = bakery("as-of", f"before:{wanted}", "stock")
        assert done.code == 2
        assert says in " ".join(done.err.replace("│", " ").split())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["2999-01-01", "stock"], "is yet to come"),
        (["soon", "stock"], "is not a time"),
        (["1h", "explain"], "explain needs an item"),
        (["1h", "weather"], "is not one of"),
    ],
)
def test_what_cannot_be_asked_is_refused(bakery: CommandLine, words: list[str], says: str) -> None:
    """The refusal says what to write."""
    done = bakery("as-of", *words)
    assert done.code == 2
    assert says in " ".join(done.err.replace("│", " ").split())

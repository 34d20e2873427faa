"""Allergens and labels by command, and the label as a PDF."""

import pytest
from command_line import CommandLine
from kitchen import Kitchen
from test_label_on_file import stated


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is printed does not depend on the database."""
    return sqlite_url


def test_allergens_are_set_and_listed(bake: CommandLine, kitchen: Kitchen) -> None:
    """``allergen list`` shows what is said, and of what nobody has said anything."""
    kitchen.ingredient("Flour")
    kitchen.ingredient("Sugar")
    kitchen.ingredient("Cocoa")
    assert bake("allergen", "set", "flour", "--contains", "wheat", "--may-contain", "soya").code == 0
    assert bake("allergen", "set", "sugar", "--none").code == 0
    assert bake("allergen", "set", "cocoa").code == 2
    rows = bake("allergen", "list", "--json").json
    assert [(row["item_slug"], row["contains"], row["may_contain"]) for row in rows] == [
        ("cocoa", None, None),
        ("flour", ["wheat"], ["soya"]),
        ("sugar", [], []),
    ]
    assert [row["item_slug"] for row in bake("allergen", "list", "--missing", "--json").json] == ["cocoa"]
    assert "nobody has said" in bake("allergen", "list").out


def test_a_label_is_shown_and_filed_and_a_run_warned_of(bake: CommandLine, kitchen: Kitchen) -> None:
    """All of it by command."""
    lot = stated(kitchen).produce("Cookies", "Cookie", 1, 24)["lot_code"]
    assert "Ingredients: Flour (wheat), Sugar." in bake("label", lot).out
    us = bake("label", lot, "--style", "us", "--json").json
    assert us["lines"][1:3] == ["INGREDIENTS: Flour (wheat), Sugar.", "Contains: Wheat"]
    assert [(part["item_slug"], part["weight_g"]) for part in us["parts"]] == [("flour", "500"), ("sugar", "250")]
    assert "On file for cookie: Flour (wheat), Sugar" in bake("label", lot, "--file").out
    assert bake("label", lot, "--json").json["label_differs"] is None
    assert "in place of another" in bake("declare", "cookie", "Sugar", "--contains", "wheat,milk").out
    assert (
        "warning: not what the label of cookie says: not on the label"
        in bake("produce", "cookies", "1", "--yield", "24").out
    )
    assert "not what the label on file says" in bake("label", lot).out
    assert bake("init", "--label-policy", "refuse").code == 0
    refused = bake("produce", "cookies", "1", "--yield", "24", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "label_differs")
    assert bake("label", lot, "--style", "uk").code == 2
    assert bake("init", "--label-policy", "shout").code == 1

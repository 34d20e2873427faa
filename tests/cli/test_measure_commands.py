"""Measures, packages, prices and costs on the command line; the database makes no difference to its output."""

from pathlib import Path

import pytest

from bake_tracker.domain.recipes.common_measures import COMMON_MEASURES
from support.command_line import CommandLine


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


def test_the_command_line_measures_lists_and_explains(bake: CommandLine, tmp_path: Path) -> None:
    """A question that cannot be answered gets the missing fact named."""
    bake("item", "add", "ingredient", "Egg", "--unit", "g")
    done = bake("measure", "egg", "--pieces", "12", "--weighs", "606 g", "--source", "our scale", "--json").json
    assert (done["g_per_each"], done["was"]) == ("101/2", None)
    assert bake("measure", "egg", "--weighs", "5 g").code == 2
    assert bake("measure", "egg", "--piece", "1", "--weighs", "5").code == 2
    assert bake("convert", "1 cupz", "egg").code == 2
    refused = bake("convert", "1 cup", "egg")
    assert (refused.code, "bake measure egg --volume" in refused.err) == (1, True)
    assert bake("convert", "2 dozen", "egg", "--to", "kg", "--json").json["result"] == "1.212"
    assert bake("measures", "egg", "--json").json[0]["source"] == "our scale"
    assert bake("measures", "--csv", str(tmp_path / "measures.csv")).code == 0
    assert "101/2" in (tmp_path / "measures.csv").read_text("utf-8")
    assert len(bake("measures", "--common", "--json").json) == len(COMMON_MEASURES)
    assert "NDB 20081" in bake("measures", "--common").out


def test_the_command_line_takes_bags_if_one_product_comes_in_bags(bake: CommandLine, tmp_path: Path) -> None:
    """When two products come in bags, a name or id tells them apart; a file has a column for it."""
    bake("item", "add", "ingredient", "Flour", "--unit", "g")
    bake("supplier", "add", "Mill")
    assert "not a unit" in bake("receive", "flour", "2", "bag").err
    assert bake("product", "add", "flour", "Type 550", "--package", "25 kg", "--type", "bag").code == 0
    assert bake("receive", "flour", "2", "bags", "--json").json["quantity"] == "50000"
    assert bake("convert", "2 bags", "flour", "--to", "kg", "--json").json["result"] == "50"
    bake("product", "add", "flour", "Type 1050", "--package", "10 kg", "--type", "bag")
    assert "several products match; give the id of one" in bake("receive", "flour", "1", "bag").err
    assert bake("receive", "flour", "1", "bag", "--product", "type 1050", "--json").json["quantity"] == "10000"
    assert "did you mean" in bake("receive", "flour", "1", "bag", "--product", "type").err
    file = tmp_path / "lines.csv"
    file.write_text("item,quantity,unit,product\nflour,3,bag,2\n", "utf-8")
    assert bake("deliver", "mill", str(file), "--json").json["lots"][0]["quantity"] == "30000"
    assert [row["package_quantity"] for row in bake("product", "list", "flour", "--json").json] == ["10", "25"]
    assert "bag of 25 kg" in bake("product", "list").out


def test_the_command_line_shows_prices_costs_and_rates(bake: CommandLine, tmp_path: Path) -> None:
    """A price of zero is wrong usage."""
    bake("item", "add", "ingredient", "Flour", "--unit", "g")
    bake("item", "add", "finished_unit", "Bun")
    bake("recipe", "add", "Buns", "--line", "500 g flour", "--makes", "10 bun")
    assert "No purchases of flour yet" in bake("prices", "flour").out
    assert "never bought at a known cost: flour" in bake("cost", "buns").out
    bake("receive", "flour", "1", "kg", "--cost", "2")
    bake("receive", "flour", "1", "kg")
    assert "lots received without a known cost: 1" in bake("prices", "flour").out
    assert bake("prices", "flour", "--csv", str(tmp_path / "prices.csv")).code == 0
    assert "2.00,kg" in (tmp_path / "prices.csv").read_text("utf-8")
    done = bake("rate", "buns", "--labour", "5", "--overhead", "1.5", "--json").json
    assert (done["labour"], done["labour_before"]) == ("5.00", None)
    found = bake("cost", "buns", "--batches", "1/2", "--price", "0.9", "--json").json
    assert (found["today"], found["labour"], found["makes"][0]["margin"]) == ("0.50", "2.50", "0.80")
    assert "lots without a price: flour-" in bake("cost", "buns").out
    assert bake("cost", "buns", "--price", "0").code == 2
    assert bake("cost", "buns", "--batches", "0").code == 1
    assert "labour 6.00, overhead 1.50" in bake("produce", "buns", "1", "--yield", "10", "--labour", "6").out
    assert "labour" in bake("runs").out
    assert bake("produce", "buns", "1", "--yield", "10", "--labour", "6", "--pack", "x", "--boxes", "1").code == 2

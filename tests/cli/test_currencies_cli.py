"""Commands and their files write amounts as the bakery's currency does, and read it in front of an amount or behind."""

from pathlib import Path

import pytest
from openpyxl import load_workbook

from support.command_line import CommandLine


@pytest.mark.parametrize(
    ("currency", "cost", "received", "value", "each", "in_file", "format_"),
    [
        ("JPY", "1200", "1200", "1200", "1.20", "1200", "General"),
        ("EUR", "1200", "1200.00", "1200.00", "1.20", "1200.00", "0.00"),
        ("BHD", "1200.5", "1200.500", "1200.500", "1.200", "1200.500", "0.000"),
    ],
)
def test_a_command_writes_amounts_as_the_currency_does(
    bake: CommandLine, tmp_path: Path, currency: str, cost: str, received: str, value: str, each: str, in_file: str,
    format_: str,
) -> None:  # fmt: skip
    """A price for one gram keeps three figures; JSON has the exact text whatever the currency."""
    bake("init", "--currency", currency)
    bake("item", "add", "ingredient", "Flour", "--unit", "g")
    assert f"cost {received};" in bake("receive", "flour", "1000", "g", "--cost", cost, "--lot", "L1").out
    (row,) = [line.split() for line in bake("report", "value", "--lots").out.splitlines() if "L1" in line]
    assert row[-3:-1] == [value, each]
    assert f"Total: {value} {currency}" in bake("report", "value").out
    bake("report", "value", "--csv", str(tmp_path / "value.csv"))
    assert in_file in (tmp_path / "value.csv").read_text("utf-8-sig")
    bake("report", "value", "--xlsx", str(tmp_path / "value.xlsx"))
    sheet = load_workbook(tmp_path / "value.xlsx").active
    assert sheet is not None
    assert format_ in {cell.number_format for cell in sheet[2] if cell.value in (1200, 1200.5)}


def test_every_amount_of_a_command_may_have_the_bakerys_currency(bake: CommandLine, tmp_path: Path) -> None:
    """This holds in an option, a line, a file and a bill; another currency is refused everywhere."""
    bake("init", "--currency", "EUR")
    bake("item", "add", "ingredient", "Flour", "--unit", "g")
    bake("item", "add", "finished_unit", "Bun", "--shelf-life", "none")
    bake("recipe", "add", "Buns", "--line", "1 g flour", "--makes", "1 bun")
    bake("supplier", "add", "Mill")
    bake("receive", "flour", "1", "kg", "--lot", "L1", "--cost", "5")
    file = tmp_path / "delivery.csv"
    file.write_text("item,quantity,unit,cost\nflour,1,kg,{}\n".format('"3,50 €"'))
    for words in (
        ("receive", "flour", "1", "kg", "--cost", "{}"),
        ("deliver", "mill", "1 kg flour @{}"),
        ("rate", "buns", "--labour", "{}", "--overhead", "{}"),
        ("cost", "buns", "--price", "{}"),
        ("cost-statement", "L1=+{}", "--kind", "freight"),
    ):
        for typed in ("€ 3,50", "3.50 EUR", "EUR 3.50"):
            done = bake(*(word.format(typed) for word in words))
            assert (done.code, done.err) == (0, ""), (words, typed)
        assert "but this bakery's currency is EUR" in bake(*(word.format("$3.50") for word in words)).err
    assert "3.50" in bake("deliver", "mill", str(file)).out

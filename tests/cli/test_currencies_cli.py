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

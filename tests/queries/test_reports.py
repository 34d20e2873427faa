"""Reports on stock and yields, as tables, charts and files."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from bake_tracker.clock import now
from bake_tracker.database.transaction_outcomes import statement_count
from bake_tracker.domain.errors import OperationNotFoundError
from bake_tracker.entrypoints.cli.report.charts import add_up
from bake_tracker.files.tables import read_table
from bake_tracker.queries.reports.stock_value import load_stock_value
from bake_tracker.queries.reports.usage import load_recipients, load_usage, load_waste
from bake_tracker.queries.reports.yields import load_run_yields, load_yields_by_month
from bake_tracker.queries.views.item import load_item_slice
from bake_tracker.queries.views.stock import load_stock
from bake_tracker.services.catalog import things
from bake_tracker.services.database import read_scope, run_in_transaction
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.shelf import Shelf

AUCKLAND = ZoneInfo("Pacific/Auckland")


def asked(question: Callable[[Session], Any]) -> Any:
    with read_scope() as session:
        return question(session)


@pytest.fixture
def bakery(kitchen: Kitchen) -> Kitchen:
    """Three productions around the end of a month in Auckland, one a total loss; a fourth was reversed."""
    run_in_transaction(lambda s: things.record_bakery(session=s, time_zone="Pacific/Auckland"))
    kitchen.simple_bakery()
    january = datetime(2026, 1, 31, 23, 30, tzinfo=AUCKLAND)
    kitchen.produce("Cookies", "Cookie", 2, 36, produced_at=january, loss_reason="burnt")
    kitchen.produce("Cookies", "Cookie", 1, 30, produced_at=january + timedelta(hours=1))
    kitchen.produce("Cookies", "Cookie", 1, 0, produced_at=january + timedelta(hours=2))
    Shelf(kitchen).reverse(kitchen.produce("Cookies", "Cookie", 1, 1, produced_at=january))
    return kitchen


def test_stock_is_worth_what_it_cost(bakery: Kitchen) -> None:
    """The value by item and by lot add up to the same total."""
    found = asked(lambda s: load_stock_value(s, now()))
    assert [(row["item_slug"], row["quantity"], row["value"]) for row in found["items"]] == [
        ("cookie", "66", "3.75"),
        ("flour", "8000", "16.00"),
        ("sugar", "4000", "8.00"),
        ("carton", "100", "50.00"),
    ]
    lots = {row["lot_code"][:6]: (row["value"], row["unit_cost"]) for row in found["lots"]}
    assert lots["flour-"] == ("16.00", "0.002")
    assert (found["value"], found["known_value"], found["lots_without_cost"]) == ("77.75", "77.75", [])


def test_an_unknown_cost_is_named_and_not_summed(bakery: Kitchen) -> None:
    """A sum with an unknown cost has no value, but the known costs are still added up."""
    bakery.receive("Flour", 1, "kg", lot_code="GIFT")
    found = asked(lambda s: load_stock_value(s, now()))
    flour = next(row for row in found["items"] if row["item_slug"] == "flour")
    assert (flour["value"], flour["known_value"], flour["lots_without_cost"]) == (None, "16.00", ["GIFT"])
    assert flour["quantity_without_cost"] == "1000"
    listed = next(row for row in asked(lambda s: load_stock(s, now().date())) if row["slug"] == "flour")
    assert (listed["value"], listed["known_value"], listed["quantity_without_cost"]) == (None, "16.00", "1000")
    (item,) = asked(lambda s: load_item_slice(s, 9, search="flour"))
    assert (item["value"], item["known_value"], item["quantity_without_cost"]) == (None, "16.00", "1000")
    assert (found["value"], found["known_value"], found["lots_without_cost"]) == (None, "77.75", ["GIFT"])


@pytest.mark.one_database
def test_an_empty_shelf_is_worth_nothing(kitchen: Kitchen) -> None:
    """The value of an empty shelf is known: it is zero."""
    found = asked(lambda s: load_stock_value(s, now()))
    assert (found["value"], found["items"], found["lots"]) == ("0.00", [], [])


def test_yields_are_compared_with_their_plan_by_month(bakery: Kitchen) -> None:
    """Months are in the bakery's time zone; a total loss spreads its cost over what did come out."""
    rows = asked(load_yields_by_month)
    told = [
        (row["month"], row["runs"], row["batches"], row["planned"], row["actual"], row["loss_percent"], row["cost"])
        for row in rows
    ]
    assert told == [("2026-01", 1, 2, "48", "36", "25", "3.00"), ("2026-02", 2, 2, "48", "30", "37.5", "3.00")]
    assert [(row["planned_unit_cost"], row["unit_cost"]) for row in rows] == [
        ("0.0625", "0.083333"),
        ("0.0625", "0.10"),
    ]
    assert asked(lambda s: load_yields_by_month(s, date(2026, 2, 1), date(2026, 2, 1)))[0]["runs"] == 2
    assert asked(lambda s: load_yields_by_month(s, date(2026, 2, 2))) == []


def test_productions_one_by_one_go_back_page_by_page(bakery: Kitchen) -> None:
    """The latest comes first; more than planned is a negative loss, and a yield of zero has no unit cost."""
    rows = asked(lambda s: load_run_yields(s, limit=10))
    told = [(row["at"], row["actual"], row["loss_percent"], row["unit_cost"], row["loss_reason"]) for row in rows]
    assert told == [
        ("2026-02-01T01:30+13:00", "0", "100", None, None),
        ("2026-02-01T00:30+13:00", "30", "-25", "0.05", None),
        ("2026-01-31T23:30+13:00", "36", "25", "0.083333", "burnt"),
    ]
    first = asked(lambda s: load_run_yields(s, limit=2))
    assert first + asked(lambda s: load_run_yields(s, limit=2, before=first[-1]["operation_id"])) == rows
    with pytest.raises(OperationNotFoundError):
        asked(lambda s: load_run_yields(s, limit=2, before="ffff"))


def test_as_many_statements_however_much_was_done(bakery: Kitchen) -> None:
    """This holds for every report."""

    def statements() -> list[int]:
        counted = []
        for question in (
            lambda s: load_stock_value(s, now()),
            load_yields_by_month,
            lambda s: load_run_yields(s, limit=100),
            load_usage,
            load_waste,
            load_recipients,
        ):
            with read_scope() as session:
                session.connection()
                before = statement_count()
                question(session)
                counted.append(statement_count() - before)
        return counted

    small = statements()
    for number in range(10):
        bakery.ingredient(f"Thing {number}")
        bakery.receive(f"Thing {number}", 1, "kg", 1, received_on=date(2026, 1, 1))
        bakery.recipe(f"Bake {number}", {f"Thing {number}": (1, "g")}, {f"Bun {number}": 1})
        bakery.produce(f"Bake {number}", f"Bun {number}", 1, 1, produced_at=datetime(2026, 3, 1, tzinfo=UTC))
    assert small == statements() == [2, 2, 2, 5, 5, 9]


FILES: dict[str, tuple[str, ...]] = {
    "value": ("report", "value"),
    "value by lot": ("report", "value", "--lots"),
    "yield": ("report", "yield"),
    "yield of each": ("report", "yield", "--each"),
}


@pytest.mark.one_database
@pytest.mark.parametrize("report", FILES)
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_report_in_a_file_says_what_the_json_says(
    bakery: Kitchen, bake: CommandLine, tmp_path: Path, report: str, suffix: str
) -> None:
    """Every row is the same."""
    file = tmp_path / f"report.{suffix}"
    assert bake(*FILES[report], f"--{suffix}", str(file)).code == 0
    found = bake(*FILES[report], "--json").json
    rows = found if isinstance(found, list) else found["lots" if "--lots" in FILES[report] else "items"]
    cells = [row.cells for row in read_table(file)]
    assert [list(one) for one in cells] == [list(cells[0])] * len(rows)
    assert {name for row in cells for name in row} <= {name for row in rows for name in row}
    key = "value" if "value" in report else "planned"
    assert [float(row[key]) for row in cells] == [float(row[key]) for row in rows]


@pytest.mark.one_database
def test_a_chart_has_a_bar_as_long_as_its_amount(bakery: Kitchen, bake: CommandLine) -> None:
    """The largest stock comes first; an unknown amount has no bar, and neither does a loss of zero."""
    bakery.receive("Flour", 1, "kg", lot_code="GIFT")
    bakery.ingredient("Salt")
    bakery.receive("Salt", 1, "kg")
    lines = [line.split() for line in bake("report", "value", "--chart").out.splitlines()]
    assert [line[:2] for line in lines] == [
        ["carton", "50.00"],
        ["flour", "16.00"],
        ["sugar", "8.00"],
        ["cookie", "3.75"],
        ["salt", "unknown"],
    ]
    lengths = [len(line[2]) if len(line) > 2 else 0 for line in lines]
    assert lengths[2:] == [lengths[0] * 8 // 50, lengths[0] * 375 // 5000, 0]
    for report in ("yield", "usage", "waste", "recipients"):
        assert bake("report", report, "--chart").code == 0
    assert "2026-02 cookie" in bake("report", "yield", "--chart").out
    assert "37.5 %" in bake("report", "yield", "--chart").out
    assert "loss: burnt" in bake("report", "waste", "--chart").out


def test_bars_with_one_name_are_added_up_and_unknown_if_one_of_them_is() -> None:
    """A part of a sum is never shown."""
    rows = [{"of": "a", "cost": "1"}, {"of": "b", "cost": None}, {"of": "a", "cost": "2.5"}, {"of": "b", "cost": "1"}]
    bars = add_up(rows, lambda row: str(row["of"]), "cost")
    assert {name: str(amount) for name, amount in bars.items()} == {"a": "3.5", "b": "None"}


@pytest.mark.one_database
def test_the_tables_name_what_is_unknown(bakery: Kitchen, bake: CommandLine) -> None:
    """The names are below the total, which does not include them."""
    bakery.receive("Flour", 1, "kg", lot_code="GIFT")
    for words in (("report", "value"), ("report", "value", "--lots")):
        out = bake(*words).out
        assert "Not included, because the cost is unknown: GIFT" in out
    assert "2026-02-01 01:30" in bake("report", "yield", "--each").out
    assert "37.5" in bake("report", "yield").out

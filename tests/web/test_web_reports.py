"""Reports: charts as data, the tables behind them, and the value of the stock day by day."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from bake_tracker.clock import now
from bake_tracker.domain.access import Role
from bake_tracker.entrypoints.web.report import reports
from bake_tracker.entrypoints.web.report.reports import REPORTS
from bake_tracker.queries.reports.stock_value import load_stock_value
from bake_tracker.queries.reports.stock_value_days import ValueOfDay, load_stock_value_by_day
from bake_tracker.services.catalog.settings import record_bakery_correction
from bake_tracker.services.catalog.things import record_bakery
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.reversal import record_reversal
from bake_tracker.services.stock.adjustment import record_adjustment
from bake_tracker.services.stock.handling import record_hold
from support.kitchen import Kitchen
from support.web import Web, statements


@pytest.fixture
def web(database_url: str) -> Web:
    """The application, with three people."""
    return Web().let_in()


def charts_of(page: str) -> list[dict[str, Any]]:
    found = re.findall(r'<script type="application/json" id="chart-\d+">(.*?)</script>', page, re.DOTALL)
    return [json.loads(text) for text in found]


def days(kitchen: Kitchen, back: int) -> list[ValueOfDay]:
    today = now().date()
    with read_scope() as session:
        rows = load_stock_value_by_day(session, today - timedelta(days=back), today)
        worth = load_stock_value(session, now())
    assert rows[-1]["total"] == worth["known_value"]
    return rows


def test_the_stock_value_of_each_day_follows_the_stock_of_that_day(kitchen: Kitchen) -> None:
    """Purchases, runs and waste count on their own day, even if recorded late; undone operations do not count."""
    today = now().date()

    def at(ago: int) -> datetime:
        return datetime.combine(today - timedelta(days=ago), datetime.min.time(), UTC)

    kitchen.ingredient("Flour")
    kitchen.item("material", "Carton", "each")
    kitchen.recipe("Cookies", {"Flour": (500, "g")}, {"Cookie": 10})
    kitchen.good("Box", {"Cookie": 5, "Carton": 1})
    kitchen.receive("Flour", 10, "kg", 20, received_on=today - timedelta(days=5))
    kitchen.receive("Carton", 10, "each", 5, received_on=today - timedelta(days=4))
    kitchen.receive("Flour", 1, "kg", received_on=today - timedelta(days=4))
    kitchen.produce("Cookies", "Cookie", 2, 20, produced_at=at(3))
    kitchen.assemble("Box", 2, assembled_at=at(2))
    waste: Any = [{"item_id": kitchen.ids["Flour"], "quantity": 1000}]
    run_in_transaction(lambda s: record_adjustment("waste", waste, session=s, happened_at=at(1)))
    wrong = kitchen.receive("Flour", 100, "kg", 500, received_on=today - timedelta(days=3))
    run_in_transaction(lambda s: record_reversal(wrong["operation_id"], "a slip", session=s))
    run_in_transaction(lambda s: record_hold([1], "smells", session=s))
    rows = [tuple(dict(row).values())[1:] for row in days(kitchen, 6)]
    assert rows == [
        ("0.00", "0.00", "0.00", "0.00", "0.00"),
        ("20.00", "0.00", "0.00", "0.00", "20.00"),
        ("20.00", "5.00", "0.00", "0.00", "25.00"),
        ("18.00", "5.00", "2.00", "0.00", "25.00"),
        ("18.00", "4.00", "1.00", "2.00", "25.00"),
        ("16.00", "4.00", "1.00", "2.00", "23.00"),
        ("16.00", "4.00", "1.00", "2.00", "23.00"),
    ]
    assert [row["total"] for row in days(kitchen, 1)] == ["23.00", "23.00"]


@pytest.mark.one_database
@pytest.mark.parametrize("report", REPORTS)
def test_every_report_is_empty_at_first_and_then_a_chart_with_its_table(
    kitchen: Kitchen, web: Web, report: str
) -> None:
    """Three productions take as many statements as nine; the report saves as CSV and as a workbook."""
    browser = web.browser(Role.VIEWER)
    empty = browser.get(f"/reports/{report}")
    assert empty.status_code == 200
    kitchen.simple_bakery()
    counts = []
    for round_ in range(3):
        kitchen.produce("Cookies", "Cookie", 1 + round_, 20, loss_reason="burnt")
        with statements() as sent:
            page = browser.get(f"/reports/{report}?since=2026-01-01")
        counts.append(len(sent))
    assert (page.status_code, counts[0]) == (200, counts[2])
    assert counts[0] <= 12
    for chart in charts_of(page.text):
        assert len(chart["axis"]) >= 1
        assert {len(one["values"]) for one in chart["series"]} == {len(chart["axis"])}
        assert {len(one["texts"]) for one in chart["series"]} == {len(chart["axis"])}
    assert (len(charts_of(page.text)) >= 1) == ("<tbody>" in page.text)
    saved = browser.get(f"/reports/{report}?since=2026-01-01&format=csv")
    assert (saved.status_code, saved.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert browser.get(f"/reports/{report}?format=xlsx").content[:2] == b"PK"


@pytest.mark.one_database
def test_a_chart_has_the_values_of_its_table_and_an_unknown_one_is_not_zero(kitchen: Kitchen, web: Web) -> None:
    """One production uses flour of a known cost, and the next one flour of an unknown cost."""
    kitchen.ingredient("Flour")
    kitchen.recipe("Bread", {"Flour": (1, "kg")}, {"Loaf": 2})
    kitchen.receive("Flour", 1, "kg", Decimal("1.5"), received_on=date(2026, 1, 1))
    kitchen.receive("Flour", 1, "kg", received_on=date(2026, 1, 2))
    for _ in range(2):
        kitchen.produce("Bread", "Loaf", 1, 2)
    page = web.browser(Role.VIEWER, {"Accept-Language": "de"}).get("/reports/costs").text
    (series,) = charts_of(page)[0]["series"]
    assert (series["name"], series["values"], series["texts"]) == ("loaf", ["0.75", None], ["0,75", "unknown"])
    assert "The chart leaves out everything with an unknown cost." in page
    prices = charts_of(web.browser(Role.VIEWER).get("/reports/prices?item=flour&since=2026-01-01").text)[0]
    assert (prices["unit"], prices["series"][0]["values"]) == ("USD a kg", ["1.50"])


@pytest.mark.one_database
def test_reports_are_asked_for_by_day_and_by_name(kitchen: Kitchen, web: Web) -> None:
    """Invalid values are explained; an unknown report or item is not found."""
    kitchen.simple_bakery()
    browser = web.browser(Role.VIEWER)
    assert all(report.title in browser.get("/reports").text for report in REPORTS.values())
    assert [browser.get(path).status_code for path in ("/reports/gold", "/reports/prices?item=gold")] == [404, 404]
    assert "must not be after the last day" in browser.get("/reports/usage?since=2026-05-02&until=2026-05-01").text
    assert "must be a date written like" in browser.get("/reports/usage?since=soon").text
    assert "must be within the last ten years" in browser.get("/reports/value?since=1999-01-01").text
    page = browser.get("/reports/value?since=2026-01-01&until=2026-01-03").text
    assert charts_of(page)[0]["series"][0]["values"] == ["30.00"] * 3


@pytest.mark.one_database
def test_typed_text_cannot_end_a_script(kitchen: Kitchen, web: Web) -> None:
    """The reason for a loss is data in the chart."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 20, loss_reason="</script><b>burnt")
    page = web.browser(Role.VIEWER).get("/reports/waste").text
    assert "</script><b>" not in page
    assert charts_of(page)[0]["series"][0]["name"] == "</script><b>burnt"


@pytest.mark.one_database
def test_only_the_latest_lines_of_a_long_log_are_counted_and_the_page_says_so(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of four attempts are read; one of them was refused."""
    file = tmp_path / "bakery.log.jsonl"
    outcomes = ["success", "success", "success", "insufficient_inventory"]
    lines = [
        {"timestamp": f"2026-11-23T10:00:0{number}.000000Z", "operation": "record_assembly", "outcome": outcome,
         "operation_id": f"01a00000-0000-7000-8000-00000000000{number}", "duration_ms": 12.5}
        for number, outcome in enumerate(outcomes)
    ]  # fmt: skip
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    monkeypatch.setenv("BAKE_TRACKER_LOG_FILE", str(file))
    monkeypatch.setattr(reports, "LINES_READ", 2)
    page = web.browser(Role.VIEWER).get("/reports/attempts").text
    counts, took = charts_of(page)
    assert [(one["name"], one["values"]) for one in counts["series"]] == [
        ("Done or checked", ["1"]),
        ("Refused", ["1"]),
    ]
    assert "Of the latest 2 lines of the log." in page
    assert "insufficient inventory 1" in page
    assert 12 < float(took["series"][0]["values"][0]) < 13
    saved = web.browser(Role.VIEWER).get("/reports/attempts?format=csv").content.decode("utf-8-sig")
    assert saved.splitlines()[1].startswith("Packed,record_assembly,2,1,50.0,insufficient inventory 1,")


def amounts_of(html: str, row: str) -> list[Decimal]:
    """The numbers with decimals in the table row that has this text."""
    (found,) = [one for one in re.findall(r"<tr>.*?</tr>", html, re.DOTALL) if row in one]
    return [Decimal(one) for one in re.findall(r"(?<![\d.])\d+\.\d+", re.sub(r"<[^>]+>", " ", found))]


def test_amounts_beside_their_total_add_up_on_pages(kitchen: Kitchen, web: Web) -> None:
    """Three thirds of a cent are shown as the cent that they are together."""
    viewer = web.browser(Role.VIEWER, {"Accept-Language": "en"})
    for name in ("Flour", "Sugar", "Salt"):
        kitchen.ingredient(name)
        kitchen.receive(name, 3, "kg", Decimal("10.005"))
    kitchen.item("material", "Carton", "each")
    kitchen.receive("Carton", 3, "each", Decimal("1.004"))
    kitchen.recipe("Bread", dict.fromkeys(("Flour", "Sugar", "Salt"), (1, "kg")), {"Loaf": 1})
    page = viewer.get(f"/recipes/{kitchen.ids['Bread']}").text
    parts = [amounts_of(page, f"{name}</a>")[-3:] for name in ("Flour", "Sugar", "Salt")]
    totals = amounts_of(page, "Ingredients, ")
    assert [sum(column) for column in zip(*parts, strict=True)] == totals
    assert totals[0] == Decimal("10.00")
    *kinds, total = amounts_of(viewer.get("/reports/value").text, "<time")
    assert (sum(kinds), total) == (total, Decimal("31.02"))


@pytest.fixture
def stocked(kitchen: Kitchen) -> Callable[[str], Kitchen]:
    """A shelf whose three lots do not divide evenly, in a currency."""

    def in_currency(currency: str) -> Kitchen:
        run_in_transaction(lambda session: record_bakery(session=session, currency=currency))
        for name in ("Flour", "Sugar", "Salt"):
            kitchen.ingredient(name)
            kitchen.receive(name, 1000, "g", Decimal("1250.4444"))
        kitchen.recipe("Bread", dict.fromkeys(("Flour", "Sugar", "Salt"), (900, "g")), {"Loaf": 1})
        return kitchen

    return in_currency


def words_of(html: str, row: str) -> list[str]:
    """The amounts in the table row that has this text."""
    (found,) = [one for one in re.findall(r"<tr>.*?</tr>", html, re.DOTALL) if row in one]
    return re.findall(r"(?<![\d.,])[\d,]+(?:\.\d+)?(?=\s)", re.sub(r"<[^>]+>", " ", found))


@pytest.mark.parametrize(
    ("currency", "parts", "total", "value", "in_file", "format_"),
    [
        ("JPY", ["1,126", "1,125", "1,125"], "3,376", "1,250", "1250.4444", "0.0000"),
        ("EUR", ["1,125.40", "1,125.40", "1,125.40"], "3,376.20", "1,250.44", "1250.4444", "0.0000"),
        ("BHD", ["1,125.400", "1,125.400", "1,125.400"], "3,376.200", "1,250.444", "1250.4444", "0.0000"),
    ],
)
def test_a_page_writes_amounts_as_the_currency_does(
    stocked: Callable[[str], Kitchen], web: Web, currency: str, parts: list[str], total: str, value: str,
    in_file: str, format_: str,
) -> None:  # fmt: skip
    """The parts add up to the total, and a file has all decimals."""
    kitchen = stocked(currency)
    viewer = web.browser(Role.VIEWER, {"Accept-Language": "en"})
    page = viewer.get(f"/recipes/{kitchen.ids['Bread']}").text
    seen = [words_of(page, f"{name}</a>")[-1] for name in ("Flour", "Sugar", "Salt")]
    assert (seen, words_of(page, "Ingredients, ")[-1]) == (parts, total)
    report = viewer.get("/reports/value-now").text
    assert (words_of(report, ">flour<")[1], f'"texts": ["{value}"' in report) == (value, True)
    saved = load_workbook(BytesIO(viewer.get("/reports/value-now?format=xlsx").content)).active
    assert saved is not None
    cells = [cell for cell in saved[2] if cell.number_format != "General"]
    assert [(str(cell.value), cell.number_format) for cell in cells] == [(in_file, format_)]


def test_shown_amounts_follow_a_corrected_currency(stocked: Callable[[str], Kitchen], web: Web) -> None:
    """No amount changes: 1250.4444 is shown as 1,250 yen, and as 1,250.444 dinars."""
    kitchen = stocked("JPY")
    viewer = web.browser(Role.VIEWER, {"Accept-Language": "en"})
    path = f"/stock/{kitchen.ids['Flour']}"
    assert "1,250.444" not in viewer.get(path).text
    run_in_transaction(
        lambda session: record_bakery_correction("mistyped", session=session, currency="BHD", time_zone=None)
    )
    assert "1,250.444" in viewer.get(path).text

"""Reports: each a chart and the table behind it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import dropwhile
from typing import Any

from fastapi import HTTPException, Request
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.config import load_settings
from bake_tracker.domain.arguments import BEFORE_EVERYTHING
from bake_tracker.domain.errors import ItemNotFoundError
from bake_tracker.domain.log.outcomes import is_refused
from bake_tracker.domain.log.stats import gather_stats
from bake_tracker.domain.slices import slice_of
from bake_tracker.domain.stock.pricing import PER
from bake_tracker.entrypoints.http.access import VIEWER
from bake_tracker.entrypoints.web.forms import Form
from bake_tracker.entrypoints.web.lists import Column, ListOf
from bake_tracker.entrypoints.web.pages import locale_of, pages, render
from bake_tracker.entrypoints.web.report.charts import Chart, Series, summed
from bake_tracker.entrypoints.web.words import OPERATIONS
from bake_tracker.log.reader import read_latest
from bake_tracker.log.setup import log_file
from bake_tracker.queries.bakery import BakeryInfo, load_bakery
from bake_tracker.queries.catalog.definitions import load_slugs
from bake_tracker.queries.reports.prices import load_prices
from bake_tracker.queries.reports.stock_value import load_stock_value
from bake_tracker.queries.reports.stock_value_days import KINDS, load_stock_value_by_day
from bake_tracker.queries.reports.usage import load_usage, load_waste
from bake_tracker.queries.reports.yields import load_run_yields, load_yields_by_month
from bake_tracker.services.database import Session, database_url, read_scope

router = pages()

LINES_READ = 20_000
RUNS_SHOWN = 300
LARGEST = 15
"""The most bars that fit beside each other; the table has all of them."""
LONGEST_DAYS = 3_660
KIND_WORDS = {"ingredient": "Ingredients", "material": "Packaging", "finished_unit": "Baked", "finished_good": "Packed"}
UNKNOWN = "The chart leaves out everything with an unknown cost."

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Asked:
    """The request for a report: a period and, for some reports, an item."""

    house: BakeryInfo
    today: date
    since: date
    until: date | None
    item: str


@dataclass(frozen=True, slots=True)
class Report:
    """A report: its texts, its table, its query and its chart."""

    title: str
    short: str
    lead: str
    empty: str
    columns: tuple[Column, ...]
    sort: str
    search_in: tuple[str, ...]
    load: Callable[[Session, Asked], tuple[Rows, list[Chart]]]
    has_period: bool = True
    of_item: bool = False
    numbers: frozenset[str] = field(default=frozenset())

    def list_of(self, name: str) -> ListOf:
        """The table of a report."""
        return ListOf(name, self.columns, self.sort, keep=("since", "until", "item"))


def _value(session: Session, asked: Asked) -> tuple[Rows, list[Chart]]:
    until = (asked.until or asked.today).isoformat()
    every = [row for row in load_stock_value_by_day(session, asked.since, asked.today) if row["day"] <= until]
    rows = list(dropwhile(lambda row: row["total"] == "0.00", every))  # from the first day with stock
    series = [Series(KIND_WORDS[kind], [str(dict(row)[kind]) for row in rows]) for kind in KINDS]
    axis = [row["day"] for row in rows]
    title, unit = "Value at the end of each day", asked.house.currency
    return rows, [Chart(title, "line", axis, series, unit, "money", is_of_days=True, is_stacked=True)]


def _value_now(session: Session, asked: Asked) -> tuple[Rows, list[Chart]]:
    ids = load_slugs(session, "item")
    rows = [{**row, "item_id": ids.get(row["item_slug"])} for row in load_stock_value(session, now())["items"]]
    worth = [row for row in rows if row["value"] or row["quantity_without_cost"] != row["quantity"]]
    known = sorted(worth, key=lambda row: -Decimal(str(row["known_value"])))[:LARGEST]
    series = [Series("Value", [str(row["known_value"]) for row in known])]
    axis = [str(row["item_slug"]) for row in known]
    notes = [f"The {LARGEST} most valuable items."] if len(rows) > LARGEST else []
    notes += [UNKNOWN] if any(row["value"] is None for row in rows) else []
    chart = Chart(
        "Value by item, now", "bar", axis, series, asked.house.currency, "money", is_sideways=True, notes=notes
    )
    return rows, [chart]


def _costs(session: Session, asked: Asked) -> tuple[Rows, list[Chart]]:
    rows = load_run_yields(session, asked.since, asked.until, limit=RUNS_SHOWN)
    runs = rows[::-1]
    series = [
        Series(product, [run["unit_cost"] if run["product_slug"] == product else None for run in runs])
        for product in dict.fromkeys(run["product_slug"] for run in runs)
    ]
    notes = [f"The latest {RUNS_SHOWN} runs."] if len(rows) == RUNS_SHOWN else []
    notes += [UNKNOWN] if any(run["unit_cost"] is None for run in runs) else []
    axis = [run["at"][:16].replace("T", " ") for run in runs]
    return rows, [Chart("Unit cost, run by run", "line", axis, series, asked.house.currency, "price", notes=notes)]


def _yields(session: Session, asked: Asked) -> tuple[Rows, list[Chart]]:
    rows = load_yields_by_month(session, asked.since, asked.until)
    months = sorted({row["month"] for row in rows})
    series = []
    for recipe, product in dict.fromkeys((row["recipe_slug"], row["product_slug"]) for row in rows):
        key = (recipe, product)
        of = {row["month"]: row["loss_percent"] for row in rows if (row["recipe_slug"], row["product_slug"]) == key}
        series.append(Series(product, [of.get(month) for month in months]))
    return rows, [Chart("Lost in baking", "bar", months, series, "%", notes=["Below 0: more came out than planned."])]


def _waste(session: Session, asked: Asked) -> tuple[Rows, list[Chart]]:
    rows = load_waste(session, asked.since, asked.until)
    axis, series = summed(rows, "month", lambda row: str(row["reason"] or row["kind"]), "cost")
    return rows, [_by_month("Cost of what was lost, by reason", axis, series, rows, asked)]


def _usage(session: Session, asked: Asked) -> tuple[Rows, list[Chart]]:
    rows = load_usage(session, asked.since, asked.until)
    axis, series = summed(rows, "month", lambda row: str(row["used_for"]), "cost")
    return rows, [_by_month("Cost of what was used, by purpose", axis, series, rows, asked)]


def _by_month(title: str, axis: list[str], series: list[Series], rows: Rows, asked: Asked) -> Chart:
    notes = [UNKNOWN] if any(row["cost"] is None for row in rows) else []
    return Chart(title, "bar", axis, series, asked.house.currency, "money", is_stacked=True, notes=notes)


def _prices(session: Session, asked: Asked) -> tuple[Rows, list[Chart]]:
    items = load_slugs(session, "ingredient") | load_slugs(session, "material")
    if not items:
        return [], []
    slug = asked.item or next(iter(items))
    if slug not in items:
        raise ItemNotFoundError(slug)
    history = load_prices(session, items[slug], since=asked.since)
    rows = [row for row in history["purchases"] if asked.until is None or row["bought_on"] <= asked.until.isoformat()]
    bought = rows[::-1]
    sources = dict.fromkeys((row["supplier"], row["product"]) for row in bought)
    series = [
        Series(
            " of ".join(filter(None, source[::-1])) or "without supplier",
            [row["price"] if (row["supplier"], row["product"]) == source else None for row in bought],
        )
        for source in sources
    ]
    unit = f"{asked.house.currency} a {PER[history['unit']][0]}"
    return rows, [
        Chart(f"Price of {slug}", "line", [row["bought_on"] for row in bought], series, unit, "price", is_of_days=True)
    ]


def _attempts(session: Session, asked: Asked) -> tuple[Rows, list[Chart]]:
    lines, is_all = read_latest(log_file(load_settings(), database_url()), LINES_READ)
    rows: list[dict[str, Any]] = [
        {
            "operation": one["operation"],
            "words": OPERATIONS.get(one["operation"], one["operation"].replace("_", " ")),
            "count": one["count"],
            "refused": sum(refused.values()),
            "refused_percent": one["refused_percent"],
            "why": ", ".join(f"{outcome.replace('_', ' ')} {count}" for outcome, count in refused.items()) or None,
            "p50_ms": f"{one['p50_ms']:.3f}",
            "p95_ms": f"{one['p95_ms']:.3f}",
            "p99_ms": f"{one['p99_ms']:.3f}",
        }
        for one in gather_stats(lines)
        for refused in [{outcome: count for outcome, count in one["outcomes"].items() if is_refused(outcome)}]
    ]
    first = rows[:LARGEST]
    axis = [str(row["words"]) for row in first]
    done = [str(row["count"] - row["refused"]) for row in first]
    notes = [] if is_all else [f"Of the latest {LINES_READ} lines of the log."]
    counts = [Series("Done or checked", done), Series("Refused", [str(row["refused"]) for row in first])]
    took = [Series(f"{name[1:3]} % took at most", [row[name] for row in first]) for name in ("p50_ms", "p95_ms")]
    return rows, [
        Chart("How often, and how often refused", "bar", axis, counts, is_stacked=True, is_sideways=True, notes=notes),
        Chart("How long it took", "bar", axis, took, "ms", is_sideways=True),
    ]


def _money(key: str, title: str, **more: Any) -> Column:
    return Column(key, title, "money", **more)


_MONTH = Column("month", "Month")
_ITEM = Column("item_slug", "Item")
_QUANTITY = Column("quantity", "Quantity", "number", unit="unit", sort=None)
_UNIT = Column("unit", "Unit", on_page=False, sort=None)
_LOSS = (
    Column("planned", "Planned", "number", unit="unit", sort=None, narrow=False),
    Column("actual", "Came out", "number", unit="unit", sort=None),
    _UNIT,
    Column("loss_percent", "Lost, %", "number"),
    _money("cost", "Cost", narrow=False),
    Column("planned_unit_cost", "Planned, each", "price", narrow=False),
    Column("unit_cost", "Actual, each", "price"),
)

REPORTS: dict[str, Report] = {
    "value": Report(
        "Stock value over time", "Value", "What the stock was worth at the end of each day, at cost.",
        "Nothing was in stock in this period.",
        (Column("day", "Day", "day"), *(_money(kind, KIND_WORDS[kind], part_of="total") for kind in KINDS),
         _money("total", "In all")),
        "-day", ("day",), _value, numbers=frozenset((*KINDS, "total")),
    ),
    "value-now": Report(
        "Stock value now", "Value now", "What each item in stock is worth, at cost.",
        "Nothing is in stock.",
        (Column("item_slug", "Item", link="item", by=("item_id",)),
         Column("kind", "Kind", words=KIND_WORDS, narrow=False),
         _QUANTITY, _UNIT, _money("value", "Value"), Column("lot_count", "Lots", "number", narrow=False)),
        "-value", ("item_slug", "kind"), _value_now, has_period=False, numbers=frozenset(("value", "lot_count")),
    ),
    "costs": Report(
        "Cost per unit over time", "Costs", "What each piece cost, run by run.",
        "Nothing was baked in this period.",
        (Column("at", "When", "moment", link="operation", by=("operation_id",)),
         Column("recipe_slug", "Recipe", narrow=False),
         Column("product_slug", "Product"), Column("batches", "Batches", "number", narrow=False), *_LOSS,
         Column("loss_reason", "Why less", narrow=False)),
        "-at", ("recipe_slug", "product_slug", "loss_reason"), _costs,
        numbers=frozenset(("loss_percent", "cost", "planned_unit_cost", "unit_cost")),
    ),
    "yields": Report(
        "Yield and loss", "Yields", "What came out of the oven against what was planned, month by month.",
        "Nothing was baked in this period.",
        (_MONTH, Column("recipe_slug", "Recipe", narrow=False), Column("product_slug", "Product"),
         Column("runs", "Runs", "number"), *_LOSS),
        "-month", ("recipe_slug", "product_slug", "month"), _yields,
        numbers=frozenset(("loss_percent", "cost", "planned_unit_cost", "unit_cost")),
    ),
    "waste": Report(
        "Waste", "Waste", "What was thrown away, spoiled, or lost in baking, and why.",
        "Nothing was lost in this period.",
        (_MONTH, Column("kind", "Kind"), Column("reason", "Reason"), _ITEM, _QUANTITY, _UNIT, _money("cost", "Cost")),
        "-month", ("kind", "reason", "item_slug", "month"), _waste, numbers=frozenset(("cost",)),
    ),
    "usage": Report(
        "Usage", "Usage", "What left the shelf, and what for.",
        "Nothing was used in this period.",
        (_MONTH, _ITEM, Column("used_for", "Used for"), _QUANTITY, _UNIT, _money("cost", "Cost")),
        "-month", ("item_slug", "used_for", "month"), _usage, numbers=frozenset(("cost",)),
    ),
    "prices": Report(
        "Prices", "Prices", "What was paid for an item, purchase by purchase.",
        "It was not bought at a known price in this period.",
        (Column("bought_on", "Bought on", "day"), Column("supplier", "Supplier"),
         Column("product", "Product", narrow=False), _QUANTITY, _UNIT, _money("cost", "Cost", narrow=False),
         Column("price", "Price", "price"), Column("price_per", "for a", sort=None),
         Column("change_percent", "Change, %", sort=None),
         Column("lot_code", "Lot", link="operation", by=("operation_id",))),
        "-bought_on", ("supplier", "product", "lot_code", "bought_on"), _prices, of_item=True,
        numbers=frozenset(("cost", "price")),
    ),
    "attempts": Report(
        "Refusals and durations", "Refusals",
        "How often each thing was done or refused, and how long it took, from the log.",
        "The log has nothing yet.",
        (Column("words", "What"), Column("operation", "Operation", on_page=False), Column("count", "Times", "number"),
         Column("refused", "Refused", "number"), Column("refused_percent", "Refused, %", "number", narrow=False),
         Column("why", "Why", sort=None, narrow=False), Column("p50_ms", "Median, ms", "number"),
         Column("p95_ms", "95th percentile, ms", "number"),
         Column("p99_ms", "99th percentile, ms", "number", narrow=False)),
        "-count", ("words", "operation", "why"), _attempts, has_period=False,
        numbers=frozenset(("refused_percent", "p50_ms", "p95_ms", "p99_ms")),
    ),
}  # fmt: skip
"""Every report by its name in the URL."""


@router.get("/reports", name="reports", dependencies=[VIEWER])
def reports(request: Request) -> Response:
    """List the reports."""
    return render(request, "reports.html", reports=REPORTS)


@router.get("/reports/{report}", name="report", dependencies=[VIEWER])
def report(request: Request, report: str) -> Response:
    """Show one report; period and item come from the URL."""
    if report not in REPORTS:
        raise HTTPException(404, f"there is no report {report[:40]!r}")
    one = REPORTS[report]
    table = one.list_of(report)
    ask = table.ask(request)
    form = Form(locale_of(request), request.query_params.multi_items())
    with read_scope() as session:
        house = load_bakery(session)
        asked = _asked(form, house)
        loaded, charts = one.load(session, asked)
        choices = sorted(load_slugs(session, "ingredient") | load_slugs(session, "material")) if one.of_item else []
    rows = [{**row, "row_number": number} for number, row in enumerate(loaded)]
    found = slice_of(rows, ask, key="row_number", search_in=one.search_in, numbers=one.numbers)
    return table.answer(
        request,
        "report.html",
        found,
        name=report,
        report=one,
        reports=REPORTS,
        charts=charts,
        form=form,
        time_zone=house.time_zone,
        since=asked.since,
        until=asked.until,
        choices=[(slug, slug) for slug in choices],
        chosen=asked.item or next(iter(choices), ""),
    )


def _asked(form: Form, house: BakeryInfo) -> Asked:
    today = house.local_day(now())
    since, until = form.day("since"), form.day("until")
    if since and until and since > until:
        form.refuse("since", "must not be after the last day")
        since = until = None
    if since and since <= BEFORE_EVERYTHING:
        since = today - timedelta(days=LONGEST_DAYS)
    first = (today.replace(day=1) - timedelta(days=330)).replace(day=1)
    if since and since < today - timedelta(days=LONGEST_DAYS):
        form.refuse("since", "must be within the last ten years")
        since = None
    if until and until < today - timedelta(days=LONGEST_DAYS):
        form.refuse("until", "must be within the last ten years")
        until = None
    if until and until > today:
        until = today
    return Asked(house, today, min(since or first, until or today), until, form["item"])

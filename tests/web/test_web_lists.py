"""Lists in the stock pages: searched, sorted, paged and saved."""

import io
from datetime import date
from typing import Any

import pytest
from openpyxl import load_workbook

from bake_tracker.domain.access import Role
from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.slice_keys import write_key
from bake_tracker.domain.slices import Ask, slice_of
from bake_tracker.entrypoints.web import lists
from bake_tracker.entrypoints.web.stock import overview
from bake_tracker.queries.views.stock import load_stock_slice
from bake_tracker.services.database import read_scope
from support.kitchen import Kitchen
from support.web import Web, statements

pytestmark = pytest.mark.one_database
TODAY = date(2026, 11, 23)


@pytest.fixture
def web(database_url: str) -> Web:
    """The application, with three people."""
    return Web().let_in()


def fill(kitchen: Kitchen) -> None:
    """Items with and without stock, cost and expiry."""
    for number, (name, quantity, cost, expires) in enumerate(
        [("rye", 3, 6, 30), ("Oats", 1, None, None), ("salt", 1, 1, 5), ("Figs", 2, 9, 5), ("Dates", 0, None, None)]
    ):
        kitchen.ingredient(name)
        if quantity:
            day = None if expires is None else date(2027, 1, expires)
            kitchen.receive(name, quantity, "kg", cost, expires_on=day, received_on=date(2026, 1, 1 + number))


def leaf(sort: str, limit: int, search: str = "") -> list[str]:
    """The names on all slices of this many rows, in order."""
    names: list[str] = []
    ask = Ask(sort.removeprefix("-"), sort.startswith("-"), search, None, limit)
    with read_scope() as session:
        while True:
            found = load_stock_slice(session, ask, TODAY)
            assert len(found.rows) <= limit
            names += [row["name"] for row in found.rows]
            if found.next is None:
                return names
            ask = Ask(ask.sort, ask.descending, search, found.next, limit)


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_pages_of_any_size_show_every_row_once_and_what_has_no_value_last(kitchen: Kitchen, limit: int) -> None:
    """This holds when sorting by text, number or day, in both directions."""
    fill(kitchen)
    assert leaf("name", limit) == ["Dates", "Figs", "Oats", "rye", "salt"]
    assert leaf("-name", limit) == ["salt", "rye", "Oats", "Figs", "Dates"]
    assert leaf("-on_hand", limit) == ["rye", "Figs", "Oats", "salt", "Dates"]
    assert leaf("value", limit) == ["Dates", "salt", "rye", "Figs", "Oats"]
    assert leaf("next_expiry", limit) == ["salt", "Figs", "rye", "Oats", "Dates"]
    assert leaf("-next_expiry", limit) == ["rye", "salt", "Figs", "Oats", "Dates"]


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_rows_in_memory_are_paged_like_those_of_a_database(limit: int) -> None:
    """The order and its rules are the same."""
    rows: list[Any] = [
        {"id": 1, "name": "b", "cost": "10"},
        {"id": 2, "name": "A", "cost": None},
        {"id": 3, "name": "c", "cost": "9.5"},
        {"id": 4, "name": "a", "cost": None},
    ]

    def ids(sort: str, search: str = "") -> list[int]:
        found, after = [], None
        while True:
            ask = Ask(sort.removeprefix("-"), sort.startswith("-"), search, after, limit)
            page = slice_of(rows, ask, key="id", search_in=("name",), numbers=("cost",))
            found += [row["id"] for row in page.rows]
            if (after := page.next) is None:
                return found

    assert [ids("name"), ids("-name"), ids("cost"), ids("-cost")] == [
        [2, 4, 1, 3],
        [3, 1, 2, 4],
        [3, 1, 2, 4],
        [1, 3, 2, 4],
    ]
    assert ids("name", "A") == [2, 4]


def test_a_key_that_no_page_gave_is_refused(kitchen: Kitchen, web: Web) -> None:
    """Keys of the wrong type for the column and invalid keys never break a page."""
    fill(kitchen)
    browser = web.browser(Role.VIEWER)
    made_up: list[Any] = [[], ["a", "b"], [None, None], [1.5, 1], [True, 1], [1, True], ["\0", 1], ["\ud800", 1]]
    keys = ["!", "W10", "WzFlNDAwLDFd", "[" * 900, *map(write_key, made_up), write_key([2**63, 1])]
    for sort in ("name", "on_hand", "next_expiry", "lot_count"):
        for key in keys:
            assert browser.get("/stock", params={"sort": sort, "after": key}).status_code == 422, f"{sort} {key}"
    assert browser.get("/stock?sort=password").status_code == 422
    assert browser.get("/stock?format=exe").status_code == 422
    with pytest.raises(ValidationError):
        slice_of([{"id": 1, "n": "1"}], Ask("n", after=("x", 1)), key="id", search_in=(), numbers=("n",))


def test_a_file_that_would_leave_rows_out_is_refused(
    kitchen: Kitchen, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader would take the file for the complete list."""
    fill(kitchen)
    browser = web.browser(Role.VIEWER)
    monkeypatch.setattr(lists, "MOST_EXPORTED", 5)
    assert browser.get("/stock?format=csv").status_code == 200
    monkeypatch.setattr(lists, "MOST_EXPORTED", 4)
    refused = browser.get("/stock?format=csv")
    assert (refused.status_code, "this list has more" in refused.text) == (422, True)
    assert browser.get("/stock?format=csv&q=rye").status_code == 200


def test_the_stock_is_searched_sorted_filtered_and_saved(kitchen: Kitchen, web: Web) -> None:
    """A saved file has what the page shows, with all columns and all slices."""
    fill(kitchen)
    kitchen.item("material", "Rye bag", "each")
    browser = web.browser(Role.VIEWER, {"Accept-Language": "de"})
    page = browser.get("/stock?q=RYE&sort=-name").text
    assert page.index("Rye bag") < page.index("3 kg")
    assert "Oats" not in page
    assert "Rye bag" in browser.get("/stock?kind=material").text
    assert "Oats" not in browser.get("/stock?kind=material").text
    assert "No match" in browser.get("/stock?q=zzz").text

    saved = browser.get("/stock?q=rye&format=csv&sort=name")
    assert saved.headers["Content-Disposition"] == "attachment; filename=\"stock.csv\"; filename*=UTF-8''stock.csv"
    assert saved.content.decode("utf-8-sig").splitlines() == [
        "Item,Short name,Kind,On hand,Usable,Unit,Value,Next expiry,Lots",
        "rye,rye,Ingredient,3000,3000,g,6.00,2027-01-30,1",
        "Rye bag,rye-bag,Packaging,0,0,each,0.00,,0",
    ]
    book = load_workbook(io.BytesIO(browser.get("/stock?format=xlsx").content))
    assert [row[0] for row in book.worksheets[0].iter_rows(values_only=True)][1:] == [
        "Dates", "Figs", "Oats", "rye", "Rye bag", "salt",
    ]  # fmt: skip


def test_a_page_leads_to_the_next_with_all_that_was_asked(
    kitchen: Kitchen, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Search, sort and filter stay; the last page leads only back."""
    fill(kitchen)
    monkeypatch.setattr(
        overview, "LIST", overview.ListOf("stock", overview.LIST.columns, "name", ("kind",), page_size=2)
    )
    browser = web.browser(Role.VIEWER)
    first = browser.get("/stock?sort=-name&kind=ingredient").text
    path = first.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "kind=ingredient" in path
    second = browser.get(path).text
    assert ("Oats" in second, "Figs" in second, "salt" in second, "Next page" in second) == (True, True, False, True)


def test_the_stock_sends_as_many_statements_however_many_items(kitchen: Kitchen, web: Web) -> None:
    """The count is the same with one item and with many."""
    browser = web.browser(Role.VIEWER)
    kitchen.ingredient("Flour")
    with statements() as few:
        assert browser.get("/stock").status_code == 200
    fill(kitchen)
    with statements() as many:
        assert browser.get("/stock").status_code == 200
    assert len(few) == len(many)

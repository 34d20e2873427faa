"""Made-up URLs that no page links to are refused, and never break a page, on each database."""

import pytest

from bake_tracker.clock import uuid7
from bake_tracker.domain.access import Role
from bake_tracker.domain.slice_keys import write_key
from support.kitchen import Kitchen
from support.web import Web

NUL = "a\0b"


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("/bake", [{"q": NUL}, {"recipe": NUL}, {"recipe_id": NUL}]),
        ("/box", [{"q": NUL}, {"good": NUL}, {"finished_good_id": NUL}]),
        ("/count", [{"location": NUL}]),
        ("/find", [{"q": NUL}]),
        ("/operations", [{"operation": NUL}, *({"after": write_key(key)} for key in (["x", "x"], [None, "x"]))]),
        ("/operations", [{"after": write_key(["9999-12-31T23:59:59+00:00", "x"])}]),
        ("/recipes", [{"sort": "-line_count", "after": write_key([2**40, 1])}]),
        ("/stock", [{"sort": "-lot_count", "after": write_key([2**40, 1])}]),
        ("/reports/value", [{"until": "0001-01-01"}, {"since": "0001-01-01"}]),
    ],
)
def test_values_that_no_database_can_store_break_no_page(
    kitchen: Kitchen, path: str, queries: list[dict[str, str]]
) -> None:
    """Characters and numbers that PostgreSQL cannot store, keys of other lists, days long before any bakery."""
    kitchen.simple_bakery()
    browser = Web().let_in().browser(Role.OWNER)
    for query in queries:
        assert browser.get(path, params=query).status_code in (200, 303, 404, 422), f"{path} {query}"


def test_a_key_that_a_page_gave_leads_on(kitchen: Kitchen) -> None:
    """Operations are keyed by their time and id; PostgreSQL stores the id as a UUID."""
    browser = Web().let_in().browser(Role.OWNER)
    after = write_key(["9999-01-01T00:00:00+00:00", uuid7()])
    assert "<time" in browser.get("/operations", params={"after": after, "sort": "-recorded_at"}).text

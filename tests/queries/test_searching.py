"""Search ignores case and accents, by the same rule in Python and in both databases."""

import pytest
from sqlalchemy import literal, select

from bake_tracker.domain.searching import search_key
from bake_tracker.domain.slices import Ask, slice_of
from bake_tracker.queries.catalog.find import find_hits
from bake_tracker.queries.searching import has_text, search_key_of
from bake_tracker.queries.stock.receiving import load_bought_items
from bake_tracker.queries.views.item import load_item_slice
from bake_tracker.queries.views.stock import load_stock_slice
from bake_tracker.services.database import read_scope
from support.kitchen import Kitchen

KEYS = {
    "Crème BRÛLÉE": "creme brulee",
    "Cre\u0300me": "creme",
    "Straße": "strasse",
    "SMØRREBRØD": "smørrebrød".replace("ø", "o"),
    "Żółć": "zolc",
    "Æbleskive": "aebleskive",
    "МУКА": "мука",
    "ΆΛΕΥΡΟΣ": "αλευροσ",
    "İstanbul": "istanbul",
    "小麦粉": "小麦粉",
    "50 % Roggen_mehl": "50 % roggen_mehl",
}


@pytest.mark.parametrize("text", KEYS)
def test_a_text_is_compared_without_case_and_accents(text: str, database_url: str) -> None:
    """The database calculates what Python does, and both are found by what a person may type."""
    assert search_key(text) == KEYS[text]
    with read_scope(database_url) as session:
        assert session.scalar(select(search_key_of(session, literal(text)))) == KEYS[text]
        for typed in (text, text.upper(), KEYS[text], KEYS[text][1:4]):
            assert session.scalar(select(has_text(session, typed, literal(text))))


def test_every_search_finds_what_was_typed_without_accents(kitchen: Kitchen) -> None:
    """This holds for lists in the database and in memory and for the search box; a percent sign is only itself."""
    kitchen.ingredient("Crème fraîche")
    kitchen.receive("Crème fraîche", 1, "kg", 1)
    today = kitchen.rows("SELECT max(received_on) FROM lot")[0][0]
    with read_scope() as session:
        for typed in ("CREME", "fraiche", "crème"):
            assert len(load_item_slice(session, 9, search=typed)) == 1
            assert len(load_bought_items(session, 9, typed)) == 1
            assert len(find_hits(session, typed)["items"]) == 1
            assert len(load_stock_slice(session, Ask("name", search=typed), today).rows) == 1
        assert find_hits(session, "creme FRAICHE")["items"][0]["is_exact"] is True
        assert load_item_slice(session, 9, search="%") == []
    rows = [{"id": 1, "name": "Crème"}]
    assert slice_of(rows, Ask("name", search="CREME"), key="id", search_in=("name",)).rows == rows

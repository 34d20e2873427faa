"""Saved pages: what is read from them, and the clear error for a hostile one."""

import json
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bake_tracker.domain.errors import ValidationError
from bake_tracker.files.recipe_page import load_recipe_page
from support import DATA

PAGES = DATA / "pages"
GOLD = json.loads((PAGES / "gold.json").read_text("utf-8"))


def page(tmp_path: Path, recipe: Any, *, around: str = "{}") -> Path:
    """Write a page with this JSON-LD; a string is written as it is."""
    text = recipe if isinstance(recipe, str) else json.dumps(recipe).replace("</", "<\\/")
    file = tmp_path / "page.html"
    script = f'<script type="application/ld+json">{text}</script>'
    file.write_text(around.replace("{}", f"<html><head>{script}</head><body></body></html>"), "utf-8")
    return file


def recipe(**more: Any) -> dict[str, Any]:
    return {
        "@context": "https://schema.org", "@type": "Recipe", "name": "Rolls", "recipeIngredient": ["1 kg flour"], **more
    }  # fmt: skip


def refusal(file: Path) -> str:
    with pytest.raises(ValidationError) as refused:
        load_recipe_page(file)
    return str(refused.value)


@pytest.mark.parametrize("name", GOLD)
def test_every_line_of_a_page_is_found(name: str) -> None:
    """JSON-LD alone, in a graph or in a list, two forms of microdata and four encodings are read."""
    read = load_recipe_page(PAGES / name)
    assert (read.name, read.lines) == (GOLD[name]["name"], [line["text"] for line in GOLD[name]["lines"]])


def test_reading_a_page_asks_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """This holds even where the page refers to another one."""

    def refuse(*_: Any) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert load_recipe_page(PAGES / "shortbread.html").source == "https://baker.example/shortbread"


def test_a_missing_reader_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader is an optional extra."""
    monkeypatch.setitem(sys.modules, "recipe_scrapers", None)
    assert "pip install 'bake-tracker[pages]'" in refusal(PAGES / "shortbread.html")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A folder is refused too."""
    assert "nowhere.html cannot be read: No such file" in refusal(tmp_path / "nowhere.html")
    assert f"{tmp_path} cannot be read: Is a directory" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no schema.org recipe"),
        ("<html><body>Only words, 1 kg flour</body></html>", "has no schema.org recipe"),
        ('<script type="application/ld+json">{"@type": "Recipe", "name": </script>', "JSON-LD is broken"),
        ('<script type="application/ld+json">' + "[" * 100_000 + "Recipe</script>", "recipe"),
        ("<div>" * 20_000, "has no schema.org recipe"),
        ('<div itemscope itemtype="https://schema.org/Recipe">' * 1_000, "recipe"),
        ("<!--" * 500_000, "has no schema.org recipe"),
        ("\ufeff<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "has no schema.org recipe"),
    ],
    ids=["empty", "no recipe", "broken", "deep JSON", "deep HTML", "deep microdata", "comments", "entities"],
)
def test_a_page_without_a_recipe_that_can_be_read_says_so(tmp_path: Path, text: str, said: str) -> None:
    """There is never a traceback, whatever the parsers raise."""
    file = tmp_path / "page.html"
    file.write_text(text, "utf-8")
    assert said in refusal(file)


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        (recipe(recipeIngredient=[]), "without a list of ingredients"),
        (recipe(recipeIngredient={"@type": "Thing"}), "without a list of ingredients"),
        (recipe(recipeIngredient=None), "without a list of ingredients"),
        (recipe(recipeIngredient=["1 g salt"] * 201), "has 201 ingredient lines"),
        (recipe(recipeIngredient=["1 g salt", "x" * 501]), "line of 501 characters"),
    ],
)
def test_a_recipe_that_cannot_be_one_says_why(tmp_path: Path, recipe: Any, said: str) -> None:
    """The list of ingredients is missing or of another type, has too many lines, or one line is too long."""
    assert said in refusal(page(tmp_path, recipe))


WHOLE = json.dumps(
    {"@context": "https://schema.org", "@type": "Recipe", "name": "Rolls", "recipeIngredient": ["1 egg"]}
)
OTHER = '{"@context": "https://schema.org", "@graph": [{"@type": "WebSite"}, {"@type": ["Organization", "Brand"]}]}'


def blocks(tmp_path: Path, *texts: str, kind: str = "application/ld+json") -> Path:
    """Write a page with these JSON-LD blocks."""
    file = tmp_path / "page.html"
    file.write_text("".join(f'<script type="{kind}">{text}</script>' for text in texts), "utf-8")
    return file


@pytest.mark.parametrize(
    "broken", ["", "  ", "{", "[" * 9_000, '{"a": 1}}', "null", "[3]", '{"@type": null}', "var x = 1;"]
)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_broken_block_spoils_no_other(tmp_path: Path, broken: str, *, is_first: bool) -> None:
    """An empty block, half a one or one without a type may stand before or behind the recipe."""
    texts = (broken, WHOLE) if is_first else (WHOLE, broken)
    assert load_recipe_page(blocks(tmp_path, *texts)).lines == ["1 egg"]


@pytest.mark.parametrize(
    "text",
    [
        f"<!-- from the shop --> {WHOLE}",
        f"// one line\n{WHOLE}",
        f"/* two */ {WHOLE}",
        f"[{OTHER}, {WHOLE}]",
        WHOLE.replace('"https://schema.org"', '["https://schema.org", {"@language": "en"}]'),
        WHOLE.replace('"https://schema.org"', '{"@vocab": "http://schema.org/"}'),
        WHOLE.replace('"@context": "https://schema.org", "@type": "Recipe"', '"@type": "https://schema.org/Recipe"'),
        f'{{"@context": "https://schema.org", "@type": "WebPage", "mainEntity": {WHOLE}}}',
        f'{{"@context": "https://schema.org", "@graph": [[{WHOLE.replace("@context", "x")}]]}}',
    ],
)
def test_a_recipe_is_found_wherever_schema_org_lets_it_stand(tmp_path: Path, text: str) -> None:
    """It may be behind a comment, in a list, a graph or a web page, and under a context of any form."""
    assert load_recipe_page(blocks(tmp_path, text)).lines == ["1 egg"]
    assert load_recipe_page(blocks(tmp_path, text, kind="Application/LD+JSON; charset=utf-8")).lines == ["1 egg"]


def test_the_recipe_with_ingredients_is_taken_and_completed_by_its_like(tmp_path: Path) -> None:
    """A teaser without ingredients is not the recipe; a second block of the same name adds what the first lacks."""
    teaser = recipe(name="Buns", recipeIngredient=[])
    file = blocks(tmp_path, json.dumps(teaser), WHOLE, json.dumps(recipe(recipeYield="12 rolls")))
    read = load_recipe_page(file)
    assert (read.name, read.lines, read.yields) == ("Rolls", ["1 egg"], ["12 rolls"])


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (("",), "has no schema.org recipe; its JSON-LD is empty"),
        (('{"a": ',), "; its JSON-LD is broken (Expecting value, line 1, column 7)"),
        ((OTHER,), "; its JSON-LD describes WebSite, Organization, Brand, not a Recipe"),
        (('{"x": 1}',), "; its JSON-LD describes nothing with a type"),
        (('{"@type": "Recipe"}',), "; its JSON-LD describes a Recipe but does not name schema.org as its @context"),
        (
            ("", OTHER),
            "; of its 2 JSON-LD blocks, block 1 is empty, block 2 describes WebSite, Organization, Brand, not",
        ),
        (("",) * 6, "block 4 is empty, 2 more have none either"),
    ],
)
def test_a_page_without_a_recipe_says_what_was_found_instead(tmp_path: Path, texts: tuple[str, ...], said: str) -> None:
    """Whole JSON-LD about something else is not called broken."""
    assert said in refusal(blocks(tmp_path, *texts))


def test_a_huge_page_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """The size alone decides."""
    file = tmp_path / "page.html"
    with file.open("wb") as out:
        out.truncate(10_000_001)
    assert "is larger than 10 MB" in refusal(file)


def test_entities_tags_and_unseen_characters_are_no_part_of_a_line(tmp_path: Path) -> None:
    """Double encoding, scripts and invisible characters are cleaned; text of several lines is several lines."""
    lines = [
        "1 &amp;frac12; cups&nbsp;flour",
        "<b>2</b> <script>alert(1)</script> eggs\u200b",
        "3 < 4 spoons\x07",
        "50 g butter\n1 tsp salt",
        {"@type": "PropertyValue", "name": "1 l milk"},
        ["1 lemon", None, 7, True],
    ]
    read = load_recipe_page(page(tmp_path, recipe(recipeIngredient=lines, name=["Rolls &amp; more", "Other"])))
    assert read.lines == [
        "1 ½ cups flour", "2 alert(1) eggs", "3 < 4 spoons", "50 g butter", "1 tsp salt", "1 l milk", "1 lemon", "7"
    ]  # fmt: skip
    assert read.name == "Rolls & more"


@pytest.mark.parametrize("said", ["utf-8", "windows-1252", "shift_jis", "no-such-encoding"])
@pytest.mark.parametrize("written", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
def test_a_page_in_another_encoding_than_it_says_is_read(tmp_path: Path, written: str, said: str) -> None:
    """UTF-8 is recognised; text that is neither UTF-8 nor in the declared encoding is read as Windows-1252."""
    file = page(tmp_path, json.dumps(recipe(recipeIngredient=["½ l crème fraîche"]), ensure_ascii=False))
    text = file.read_text("utf-8").replace("<head>", f'<head><meta charset="{said}">')
    file.write_bytes(text.encode(written))
    assert load_recipe_page(file).lines == ["½ l crème fraîche"]


FIELDS = ["name", "recipeIngredient", "recipeYield", "@graph", "url", "recipeCategory", "@context", "@type"]
KEYS = st.sampled_from(["@type", "name", "text", "@graph", "@value"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(KEYS, one, max_size=3),
    max_leaves=6,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from(FIELDS), value=ANYTHING)
def test_any_json_in_any_field_is_read_or_refused(tmp_path: Path, key: str, value: Any) -> None:
    """A refusal has a reason, and no other error occurs."""
    told = ""
    try:
        read = load_recipe_page(page(tmp_path, {**recipe(), key: value}))
        assert read.lines
        assert all(isinstance(text, str) for text in (read.name, *read.lines, *read.yields))
    except ValidationError as refused:
        told = str(refused)
    assert not told or "page.html has" in told

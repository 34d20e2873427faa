"""The lower layers use no interface's words: remedies are values, and each interface words every kind."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

import pytest

from bake_tracker.domain.access import Role
from bake_tracker.domain.remedies import Remedy, RemedyKind
from bake_tracker.domain.remedies import worded as with_words
from bake_tracker.entrypoints.api import remedies as of_api
from bake_tracker.entrypoints.api.openapi import describe
from bake_tracker.entrypoints.cli import remedies as of_cli
from bake_tracker.entrypoints.cli.commands import COMMANDS
from bake_tracker.entrypoints.web import remedies as of_web
from bake_tracker.entrypoints.web.pages import path_for
from support import ROOT
from support.kitchen import Kitchen
from support.web import Web, application, submit

ROOMS = ("domain", "queries", "services", "files", "log", "database")
COMMAND = re.compile(rf"\bbake ({'|'.join(COMMANDS)})\b")
OF_A_TERMINAL = re.compile(rf"{COMMAND.pattern}|(?<![\w-])--[a-z]")
OF_POSTGRESQL = {"services/archive/backup.py"}
"""It passes flags to pg_dump and pg_restore; no user reads them."""
_PG_FLAG = re.compile(
    r"--(format=custom|no-owner|no-privileges|snapshot=|file=|dbname|list|single-transaction|exit-on-error)"
)

EVERY_REMEDY: dict[RemedyKind, Remedy] = {
    "correct_settings": {"kind": "correct_settings"},
    "add_product": {"kind": "add_product", "item_id": 3},
    "allow_parts": {"kind": "allow_parts", "item_id": 3, "item_slug": "egg"},
    "answer_count": {"kind": "answer_count"},
    "choose_range": {"kind": "choose_range"},
    "declare_ingredients": {"kind": "declare_ingredients", "item_id": 3, "item_slug": "dough"},
    "explain_operation": {"kind": "explain_operation", "operation_id": "01a22afe-6f12-7000-8000-000000000000"},
    "file_label": {
        "kind": "file_label",
        "item_id": 3,
        "item_slug": "cookie",
        "ingredients": "Flour (wheat), Sugar",
        "contains": ["wheat"],
        "may_contain": ["milk"],
    },
    "list_things": {"kind": "list_things", "what": "item"},
    "map_name": {"kind": "map_name", "name": "AP flour", "item_slug": "flour"},
    "measure": {
        "kind": "measure",
        "item_id": 3,
        "item_slug": "flour",
        "item_name": "Flour",
        "base_unit": "g",
        "missing": [
            {
                "measure": "density",
                "unit": "cup",
                "published": {
                    "told": "125 g for 1 cup",
                    "amount": 1,
                    "unit": "cup",
                    "weight_g": "125",
                    "source": "USDA",
                },
            },
            {"measure": "piece", "unit": "each", "published": None},
        ],
    },
    "measure_items": {"kind": "measure_items", "item_slugs": ["flour"]},
    "name_ingredient": {"kind": "name_ingredient", "name": "plain fluor", "item_slug": None},
    "name_table": {"kind": "name_table", "tables": ["purchases", "recipes"]},
    "begin_anew": {"kind": "begin_anew"},
    "prepare_database": {"kind": "prepare_database"},
    "record_again": {"kind": "record_again"},
    "import_page": {"kind": "import_page"},
    "record_count": {"kind": "record_count"},
    "release_lots": {"kind": "release_lots", "lot_ids": [5], "lot_codes": ["mill-6"]},
    "rename": {"kind": "rename", "name": "ap flour", "item_slug": "flour"},
    "replace_file": {"kind": "replace_file"},
    "restore_again": {"kind": "restore_again"},
    "settle_line": {"kind": "settle_line", "line": 2, "can_accept": True},
    "state_allergens": {"kind": "state_allergens", "item_id": 3, "item_slug": "flour"},
    "state_dates": {"kind": "state_dates"},
    "scale_batches": {"kind": "scale_batches", "quantity": "1/3"},
    "state_decimals": {"kind": "state_decimals"},
    "state_yield": {"kind": "state_yield", "quantity": "12", "item_slug": "roll", "can_create": True},
    "take_good_rows": {"kind": "take_good_rows"},
    "verify_ledger": {"kind": "verify_ledger"},
    "verify_log": {"kind": "verify_log"},
}
KINDS: tuple[RemedyKind, ...] = get_args(RemedyKind)


def strings(source: str) -> Iterator[str]:
    """Yield every string of a module, docstrings included; an f-string's parts come with a gap between them."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)


def of_a_terminal(source: str) -> list[str]:
    """Return the strings of a module that only make sense at a terminal."""
    return [text for text in strings(source) if OF_A_TERMINAL.search(text)]


@pytest.mark.parametrize("room", ROOMS)
def test_no_command_or_flag_occurs_below_the_interfaces(room: str) -> None:
    """Someone using a page or the API has neither commands nor flags."""
    found: dict[str, list[str]] = {}
    below = ROOT / "src" / "bake_tracker"
    for file in sorted((below / room).rglob("*.py")):
        name = str(file.relative_to(below))
        texts = of_a_terminal(file.read_text("utf-8"))
        found[name] = [text for text in texts if not (name in OF_POSTGRESQL and _PG_FLAG.match(text))]
    assert {name: texts for name, texts in found.items() if texts} == {}


def test_no_command_or_flag_occurs_on_a_page_or_in_the_api() -> None:
    """No module contains a command or a flag, and no template a command."""
    faces = ROOT / "src" / "bake_tracker" / "entrypoints"
    files = [file for room in ("api", "web", "http") for file in (faces / room).rglob("*.py")]
    found = {str(file): of_a_terminal(file.read_text("utf-8")) for file in files}
    for template in (faces / "web" / "templates").rglob("*.html"):
        found[str(template)] = [hit[0] for hit in COMMAND.finditer(template.read_text("utf-8"))]
    assert {name: texts for name, texts in found.items() if texts} == {}


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ('"""Write a table, as bake export does."""', 1),
        ("raise ValueError(f'{path} is there; say --force')", 1),
        ("x = f'run: bake verify {path}'", 1),
        ('"""What to bake and pack; 2 -- 3 batches, well-known."""', 0),
        ("# bake verify\nx = 1", 0),
    ],
)
def test_a_planted_command_is_found(source: str, count: int) -> None:
    """Commands in docstrings, strings and f-strings are found; prose and comments are ignored."""
    assert min(len(of_a_terminal(source)), 1) == count


def test_every_kind_has_words_in_every_interface() -> None:
    """Every kind also has an example here, which the tests below use."""
    assert set(of_cli.WORDS) == set(of_api.WAYS) == set(of_web.WAYS) == set(EVERY_REMEDY) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_terminal_shows_what_to_type(kind: RemedyKind) -> None:
    """The words contain a command or a flag, and every command exists."""
    said = of_cli.words(EVERY_REMEDY[kind])
    assert OF_A_TERMINAL.search(said), said
    assert all(COMMAND.match(found[0]) for found in re.finditer(r"\bbake [a-z-]+", said)), said


@cache
def description() -> dict[str, Any]:
    return describe(application())


@pytest.mark.parametrize("kind", KINDS)
def test_the_api_names_a_route_or_a_field(kind: RemedyKind) -> None:
    """Every route and field exists; only what is done at the server itself has neither."""
    way = of_api.WAYS[kind](EVERY_REMEDY[kind])
    assert not OF_A_TERMINAL.search(way["text"])
    if "route" in way:
        assert way["route"] in way["text"]
    described = description()
    routes = {
        re.sub(r"{\w+}", "#", f"{method.upper()} {path}") for path, of in described["paths"].items() for method in of
    }
    for named in re.findall(r"(?:GET|POST|PUT|PATCH) /api/v1/[\w{}/-]+", way["text"]):
        assert re.sub(r"{\w+}|(?<=/)[0-9a-f-]*\d[0-9a-f-]*(?=/|$)", "#", named) in routes, named
    fields = {name for shape in described["components"]["schemas"].values() for name in shape.get("properties", ())}
    if "field" in way:
        assert set(way["field"].split(".")) <= fields | {"Idempotency-Key"}
    at_the_server = {"begin_anew", "prepare_database", "replace_file", "restore_again"}
    assert (kind in at_the_server) == ("route" not in way and "field" not in way)


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_says_it_in_plain_words_or_leads_to_where_it_is_done(kind: RemedyKind, web: Web) -> None:
    """A link leads to a page; no sentence ends in two full stops."""

    class Request:
        app = web.app
        scope: dict[str, str] = {}

    shown = of_web.helps(lambda name, **parts: path_for(Request(), name, **parts), EVERY_REMEDY[kind])  # type: ignore[arg-type]
    assert not OF_A_TERMINAL.search(shown)
    assert shown.startswith(" ")
    assert shown.endswith(".")
    assert not shown.endswith("..")


def test_every_remedy_of_an_answer_is_worded_after_its_text() -> None:
    """Words follow a problem, a reason or each of several texts; those that begin with ``or`` continue the sentence."""
    number: Remedy = {"kind": "choose_range"}

    def words(remedy: Remedy) -> str:
        return "or leave it" if remedy["kind"] == "replace_file" else "mend it"

    answer: dict[str, Any] = {
        "problems": [{"field": "a", "problem": "bad", "remedy": number}, {"problem": "worse"}],
        "row": {"reason": "there already", "remedy": {"kind": "replace_file"}},
        "line": {"to_do": ["x", "y"], "remedies": [None, number], "hints": ["z"], "hint_remedies": [number]},
        "sum": {"problem": "p; q", "remedies": [number, number]},
    }
    told = with_words(answer, words)
    assert [one["problem"] for one in told["problems"]] == ["bad; mend it", "worse"]
    assert told["row"]["reason"] == "there already, or leave it"
    assert (told["line"]["to_do"], told["line"]["hints"]) == (["x", "y; mend it"], ["z; mend it"])
    assert told["sum"]["problem"] == "p; q; mend it; mend it"
    assert answer["row"]["reason"] == "there already"


# through the interfaces ----------------------------------------------------------------------------------------------


@pytest.fixture
def web(sqlite_url: str) -> Web:
    """The application, with three users."""
    return Web().let_in()


@pytest.fixture
def kitchen(web: Web) -> Kitchen:
    """Flour, sugar and a cookie made of them; what a cup weighs and the allergens are not recorded."""
    kitchen = Kitchen()
    kitchen.ingredient("Flour")
    kitchen.ingredient("Sugar")
    kitchen.receive("Flour", 5_000, "g", 10)
    kitchen.receive("Sugar", 5_000, "g", 10)
    kitchen.recipe("Cookies", {"Flour": (250, "g"), "Sugar": (100, "g")}, makes={"Cookie": 24})
    return kitchen


def test_a_page_with_a_range_is_answered_in_the_fields_of_the_api(web: Web, kitchen: Kitchen) -> None:
    """Text and remedy both name the field; a missing weight names its route."""
    lines = ["2-3 cups flour", "1 cup sugar", "sugar", "3 g unobtainium"]
    asked = {"name": "Rolls", "lines": lines, "choices": {"ranges": "ask"}}
    done = web.program(Role.VIEWER).post("/api/v1/recipe-pages/check", json=asked)
    assert (done.status_code, OF_A_TERMINAL.search(done.text)) == (200, None)
    ranged, hinted, unsure, unknown = done.json()["lines"]
    assert ranged["to_do"] == ["a range is given; set choices.ranges to low or high"]
    assert ranged["remedies"] == [{"kind": "choose_range", "field": "choices.ranges"}]
    route = f"POST /api/v1/items/{kitchen.ids['Sugar']}/densities"
    assert f"sugar: cannot convert cup to g; weigh 1 cup of Sugar and record it: {route}" in hinted["hints"][0]
    assert (hinted["hint_remedies"][0]["kind"], hinted["hint_remedies"][0]["route"]) == ("measure", route)
    assert "choices.left_out" in unsure["to_do"][0]
    assert "choices.names" in unknown["to_do"][0]
    refused = web.program(Role.BAKER).post("/api/v1/recipe-pages", json=asked)
    assert (refused.status_code, OF_A_TERMINAL.search(refused.text)) == (422, None)
    assert refused.json()["errors"][0] == {
        "field": "line 1 (2-3 cups flour)",
        "problem": "a range is given; set choices.ranges to low or high",
        "remedy": {"kind": "choose_range", "field": "choices.ranges"},
    }
    assert refused.json()["detail"].startswith("line 1 (2-3 cups flour): a range is given; set choices.ranges to low")


def test_a_receipt_in_cups_is_refused_in_the_words_of_the_api(web: Web, kitchen: Kitchen) -> None:
    """Text and remedy both name the route that records what a cup weighs."""
    sent = {"item_id": kitchen.ids["Flour"], "quantity": 2, "unit": "cup"}
    done = web.program(Role.BAKER).post("/api/v1/receipts", json=sent)
    assert (done.status_code, OF_A_TERMINAL.search(done.text)) == (422, None)
    route = f"POST /api/v1/items/{kitchen.ids['Flour']}/densities"
    (error,) = done.json()["errors"]
    assert error["problem"] == done.json()["detail"]
    assert f"flour: cannot convert cup to g; weigh 1 cup of Flour and record it: {route}" in error["problem"]
    assert (error["remedy"]["kind"], error["remedy"]["route"]) == ("measure", route)


def test_a_receipt_in_cups_is_refused_in_the_words_of_a_page(web: Web, kitchen: Kitchen) -> None:
    """The page links to the item."""
    item = kitchen.ids["Flour"]
    done = submit(
        web.browser(Role.BAKER), f"/receive?item={item}", "/receive", item_id=str(item), quantity="2", unit="cup"
    )
    assert (done.status_code, OF_A_TERMINAL.search(done.text)) == (422, None)
    link = f'<a class="alert-link" href="/stock/{item}">Give the amount in g, or ask the person who keeps the catalogue'
    assert f"Flour: cannot convert cup to g. {link} to record what 1 cup of Flour weighs</a>." in done.text


def test_a_label_without_allergens_is_answered_in_the_words_of_the_api(web: Web, kitchen: Kitchen) -> None:
    """The text label says what is missing; printing it is refused with the same words."""
    lot = made_lot(kitchen)
    program, route = web.program(Role.VIEWER), f"PUT /api/v1/items/{kitchen.ids['Flour']}/allergens"
    told = program.get(f"/api/v1/lots/{lot}/label")
    assert (told.status_code, OF_A_TERMINAL.search(told.text)) == (200, None)
    problem = told.json()["problems"][0]
    assert problem["problem"] == f"its allergens are not recorded; record them: {route}"
    assert problem["remedy"]["route"] == route
    refused = program.get(f"/api/v1/lots/{lot}/label.pdf")
    assert (refused.status_code, OF_A_TERMINAL.search(refused.text)) == (409, None)
    assert f"flour: {problem['problem']}" in refused.json()["detail"]
    assert refused.json()["errors"][0]["remedy"] == problem["remedy"]


def test_a_label_without_allergens_is_refused_in_the_words_of_a_page(web: Web, kitchen: Kitchen) -> None:
    """The refusal links to each ingredient without an allergen statement."""
    done = web.browser(Role.VIEWER).get(f"/lots/{made_lot(kitchen)}/label.pdf")
    assert (done.status_code, OF_A_TERMINAL.search(done.text)) == (409, None)
    for name in ("Flour", "Sugar"):
        link = (
            f'<a class="alert-link" href="/stock/{kitchen.ids[name]}">Ask the person who keeps the catalogue to record'
        )
        assert f"{link} which allergens {name.lower()} contains</a>." in done.text


def test_a_released_lot_is_one_click_away_from_the_refusal(web: Web, kitchen: Kitchen) -> None:
    """A lot on hold cannot be given away: the page leads to its release, and the API names the route."""
    made_lot(kitchen)
    (lot,) = (row[0] for row in kitchen.rows("SELECT id FROM lot WHERE item_id = :id", id=kitchen.ids["Cookie"]))
    program = web.program(Role.BAKER)
    assert program.post("/api/v1/holds", json={"lot_ids": [lot], "reason": "odd"}).status_code == 201
    sent = {"kind": "gift", "lines": [{"lot_id": lot, "quantity": 1}]}
    refused = program.post("/api/v1/adjustments", json=sent)
    assert (refused.status_code, OF_A_TERMINAL.search(refused.text)) == (409, None)
    assert refused.json()["detail"].endswith("or release it first, with a reason: POST /api/v1/releases")
    assert refused.json()["remedy"]["lot_ids"] == [lot]


def made_lot(kitchen: Kitchen) -> int:
    """Bake a batch of cookies and return its lot."""
    return int(kitchen.produce("Cookies", "Cookie", 1, 24)["lot_id"])


def test_the_log_says_what_is_wrong_without_the_words_of_an_interface(
    web: Web, kitchen: Kitchen, caplog: pytest.LogCaptureFixture
) -> None:
    """The reader of the log may have used any interface."""
    sent = {"item_id": kitchen.ids["Flour"], "quantity": 2, "unit": "cup"}
    web.program(Role.BAKER).post("/api/v1/receipts", json=sent)
    told = [vars(record) for record in caplog.records if getattr(record, "outcome", "") == "unit_conversion_failed"]
    assert [line["error"] for line in told] == ["UnitConversionError: flour: cannot convert cup to g"]

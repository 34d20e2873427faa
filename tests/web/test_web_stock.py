"""The pages of the stock: items, goods in, adjustments, holds, moves, counts and search."""

import html
import re
from datetime import date

import pytest
from babel import Locale
from starlette.testclient import TestClient

from bake_tracker.domain.access import Role
from bake_tracker.entrypoints.http.access import CSRF_FIELD
from bake_tracker.entrypoints.web.pages import amount
from bake_tracker.queries.catalog.find import find_hits
from bake_tracker.services.catalog.products import record_product
from bake_tracker.services.catalog.things import record_supplier
from bake_tracker.services.database import read_scope, run_in_transaction
from support.kitchen import Kitchen
from support.web import Web, csrf_of, statements, submit

pytestmark = pytest.mark.one_database
GTIN = "4006381333931"


@pytest.fixture
def web(database_url: str) -> Web:
    """The application, with three people."""
    return Web().let_in()


@pytest.fixture
def baker(web: Web) -> TestClient:
    """Bao's browser."""
    return web.browser(Role.BAKER)


def text_of(page: str) -> str:
    """The words of a page, without tags."""
    return " ".join(html.unescape(re.sub("<[^>]+>", " ", page)).split())


def lot_of(kitchen: Kitchen, item: str) -> int:
    """The first lot of an item."""
    return int(kitchen.rows("SELECT min(id) FROM lot WHERE item_id = :id", id=kitchen.ids[item])[0][0])


def operations(kitchen: Kitchen, name: str) -> int:
    """How often this operation was recorded."""
    return int(kitchen.rows("SELECT count(*) FROM operation WHERE name = :name", name=name)[0][0])


def test_an_item_is_added_and_leads_to_receiving_it(kitchen: Kitchen, baker: TestClient) -> None:
    """A problem appears beside its field, and what was typed stays."""
    fields = {"kind": "ingredient", "name": "Rye flour", "base_unit": "g", "pick_policy": "fefo"}
    refused = submit(baker, "/stock/new", "/stock/new", **fields, shelf_life_days="soon")
    assert (refused.status_code, 'value="Rye flour"' in refused.text) == (422, True)
    made = submit(baker, "/stock/new", "/stock/new", **fields, shelf_life_days="90")
    assert made.status_code == 303
    page = baker.get(made.headers["location"]).text
    assert "See it or undo it" in page
    assert re.search(r'href="/receive\?item=\d+"', page)
    again = submit(baker, "/stock/new", "/stock/new", **fields)
    assert again.status_code == 409


def test_a_new_product_needs_its_shelf_life_or_no_limit(kitchen: Kitchen, baker: TestClient) -> None:
    """Either, not both and not neither; an ingredient needs none."""
    fields = {"kind": "finished_unit", "name": "Bun", "base_unit": "each", "pick_policy": "fefo"}
    for more in ({}, {"shelf_life_days": "3", "no_limit": "yes"}):
        refused = submit(baker, "/stock/new", "/stock/new", **fields, **more)
        assert (refused.status_code, "no limit" in refused.text) == (422, True)
    assert submit(baker, "/stock/new", "/stock/new", **fields, shelf_life_days="3").status_code == 303
    fields["name"] = "Roll"
    assert submit(baker, "/stock/new", "/stock/new", **fields, no_limit="yes").status_code == 303
    assert [tuple(row) for row in kitchen.rows("SELECT name, shelf_life_days FROM item ORDER BY name")] == [
        ("Bun", 3),
        ("Roll", None),
    ]


def test_goods_come_in_as_the_last_did(kitchen: Kitchen, baker: TestClient) -> None:
    """Quantity, unit and supplier are filled in; sent twice, it is one lot; the cost is read in the user's language."""
    kitchen.simple_bakery()
    item = str(kitchen.ids["Flour"])
    page = baker.get(f"/receive?item={item}", headers={"Accept-Language": "de"})
    assert 'name="quantity" inputmode="decimal" value="10"' in page.text
    assert re.search(r'value="kg" checked', page.text)
    operation_id = re.search(r'name="operation_id" value="([^"]+)"', page.text)
    assert operation_id is not None
    sent = {
        "csrf_token": csrf_of(page),
        "operation_id": operation_id[1],
        "item_id": item,
        "quantity": "2,5",
        "unit": "kg",
        "total_cost": "3,75",
        "expires_on": "2027-01-31",
    }
    for _ in range(2):
        done = baker.post("/receive", data=sent, headers={"Accept-Language": "de"})
        assert done.headers["location"] == f"/operations/{operation_id[1]}?done=1"
    assert kitchen.stock("Flour") == 12_500
    refused = baker.post("/receive", data={**sent, "operation_id": "", "received_on": "2999-01-01"})
    assert (refused.status_code, "must be today (" in refused.text) == (422, True)
    assert baker.post("/receive", data={**sent, "operation_id": "", "quantity": "-1"}).status_code == 422


@pytest.mark.parametrize("cost", ["$ 3,75", "3,75 USD", "USD 3,75", "3,75"])
def test_an_amount_on_a_page_may_have_the_bakerys_currency(kitchen: Kitchen, baker: TestClient, cost: str) -> None:
    """It is read in the user's language; another currency is refused beside the field."""
    item = kitchen.ingredient("Flour")
    page, german = f"/receive?item={item}", {"Accept-Language": "de"}
    sent = {CSRF_FIELD: csrf_of(baker.get(page)), "item_id": str(item), "quantity": "1", "unit": "kg"}
    assert baker.post("/receive", data={**sent, "total_cost": cost}, headers=german).status_code == 303
    assert "3.75 USD" in baker.get(page).text
    refused = baker.post("/receive", data={**sent, "total_cost": cost.replace("$", "€").replace("USD", "EUR")})
    assert ("is in €" in refused.text or "is in EUR" in refused.text) == (cost != "3,75")


def test_a_package_is_received_by_its_bar_code(kitchen: Kitchen, baker: TestClient) -> None:
    """The scan finds its item; receiving it adds the package's content."""
    kitchen.simple_bakery()
    item = kitchen.ids["Flour"]
    wrong = {"name": "Type 550", "package_quantity": "25", "package_unit": "kg", "package_type": "bag", "gtin": "123"}
    page = f"/stock/{item}/product"
    assert "is not a valid bar code" in submit(baker, page, page, **wrong).text
    assert submit(baker, page, page, **{**wrong, "gtin": GTIN}).status_code == 303
    assert baker.get(f"/find?q={GTIN}").headers["location"] == f"/stock/{item}"
    assert baker.get(f"/find?q=0{GTIN}").headers["location"] == f"/stock/{item}"
    product = kitchen.rows("SELECT id FROM product")[0][0]
    assert baker.get(f"/receive?q={GTIN}").headers["location"] == f"/receive?item={item}&product={product}"
    form = baker.get(f"/receive?item={item}&product={product}").text
    assert f'value="package-{product}" checked' in form
    submit(baker, page, "/receive", item_id=str(item), quantity="2", unit=f"package-{product}")
    assert kitchen.stock("Flour") == 60_000


def test_the_code_of_a_carton_fills_product_lot_and_day(kitchen: Kitchen, baker: TestClient) -> None:
    """A known lot is shown by the search box; a new one can be received with its code and day filled in."""
    kitchen.simple_bakery()
    item = kitchen.ids["Flour"]
    page = f"/stock/{item}/product"
    submit(baker, page, page, name="Type 550", package_quantity="25", package_unit="kg", gtin="4006381333931")
    product = kitchen.rows("SELECT id FROM product")[0][0]
    codes = ["(01)04006381333931(17)261231(10)M-7", "]C10104006381333931" + "10M-7\x1d17261231"]
    filled = f"/receive?item={item}&product={product}&lot_code=M-7&expires_on=2026-12-31"
    for code in codes:
        assert baker.get("/receive", params={"q": code}).headers["location"] == filled
        found = baker.get("/find", params={"q": code})
        assert "The code says: bar code 04006381333931, lot M-7, use by" in text_of(found.text)
        assert filled.replace("&", "&amp;") in found.text
    form = baker.get(filled).text
    assert 'value="M-7"' in form
    assert 'value="2026-12-31"' in form
    submit(baker, filled, "/receive", item_id=str(item), quantity="1", unit="kg", lot_code="M-7")
    lot = kitchen.rows("SELECT id FROM lot WHERE code = 'M-7'")[0][0]
    for code in codes:
        assert baker.get("/find", params={"q": code}).headers["location"] == f"/lots/{lot}"
        assert baker.get("/receive", params={"q": code}).headers["location"] == filled
    with read_scope() as session:
        hits = find_hits(session, codes[0])
    assert [(one["item_id"], one["product_id"]) for one in hits["items"]] == [(item, product)]
    assert [one["lot_code"] for one in hits["lots"]] == ["M-7"]
    assert hits["carton"] == {"gtin": "04006381333931", "lot_code": "M-7", "expires_on": "2026-12-31"}
    carton = baker.get("/receive", params={"q": "(01)14006381333938(10)M-8"}).headers["location"]
    assert carton == f"/receive?item={item}&lot_code=M-8"
    unknown = text_of(baker.get("/find", params={"q": "(01)04012345678901(10)M-7"}).text)
    assert "The code says: bar code 04012345678901, lot M-7." in unknown
    assert "No name, lot code or bar code matches" in unknown


def test_the_search_box_leads_to_the_thing_meant(kitchen: Kitchen, baker: TestClient) -> None:
    """A lot's code leads to the lot, a name to the item, part of a name to every match, and markup to nothing."""
    kitchen.simple_bakery()
    kitchen.ingredient("Icing sugar")
    lot = lot_of(kitchen, "Flour")
    code = kitchen.rows("SELECT code FROM lot WHERE id = :id", id=lot)[0][0]
    assert baker.get(f"/find?q={code.upper()}").headers["location"] == f"/lots/{lot}"
    assert baker.get("/find?q=FLOUR").headers["location"] == f"/stock/{kitchen.ids['Flour']}"
    assert baker.get("/find?q=sugar").headers["location"] == f"/stock/{kitchen.ids['Sugar']}"
    several = baker.get("/find?q=suga")
    assert (several.status_code, several.text.count('class="list-group-item"')) == (200, 3)
    nothing = baker.get("/find?q=%3Cscript%3E%25_")
    assert (
        nothing.status_code,
        "No name, lot code or bar code matches" in nothing.text,
        "<script>%" in nothing.text,
    ) == (
        200,
        True,
        False,
    )
    assert "Scan a bar code" in baker.get("/find").text


def test_stock_out_by_hand_is_recorded_with_its_reason(kitchen: Kitchen, baker: TestClient) -> None:
    """Stock is taken from an item, from a lot, or as a correction; a shortage is shown in a table."""
    kitchen.simple_bakery()
    item, lot = str(kitchen.ids["Flour"]), str(lot_of(kitchen, "Flour"))
    page = f"/take?item={item}"
    assert submit(baker, page, "/take", item_id=item, kind="waste", quantity="1/2", unit="kg").status_code == 303
    short = submit(baker, page, "/take", item_id=item, kind="waste", quantity="50", unit="kg")
    assert (short.status_code, "Short" in short.text, 'value="50"' in short.text) == (409, True, True)
    for quantity in ("0", "-1"):
        for kind in ("less", "more", "waste"):
            wrong = submit(baker, page, "/take", lot_id=lot, kind=kind, quantity=quantity, unit="kg", reason="torn bag")
            assert (wrong.status_code, "must be above 0" in wrong.text) == (422, True)
    page = f"/take?lot={lot}"
    assert "There is less" in baker.get(page).text
    nameless = submit(baker, page, "/take", lot_id=lot, kind="less", quantity="1", unit="kg")
    assert (nameless.status_code, "is required for a correction" in nameless.text) == (422, True)
    done = submit(baker, page, "/take", lot_id=lot, kind="less", quantity="1", unit="kg", reason="torn bag")
    assert done.status_code == 303
    assert submit(baker, page, "/take", lot_id=lot, kind="more", quantity="2", unit="kg", reason="found").is_redirect
    assert kitchen.stock("Flour") == 10_500
    assert baker.get("/take").headers["location"] == "/stock"


def test_a_lot_is_held_released_and_moved(kitchen: Kitchen, baker: TestClient) -> None:
    """Each is done on its own page; holding twice is refused; a moved part becomes its own lot."""
    kitchen.simple_bakery()
    lot, item = lot_of(kitchen, "Flour"), kitchen.ids["Flour"]
    hold, release, move = (f"/lots/{lot}/{what}" for what in ("hold", "release", "move"))
    assert submit(baker, hold, hold, reason="").status_code == 422
    assert submit(baker, hold, hold, reason="smells of paint").status_code == 303
    assert "smells of paint" in baker.get(f"/stock/{item}").text
    assert submit(baker, hold, hold, reason="again").status_code == 409
    assert submit(baker, release, release, reason="only the new bags").status_code == 303
    assert submit(baker, move, move, to_location="Cellar", quantity="4", unit="kg").status_code == 303
    assert submit(baker, move, move, to_location="Cellar", quantity="40", unit="kg").status_code == 422
    assert kitchen.rows("SELECT remaining_micros FROM lot WHERE location = 'Cellar'") == [(4_000_000_000,)]


def test_a_count_is_previewed_before_it_is_recorded(kitchen: Kitchen, baker: TestClient) -> None:
    """Lots are counted by quantity or per cent; uncounted lots stay; stock that moved meanwhile needs confirmation."""
    kitchen.simple_bakery()
    flour, sugar, carton = (str(lot_of(kitchen, name)) for name in ("Flour", "Sugar", "Carton"))
    sheet = {
        "lot_id": [flour, sugar, carton],
        "expected": ["10000", "5000", "100"],
        "unit": ["kg", "kg", "each"],
        "counted": ["9.5", "", ""],
        "percent_left": ["", "50", ""],
    }
    token = csrf_of(baker.get("/count"))
    seen = baker.post("/count", data={"csrf_token": token, **sheet, "step": "look"})
    assert "2 lots counted, 2 differ" in seen.text
    assert operations(kitchen, "record_stocktake") == 0
    wrong = baker.post("/count", data={"csrf_token": token, **sheet, "counted": ["many", "", ""], "step": "look"})
    assert (wrong.status_code, "is not a number" in wrong.text, 'value="many"' in wrong.text) == (422, True, True)
    back = baker.post("/count", data={"csrf_token": token, **sheet, "step": "change"})
    assert 'value="9.5"' in back.text

    kitchen.receive("Flour", 1, "kg", 2)
    kitchen.produce("Cookies", "Cookie", 1, 24)
    moved = baker.post("/count", data={"csrf_token": token, **sheet, "step": "look"})
    assert "Stock moved while you counted" in moved.text
    assert baker.post("/count", data={"csrf_token": token, **sheet, "step": "record"}).status_code == 409
    done = baker.post("/count", data={"csrf_token": token, **sheet, "step": "record", "moved": "after"})
    assert done.status_code == 303
    assert (kitchen.stock("Flour"), kitchen.stock("Sugar"), kitchen.stock("Carton")) == (10_000, 2_250, 100)
    assert "is empty for every lot" in baker.post("/count", data={"csrf_token": token, "step": "look"}).text


def test_a_delivery_is_taken_whole_or_not_at_all(kitchen: Kitchen, baker: TestClient) -> None:
    """Every line shows its own problem; a document entered twice is noticed."""
    kitchen.simple_bakery()
    supplier = run_in_transaction(lambda session: record_supplier("Mill", session=session))["supplier_id"]
    flour, sugar = str(kitchen.ids["Flour"]), str(kitchen.ids["Sugar"])
    token = csrf_of(baker.get("/deliver"))
    document = {
        "csrf_token": token,
        "supplier_id": str(supplier),
        "document": "DN-1",
        "item_id": ["", flour, sugar],
        "quantity": ["", "25", "much"],
        "unit": ["kg", "kg", "kg"],
        "total_cost": ["", "30", ""],
        "expires_on": ["", "", ""],
        "lot_code": ["", "M-77", ""],
        "step": "record",
    }
    refused = baker.post("/deliver", data=document)
    assert (refused.status_code, 'id="quantity[2]-said"' in refused.text, 'value="M-77"' in refused.text) == (
        422,
        True,
        True,
    )
    assert baker.post("/deliver", data={**document, "step": "more"}).text.count("<legend") == 7
    document["quantity"] = ["", "25", "10"]
    litres = baker.post("/deliver", data={**document, "unit": ["kg", "kg", "l"]})
    assert (litres.status_code, kitchen.stock("Flour")) == (422, 10_000)
    assert baker.post("/deliver", data=document).status_code == 303
    assert (kitchen.stock("Flour"), kitchen.stock("Sugar")) == (35_000, 15_000)
    twice = baker.post("/deliver", data=document)
    assert (twice.status_code, "really came twice" in twice.text) == (409, True)
    assert baker.post("/deliver", data={**document, "again": "yes"}).status_code == 303


def test_a_viewer_sees_no_button_that_records(kitchen: Kitchen, web: Web) -> None:
    """Neither the list nor an item has one; and the forms behind them are refused."""
    kitchen.simple_bakery()
    viewer = web.browser(Role.VIEWER)
    for page in ("/stock", f"/stock/{kitchen.ids['Flour']}"):
        assert "/receive" not in viewer.get(page).text
        assert "/hold" not in viewer.get(page).text
    assert viewer.get(f"/take?item={kitchen.ids['Flour']}").status_code == 403


def test_a_missing_thing_is_not_found(kitchen: Kitchen, baker: TestClient) -> None:
    """This holds for any number in the URL; no page breaks."""
    for key in ("999", "9223372036854775807", "9223372036854775808", "0", "-1", "x"):
        for path in ("/stock/{}", "/stock/{}/history", "/stock/{}/product", "/lots/{}/hold", "/receive?item={}"):
            assert baker.get(path.format(key)).status_code in (404, 422)


def test_pages_of_the_stock_send_as_many_statements_however_much_there_is(kitchen: Kitchen, baker: TestClient) -> None:
    """This holds for an item with one lot or with many, and for all its forms."""
    kitchen.simple_bakery()
    item = kitchen.ids["Flour"]
    run_in_transaction(lambda session: record_supplier("Mill", session=session))
    paths = [
        f"/stock/{item}", f"/stock/{item}/history", "/receive", f"/receive?item={item}", "/deliver", "/count",
        f"/take?item={item}", f"/take?lot={lot_of(kitchen, 'Flour')}", "/find?q=o",
    ]  # fmt: skip

    def sent() -> dict[str, int]:
        counted = {}
        for path in paths:
            with statements() as heard:
                assert baker.get(path).status_code == 200
            counted[path] = len(heard)
        return counted

    few = sent()
    for number in range(6):
        kitchen.receive("Flour", 1, "kg", 2, expires_on=date(2030, 1, 1 + number), location=f"Shelf {number}")
        kitchen.ingredient(f"Spice {number} of two or more words")
        kitchen.produce("Cookies", "Cookie", 1, 24)
        run_in_transaction(lambda session, number=number: record_supplier(f"Mill {number}", session=session))
        run_in_transaction(
            lambda session, number=number: record_product(item, f"Bag {number}", 5, "kg", session=session)
        )
    assert sent() == few


@pytest.mark.parametrize(
    ("quantity", "unit", "said"),
    [
        ("25000", "g", "25 kg"),
        ("999.5", "g", "999.5 g"),
        ("39866.919119", "ml", "39.867 l"),
        ("-1080", "g", "-1.08 kg"),
        ("0.000001", "g", "0.000001 g"),
        ("0", "g", "0 g"),
        ("83", "each", "83"),
        ("1200", "cm", "1,200 cm"),
    ],
)
def test_an_amount_is_written_as_people_say_it(quantity: str, unit: str, said: str) -> None:
    """It uses the larger unit from a thousand on, and never rounds a remainder to nothing."""
    assert amount(quantity, unit, locale=Locale("en", "GB")) == said


def test_a_quantity_without_a_unit_is_refused_beside_the_unit(kitchen: Kitchen, baker: TestClient) -> None:
    """Moving 5 kg of flour cannot become moving 5 g."""
    kitchen.simple_bakery()
    lot = lot_of(kitchen, "Flour")
    for path, fields in (
        (f"/lots/{lot}/move", {"to_location": "Cellar", "quantity": "5"}),
        (f"/take?lot={lot}", {"lot_id": str(lot), "quantity": "5", "kind": "waste"}),
    ):
        refused = submit(baker, path, path.partition("?")[0], **fields, unit="")
        assert (refused.status_code, "needs a unit, such as g or kg" in refused.text) == (422, True)
        assert submit(baker, path, path.partition("?")[0], **fields, unit="kg").status_code == 303
    assert kitchen.stock("Flour") == 5_000


def test_what_came_back_is_recorded_from_the_sale_or_the_lot(kitchen: Kitchen, baker: TestClient) -> None:
    """The lot's page lists who has some of it; the form keeps what was typed when it is refused."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24)
    lot, line = lot_of(kitchen, "Cookie"), {"kind": "sale", "quantity": "4", "unit": "each"}
    assert "Came back" not in baker.get(f"/lots/{lot}").text
    sale = submit(baker, f"/take?lot={lot}", "/take", lot_id=lot, **line).headers["location"].partition("?")[0]
    assert f"{sale}/return" in baker.get(sale).text
    assert f"/lots/{lot}/came-back" in baker.get(f"/lots/{lot}").text
    page = f"{sale}/return?lot={lot}"
    assert page in baker.get(f"/lots/{lot}/came-back").text.replace("&amp;", "&")
    fields = {"lot_id": lot, "unit": "each", "put": "hold", "to_location": "Returns"}
    refused = submit(baker, page, f"{sale}/return", **fields, quantity="5")
    assert (refused.status_code, "at most 4 can come back" in refused.text) == (422, True)
    done = submit(baker, page, f"{sale}/return", **fields, quantity="3")
    assert "What it changed on the shelf" in baker.get(done.headers["location"]).text
    assert kitchen.rows("SELECT location FROM lot ORDER BY id")[-1].location == "Returns"


def test_goods_go_back_to_the_supplier_from_the_page_of_the_lot(kitchen: Kitchen, baker: TestClient) -> None:
    """The credit may be left out."""
    kitchen.simple_bakery()
    lot = lot_of(kitchen, "Flour")
    page = f"/lots/{lot}/send-back"
    assert page in baker.get(f"/lots/{lot}").text
    assert submit(baker, page, page, quantity="99", unit="kg", credit="", reason="weevils").status_code == 409
    assert submit(baker, page, page, quantity="1", unit="kg", credit="1.50", reason="weevils").is_redirect
    assert submit(baker, page, page, quantity="1", unit="kg", credit="", reason="").is_redirect
    kept = kitchen.rows("SELECT quantity_micros, credit_micros FROM adjustment ORDER BY id")
    assert [tuple(row) for row in kept] == [(-1_000_000_000, 1_500_000), (-1_000_000_000, None)]


def test_a_wrong_time_zone_is_corrected_once_it_was_seen_what_moves(kitchen: Kitchen, web: Web) -> None:
    """The first press only shows it; the second records it, with the reason."""
    kitchen.simple_bakery()
    owner = web.signed_in(Role.OWNER)
    page = "/settings/correct"
    fields = {"currency": "EUR", "time_zone": "Europe/Berlin", "reason": "set up wrong"}
    seen = submit(owner, page, page, **fields)
    assert (seen.status_code, "would move to another day" in seen.text, "Correct it" in seen.text) == (200, True, True)
    assert operations(kitchen, "record_bakery_correction") == 0
    assert submit(owner, page, page, **{**fields, "time_zone": "Mars"}).status_code == 422
    assert submit(owner, page, page, **fields, seen="yes").is_redirect
    assert [tuple(row) for row in kitchen.rows("SELECT currency, time_zone FROM bakery")] == [("EUR", "Europe/Berlin")]


def test_an_item_and_a_supplier_are_changed_and_archived_in_a_form(kitchen: Kitchen, baker: TestClient) -> None:
    """The form shows what is on file; what is archived leaves the choices and has a list of its own."""
    kitchen.simple_bakery()
    flour = kitchen.ids["Flour"]
    page = f"/edit/item/{flour}"
    assert page in baker.get(f"/stock/{flour}").text
    fields = {"name": "Wheat flour", "pick_policy": "fifo", "shelf_life_days": "90", "description": ""}
    assert submit(baker, page, page, **{**fields, "shelf_life_days": "soon"}).status_code == 422
    assert submit(baker, page, page, **fields).is_redirect
    assert 'value="90"' in baker.get(page).text
    assert submit(baker, page, page, **fields, archived="yes").is_redirect
    assert "no longer offered" in baker.get(f"/stock/{flour}").text
    assert "Wheat flour" in baker.get("/archived").text
    assert "Wheat flour" not in baker.get("/receive").text
    mill = run_in_transaction(lambda session: record_supplier("Mill", session=session))["supplier_id"]
    page = f"/edit/supplier/{mill}"
    assert page in baker.get("/suppliers").text
    assert submit(baker, page, page, name="Old mill", details="Mill lane 3").is_redirect
    assert "Mill lane 3" in baker.get(page).text
    assert baker.get("/edit/supplier/999").status_code == 404

"""The pages that say what was done, where it came from and where it went, now and as it was."""

from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient

from bake_tracker.clock import uuid7
from bake_tracker.domain.access import Role
from bake_tracker.entrypoints.http.access import CSRF_FIELD
from bake_tracker.entrypoints.web.stock import as_of
from bake_tracker.services import reversal
from bake_tracker.services.catalog.allergens import record_allergens
from bake_tracker.services.catalog.things import record_bakery
from bake_tracker.services.database import run_in_transaction
from bake_tracker.services.stock.adjustment import record_adjustment
from support.kitchen import Kitchen
from support.log.makers import an_id, line, write
from support.web import Web, csrf_of, statements

pytestmark = pytest.mark.one_database


@pytest.fixture
def web(database_url: str) -> Web:
    """The application, with three people."""
    return Web().let_in()


def _send(client: TestClient, page: str, path: str, **values: str) -> httpx2.Response:
    """Fill in one form of a page that has several."""
    return client.post(path, data={CSRF_FIELD: csrf_of(client.get(page)), **values})


def test_an_operation_says_what_was_done_and_why_of_these_lots(kitchen: Kitchen, web: Web) -> None:
    """It uses plain words and shows the lots and their cost; only those who may record see Undo."""
    kitchen.simple_bakery()
    done = kitchen.produce("Cookies", "Cookie", 1, 24)
    path = f"/operations/{done['operation_id']}"
    page = web.browser(Role.VIEWER).get(path)
    assert page.status_code == 200
    for text in ("<h1>Baked</h1>", "What it changed on the shelf", done["lot_code"], "(FEFO)", "What was entered"):
        assert text in page.text
    assert "Undo" not in page.text
    assert "Undo" in web.browser(Role.BAKER).get(path).text
    assert web.browser(Role.VIEWER).get("/operations/nonsense").status_code == 404
    assert web.browser(Role.VIEWER).get(f"/operations/{uuid7()}").status_code == 404


def test_undo_is_one_operation_however_often_it_is_sent(kitchen: Kitchen, web: Web) -> None:
    """The next page says what was undone; the undone operation says so too, and no longer offers Undo."""
    kitchen.simple_bakery()
    done = kitchen.produce("Cookies", "Cookie", 1, 24)
    path, own = f"/operations/{done['operation_id']}", uuid7()
    baker = web.browser(Role.BAKER)
    first, second = (_send(baker, path, f"{path}/undo", operation_id=own, reason=" ") for _ in range(2))
    assert (first.status_code, first.headers["location"]) == (303, f"/operations/{own}?done=1")
    assert second.headers["location"] == first.headers["location"]
    told = baker.get(first.headers["location"]).text
    assert "It undid" in told
    assert "recorded by mistake" in told
    again = baker.get(path).text
    assert "<strong>Undone:</strong> recorded by mistake" in again
    assert 'action="' + path not in again
    refused = _send(baker, path, f"{path}/undo", operation_id=uuid7(), reason="again")
    assert refused.status_code == 409


def test_dependents_are_shown_and_undone_only_on_request(kitchen: Kitchen, web: Web) -> None:
    """The refusal shows the tree of later operations, with one button to undo them all."""
    kitchen.simple_bakery()
    receipt = kitchen.receive("Flour", 1, "kg", 2)
    kitchen.produce("Cookies", "Cookie", 1, 24)
    run_in_transaction(
        lambda session: record_adjustment(
            "waste", [{"lot_id": receipt["lot_id"], "quantity": 1}], session=session, reason="spilt"
        )
    )
    baker = web.browser(Role.BAKER)
    path = f"/operations/{receipt['operation_id']}"
    refused = _send(baker, path, f"{path}/undo", operation_id=uuid7(), reason="wrong shelf")
    assert refused.status_code == 409
    assert "later operations depend on it" in refused.text
    assert ">Adjusted the stock</a>" in refused.text
    assert 'value="wrong shelf"' in refused.text
    own = uuid7()
    done = _send(baker, path, f"{path}/undo", operation_id=own, reason="wrong shelf", cascade="true")
    assert done.headers["location"] == f"/operations/{own}?done=1"
    assert "Undone" in baker.get(path).text


def test_a_mistyped_yield_is_put_right(kitchen: Kitchen, web: Web) -> None:
    """The number is read in the user's language; invalid text is explained beside the field."""
    kitchen.simple_bakery()
    done = kitchen.produce("Cookies", "Cookie", 1, 24)
    path = f"/operations/{done['operation_id']}"
    baker = web.browser(Role.BAKER, {"Accept-Language": "de"})
    wrong = _send(baker, path, f"{path}/correct", operation_id=uuid7(), actual_yield="2o")
    assert (
        wrong.status_code,
        "is not a number; write it like 2,5 or 1.234,50" in wrong.text,
        'value="2o"' in wrong.text,
    ) == (
        422,
        True,
        True,
    )
    right = _send(baker, path, f"{path}/correct", operation_id=uuid7(), actual_yield="20,0", loss_reason="burnt")
    told = baker.get(right.headers["location"]).text
    assert "Corrected a run" in told
    assert "Undone" in baker.get(path).text


def test_a_baker_does_not_undo_what_the_owner_decided(kitchen: Kitchen, web: Web) -> None:
    """The settings stay as they were; the owner may undo them."""
    done = run_in_transaction(lambda session: record_bakery(name="Rye and Co", session=session))
    path = f"/operations/{done['operation_id']}"
    baker, owner = web.browser(Role.BAKER), web.browser(Role.OWNER)
    refused = _send(baker, path, f"{path}/undo", operation_id=uuid7())
    assert (refused.status_code, "nly an owner can undo settings" in refused.text) == (403, True)
    asked = {"reversed_operation_id": done["operation_id"], "reason": "by a program"}
    assert web.program(Role.BAKER).post("/api/v1/reversals", json=asked).json()["code"] == "forbidden"
    assert "Rye and Co" in baker.get("/").text
    assert _send(owner, path, f"{path}/undo", operation_id=uuid7()).status_code == 303
    assert "Rye and Co" not in owner.get("/").text


def test_an_operation_sends_as_many_statements_however_much_depends_on_it(kitchen: Kitchen, web: Web) -> None:
    """This holds for one draw and for many."""
    kitchen.simple_bakery()
    viewer = web.browser(Role.VIEWER)
    counts = []
    for _ in range(2):
        done = kitchen.produce("Cookies", "Cookie", 1, 24)
        with statements() as sent:
            assert viewer.get(f"/operations/{done['operation_id']}").status_code == 200
        counts.append(len(sent))
        for _ in range(3):
            kitchen.produce("Cookies", "Cookie", 1, 24)
    assert counts[0] == counts[1]
    assert counts[0] <= 20


def test_a_lot_is_followed_both_ways(kitchen: Kitchen, web: Web) -> None:
    """A picture of links and lists show the same: what it was made of, and where it went."""
    kitchen.simple_bakery()
    baked = kitchen.produce("Cookies", "Cookie", 1, 24)
    boxed = kitchen.assemble("Box", 2)
    viewer = web.browser(Role.VIEWER)
    page = viewer.get(f"/lots/{baked['lot_id']}").text
    picture, _, lists = page.partition('<div id="lists">')
    flour = 1
    for lot_id in (flour, boxed["lot_id"]):
        assert f'href="/lots/{lot_id}" tabindex="-1"' in picture
        assert f'href="/lots/{lot_id}">' in lists
    assert "500 g of Flour" in lists
    assert "12 of Cookie" in lists
    assert "The balance closes exactly" in page
    assert [viewer.get(path).status_code for path in ("/lots/999", "/lots/0", f"/lots/{10**30}")] == [404, 422, 422]


def test_a_lot_sends_as_many_statements_however_long_its_trace(kitchen: Kitchen, web: Web) -> None:
    """This holds for one production or many from one lot of flour, in the picture, the lists and the recall."""
    kitchen.simple_bakery()
    viewer = web.browser(Role.VIEWER)
    counts = []
    for _ in range(2):
        for _ in range(10):
            kitchen.produce("Cookies", "Cookie", 1, 24)
        for path in ("/lots/1", "/lots/1/recall"):
            with statements() as sent:
                page = viewer.get(path)
            counts.append((path, len(sent), page.status_code))
    assert counts[:2] == counts[2:]
    assert "and 12 more" in viewer.get("/lots/1").text
    assert "and 12 more" not in viewer.get("/lots/1?all=1").text


def test_a_recall_is_practised_then_done_then_undone(kitchen: Kitchen, web: Web) -> None:
    """The drill records nothing; the recall holds everything left; its files say the same."""
    kitchen.simple_bakery()
    baked = kitchen.produce("Cookies", "Cookie", 1, 24)
    baker = web.browser(Role.BAKER)
    drill = baker.get("/lots/1/recall").text
    assert "nothing is held and nothing is recorded" in drill
    assert "Recall: hold all of it" not in web.browser(Role.VIEWER).get("/lots/1/recall").text
    own = uuid7()
    done = _send(baker, "/lots/1/recall", "/lots/1/recall", operation_id=own, reason="glass in the flour")
    assert done.headers["location"] == f"/lots/1/recall?operation={own}"
    told = baker.get(done.headers["location"]).text
    assert "2 lots are now on hold" in told
    assert "On hold:" in baker.get(f"/lots/{baked['lot_id']}").text
    kinds = {"csv": b"\xef\xbb\xbfCritical", "xlsx": b"PK", "pdf": b"%PDF"}
    for kind, begins in kinds.items():
        file = baker.get(f"/lots/1/recall.{kind}?operation={own}")
        assert (file.status_code, file.content[: len(begins)]) == (200, begins)
        assert "recall-flour" in file.headers["content-disposition"]
    assert baker.get("/lots/2/recall", params={"operation": own}).status_code == 422
    assert baker.get("/lots/1/recall.exe").status_code == 422
    assert _send(baker, f"/operations/{own}", f"/operations/{own}/undo", operation_id=uuid7()).status_code == 303
    assert "On hold:" not in baker.get(f"/lots/{baked['lot_id']}").text


def test_a_recall_in_the_browser_takes_all_lots_of_the_code(kitchen: Kitchen, web: Web) -> None:
    """The drill names them, the files have them, and one lot alone can still be chosen."""
    kitchen.simple_bakery()
    first, second = (kitchen.receive("Flour", 1, "kg", 1, lot_code="M-7")["lot_id"] for _ in range(2))
    baker = web.browser(Role.BAKER)
    held = "SELECT id FROM lot WHERE on_hold ORDER BY id"
    assert "2 lots have this code" in baker.get(f"/lots/{second}/recall").text
    alone = f"/lots/{second}/recall?one=1"
    assert "have this code" not in baker.get(alone).text
    assert baker.get(f"/lots/{second}/recall.csv").text.count("M-7") > baker.get(
        f"/lots/{second}/recall.csv?one=1"
    ).text.count("M-7")
    own = uuid7()
    page = f"/lots/{second}/recall"
    assert _send(baker, alone, page, operation_id=own, one="1").status_code == 303
    assert [row.id for row in kitchen.rows(held)] == [second]
    assert "have this code" not in baker.get(f"{page}?operation={own}").text
    own = uuid7()
    assert _send(baker, page, page, operation_id=own).status_code == 303
    assert [row.id for row in kitchen.rows(held)] == [first, second]
    told = baker.get(f"{page}?operation={own}").text
    assert "1 lot is now on hold" in told
    assert "1 was on hold before" in told
    assert "2 lots have this code" in told
    assert baker.get(f"{page}.pdf?operation={own}").content.startswith(b"%PDF")


def test_a_label_is_shown_or_says_what_it_lacks(kitchen: Kitchen, web: Web) -> None:
    """The label is a PDF that the browser shows; nobody has to guess an allergen."""
    kitchen.simple_bakery()
    baked = kitchen.produce("Cookies", "Cookie", 1, 24)
    viewer, path = web.browser(Role.VIEWER), f"/lots/{baked['lot_id']}/label.pdf"
    lacking = viewer.get(path)
    assert (lacking.status_code, "flour" in lacking.text) == (409, True)
    for item in ("Flour", "Sugar"):
        contains = ["wheat"] if item == "Flour" else []
        run_in_transaction(
            lambda session, item=item, contains=contains: record_allergens(kitchen.ids[item], contains, session=session)
        )
    shown = viewer.get(path)
    assert (shown.status_code, shown.headers["content-type"], shown.content[:4]) == (200, "application/pdf", b"%PDF")
    assert shown.headers["content-disposition"].startswith("inline; filename=")
    assert viewer.get(f"{path}?height_mm=&best_before=&net=12+g&style=us").status_code == 200
    assert viewer.get(f"{path}?width_mm=2").status_code == 422
    assert viewer.get(f"{path}?best_before=2026-13-40").status_code == 422


# the stock as it was -------------------------------------------------------------------------------------------------


@pytest.fixture
def viewer(kitchen: Kitchen, web: Web) -> TestClient:
    """A viewer of a bakery that has baked once and thrown flour away."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24)
    return web.browser(Role.VIEWER)


def waste(kitchen: Kitchen) -> str:
    lines = [{"item_id": kitchen.ids["Flour"], "quantity": 300}]
    done = run_in_transaction(lambda s: record_adjustment("waste", lines, session=s, reason="moths"))
    return done["operation_id"]


def test_the_stock_before_an_operation_is_what_it_was(kitchen: Kitchen, viewer: TestClient) -> None:
    """This holds after it was undone, too; an operation that was never recorded is not found."""
    wasted = waste(kitchen)
    before = viewer.get(f"/as-of?before={wasted}").text
    assert "9.5 kg" in before
    assert f'href="/log/{wasted}"' in before
    assert "9.2 kg" in viewer.get("/as-of").text
    run_in_transaction(lambda s: reversal.record_reversal(wasted, "mistyped", session=s))
    assert "9.5 kg" in viewer.get("/as-of").text
    assert viewer.get(f"/as-of?before={wasted}&by=happened").status_code == 200
    assert viewer.get("/as-of?before=0190b7a1-0000-7000-8000-000000000001").status_code == 404


def test_an_item_shows_where_it_had_gone(kitchen: Kitchen, viewer: TestClient) -> None:
    """Its outflows are listed by kind, with who, why and a link to the operation; the rest is counted."""
    wasted, flour = waste(kitchen), kitchen.ids["Flour"]
    page = viewer.get(f"/as-of?item={flour}").text
    assert "Baked: 500 g in 1 change" in page
    assert "Thrown away: 300 g in 1 change" in page
    assert f'href="/operations/{wasted}"' in page
    assert "moths" in page
    then = viewer.get(f"/as-of?item={flour}&before={wasted}").text
    assert "Thrown away" not in then
    assert f'href="/as-of?item={flour}"' in viewer.get(f"/stock/{flour}").text
    assert "None was in stock." in viewer.get(f"/as-of?item={flour}&at=2026-01-01").text
    for _ in range(as_of.MOST):
        waste(kitchen)
    assert "And 1 more, none larger." in viewer.get(f"/as-of?item={flour}").text


def test_a_time_that_cannot_be_is_refused(viewer: TestClient) -> None:
    """The refusal says what to write; a future time and an unknown item are refused too."""
    html = {"accept": "text/html"}
    assert "is not a time" in viewer.get("/as-of?at=soon", headers=html).text
    assert "must not be in the future" in viewer.get("/as-of?at=2999-01-01", headers=html).text
    assert [viewer.get(f"/as-of?{query}").status_code for query in ("at=soon", "by=luck", "item=4711")] == [
        422,
        422,
        404,
    ]
    at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"
    assert f'value="{at[:-3]}' in viewer.get(f"/as-of?at={at}").text


def test_a_transaction_says_who_why_and_leads_to_the_stock_before_it(
    kitchen: Kitchen, viewer: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page shows what ``bake log tree`` shows; without a line, it says what may be the reason."""
    wasted = waste(kitchen)
    monkeypatch.setenv("BAKE_TRACKER_LOG_FILE", str(file := tmp_path / "told.log.jsonl"))
    write(file, [line(2)])
    assert "the server stopped before it wrote the line" in viewer.get(f"/log/{wasted}").text
    request = an_id(9)
    told = line(1, operation_id=wasted, actor="ada", request_id=request)
    undone = line(3, "rolled_back", actor="ada", request_id=request, rolled_back_because="the oven is cold")
    write(file, [told, undone])
    page = viewer.get(f"/log/{request}").text
    assert page.count(f'href="/log/{request}"') == 2
    assert page.count(f'href="/as-of?before={wasted}"') == 1
    assert "<strong>Because:</strong> the oven is cold" in page
    assert ", ada" in page

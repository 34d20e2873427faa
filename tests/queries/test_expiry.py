"""How long lots may be used: what they inherit, what a release allows, and what is recorded late."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bake_tracker.clock import now
from bake_tracker.domain.errors import (
    ConflictError,
    InsufficientComponentsError,
    InsufficientInventoryError,
    ValidationError,
)
from bake_tracker.domain.stock.lots import baked_expiry
from bake_tracker.queries.explain.passed_over import load_passed_over
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.production.bake_and_pack import record_bake_and_pack
from bake_tracker.services.stock.handling import record_release
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.shelf import Shelf

MAY = datetime(2026, 5, 10, 12, tzinfo=UTC)


def day(number: int) -> date:
    return date(2026, 5, number)


@pytest.fixture
def dairy(kitchen: Kitchen) -> Kitchen:
    """Milk makes cups of custard, and trays hold two cups; each test sets how long things keep."""
    kitchen.ingredient("Milk", "ml")
    kitchen.recipe("Custard", {"Milk": (1, "l")}, {"Cup": 4})
    kitchen.good("Tray", {"Cup": 2})
    return kitchen


def expiry_of(kitchen: Kitchen, made: Any) -> str:
    ((expires_on, usable_until),) = kitchen.rows(
        "SELECT expires_on, usable_until FROM lot WHERE id = :id", id=made["lot_id"]
    )
    assert expires_on == usable_until
    return str(expires_on)


@pytest.mark.parametrize(
    ("shelf_life", "contents", "expected"),
    [
        (None, [], None),
        (None, [None], None),
        (None, [day(20), None, day(15)], day(15)),
        (3, [day(20), day(11)], day(13)),
        (3, [], day(13)),
    ],
)
def test_baked_goods_keep_for_their_shelf_life_or_as_long_as_their_first_ingredient(
    shelf_life: int | None, contents: list[date | None], expected: date | None
) -> None:
    """Baking starts a shelf life of its own; without one, the product expires with its first ingredient."""
    assert baked_expiry(day(10), shelf_life, contents) == expected


def test_expiry_goes_from_the_ingredient_into_the_product_and_the_box(dairy: Kitchen) -> None:
    """The lots that were really used count, to any depth."""
    for code, number in (("SOON", 12), ("LATER", 20)):
        dairy.receive("Milk", 1, "l", 1, lot_code=code, received_on=day(1), expires_on=day(number))
    first = dairy.produce("Custard", "Cup", 1, 4, produced_at=MAY)
    second = dairy.produce("Custard", "Cup", 1, 4, produced_at=MAY)
    boxes = [dairy.assemble("Tray", 1, assembled_at=MAY) for _ in range(4)]
    assert [expiry_of(dairy, made) for made in (first, second)] == ["2026-05-12", "2026-05-20"]
    assert [expiry_of(dairy, made) for made in boxes] == ["2026-05-12"] * 2 + ["2026-05-20"] * 2


def test_an_expired_lot_is_used_only_after_a_release(dairy: Kitchen) -> None:
    """Before that no baking, packing or gift uses it; products made of it keep for as long as the release says."""
    shelf = Shelf(dairy)
    milk = dairy.receive("Milk", 1, "l", 1, received_on=day(1), expires_on=day(2))
    cups = dairy.receive("Cup", 4, "each", 1, received_on=day(1), expires_on=day(2))
    with pytest.raises(InsufficientInventoryError):
        dairy.produce("Custard", "Cup", 1, 4)
    with pytest.raises(InsufficientComponentsError):
        dairy.assemble("Tray", 1)
    with pytest.raises(ConflictError, match="expired"):
        shelf.adjust("gift", {"lot_id": cups["lot_id"], "quantity": 1})
    ids = [milk["lot_id"], cups["lot_id"]]
    until = now().date() + timedelta(days=30)
    run_in_transaction(lambda s: record_release(ids, "smelled and tasted", session=s, usable_until=until))
    assert expiry_of(dairy, dairy.assemble("Tray", 1)) == str(until)
    assert expiry_of(dairy, dairy.produce("Custard", "Cup", 1, 4)) == str(until)


LATE: dict[str, Callable[[Kitchen, datetime], Any]] = {
    "produced_at": lambda k, at: k.produce("Cookies", "Cookie", 1, 24, produced_at=at),
    "assembled_at": lambda k, at: k.assemble("Box", 1, assembled_at=at),
    "made_at": lambda k, at: run_in_transaction(
        lambda s: record_bake_and_pack(k.ids["Cookies"], k.ids["Cookie"], 1, 24, k.ids["Box"], 1, session=s, made_at=at)
    ),
    "happened_at": lambda k, at: Shelf(k).adjust("waste", {"item_id": k.ids["Flour"], "quantity": 1}, happened_at=at),
    "counted_at": lambda k, at: Shelf(k).count({"lot_id": Shelf(k).lot("flour").id, "counted": 9_000}, counted_at=at),
}


@pytest.mark.one_database
@pytest.mark.parametrize("field", LATE)
def test_nothing_is_recorded_in_the_future(kitchen: Kitchen, field: str) -> None:
    """A clock one minute ahead is tolerated; one hour is not, and would not get around an expiry date."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24)
    with pytest.raises(ValidationError, match=f"{field}: must not be in the future"):
        LATE[field](kitchen, now() + timedelta(hours=1))
    assert LATE[field](kitchen, now() + timedelta(minutes=1))["operation_id"]


@pytest.mark.one_database
@pytest.mark.parametrize("field", ["produced_at", "assembled_at", "happened_at", "counted_at"])
def test_the_line_says_when_something_was_recorded_late(
    kitchen: Kitchen, log: pytest.LogCaptureFixture, field: str
) -> None:
    """A line without that field was recorded as it happened."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24, produced_at=MAY)
    log.clear()
    LATE[field](kitchen, MAY)
    (told,) = [record for record in log.records if getattr(record, "outcome", "") == "success"]
    assert getattr(told, field) == "2026-05-10T12:00:00+00:00"
    log.clear()
    kitchen.produce("Cookies", "Cookie", 1, 24)
    (told,) = [record for record in log.records if getattr(record, "outcome", "") == "success"]
    assert not hasattr(told, "produced_at")


def test_a_late_record_is_judged_by_its_day(dairy: Kitchen) -> None:
    """A lot that was good then may be used; one that arrived later may not, and the refusal says so."""
    for code, came, expires in (("THEN", 1, 10), ("LATER", 11, 20)):
        dairy.receive("Milk", 1, "l", 1, lot_code=code, received_on=day(came), expires_on=day(expires))
    made = dairy.produce("Custard", "Cup", 1, 4, produced_at=MAY)
    assert [used["lot_code"] for used in made["consumptions"]] == ["THEN"]
    with pytest.raises(
        InsufficientInventoryError, match="0 ml available; 1000 ml arrived only after that day"
    ) as refused:
        dairy.produce("Custard", "Cup", 1, 4, produced_at=MAY)
    assert refused.value.shortages[0]["came_later"] == "1000"
    dairy.receive("Cup", 2, "each", 1, received_on=day(11), lot_code="BOUGHT")
    assert dairy.assemble("Tray", 2, assembled_at=MAY)["consumptions"][0]["lot_code"] == made["lot_code"]
    with pytest.raises(InsufficientComponentsError, match="2 arrived only after that day"):
        dairy.assemble("Tray", 1, assembled_at=MAY)


@pytest.mark.one_database
def test_the_command_line_records_late_too(kitchen: Kitchen, bake: CommandLine) -> None:
    """A production, an assembly and both at once are recorded, each on its own day; a time in the future is refused."""
    kitchen.simple_bakery()
    assert bake("produce", "cookies", "1", "--yield", "24", "--at", "2026-05-10T08:00").code == 0
    assert bake("assemble", "box", "1", "--at", "2026-05-10T09:00").code == 0
    both = ("produce", "cookies", "1", "--yield", "24", "--pack", "box", "--boxes", "2", "--at", "2026-05-11T08:00")
    assert bake(*both).code == 0
    codes = [row.code for row in kitchen.rows("SELECT code FROM lot WHERE is_made = true ORDER BY id")]
    made = [code for code in codes if "2026051" in code]
    assert made == ["cookie-20260510-1", "box-20260510-1", "cookie-20260511-2", "box-20260511-2"]
    assert bake("produce", "cookies", "1", "--yield", "24", "--at", "2025-12-31T08:00").code == 1
    told = bake("explain", "last").out
    assert "flour: 500 g needed, 0 g available; 500 g more would have been enough" in told
    assert "9000 g arrived only after that day" in told
    refused = bake("assemble", "box", "1", "--at", "2999-01-01T00:00")
    assert (refused.code, "must not be in the future" in " ".join(refused.err.split())) == (1, True)


@pytest.mark.one_database
def test_nothing_leaves_a_lot_before_it_arrived(dairy: Kitchen) -> None:
    """Neither its item nor its code gets around this; what is recorded as it happens may use everything on hand."""
    shelf = Shelf(dairy)
    milk = dairy.receive("Milk", 1, "l", 1, received_on=day(11))
    with pytest.raises(ConflictError, match="came in on 2026-05-11; choose that day or a later one"):
        shelf.adjust("waste", {"lot_id": milk["lot_id"], "quantity": 1}, happened_at=MAY)
    with pytest.raises(InsufficientInventoryError, match="1000 ml arrived only after that day"):
        shelf.adjust("waste", {"item_id": dairy.ids["Milk"], "quantity": 1}, happened_at=MAY)
    shelf.adjust("waste", {"lot_id": milk["lot_id"], "quantity": 1})


def test_passed_over_lots_are_shown_as_they_were_then(dairy: Kitchen) -> None:
    """The record decides: a lot had expired before its release, was usable after it, or came later."""
    lots = {
        code: dairy.receive("Milk", 1, "l", 1, lot_code=code, received_on=day(came), expires_on=expires)["lot_id"]
        for code, came, expires in (
            ("EXPIRED", 1, day(2)),
            ("RELEASED", 1, day(3)),
            ("USED", 1, day(4)),
            ("COMING", 11, day(20)),
        )
    }

    def release(code: str) -> None:
        run_in_transaction(lambda s: record_release([lots[code]], "tasted", session=s, usable_until=date(2999, 1, 1)))

    release("RELEASED")
    release("USED")
    run = dairy.produce("Custard", "Cup", 1, 4, produced_at=MAY)
    again = dairy.produce("Custard", "Cup", 1, 4, produced_at=MAY)
    release("EXPIRED")
    assert [made["consumptions"][0]["lot_code"] for made in (run, again)] == ["RELEASED", "USED"]
    with read_scope() as session:
        told = load_passed_over(session, [run["operation_id"]])[run["operation_id"], dairy.ids["Milk"]]
    assert [(one["lot_code"], one["state"], one["why"]) for one in told] == [
        ("EXPIRED", "expired", "expired 2026-05-02"),
        ("USED", "later", "later in the order: expires 2026-05-04"),
        ("COMING", "later", "later in the order: expires 2026-05-20"),
    ]

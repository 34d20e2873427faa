"""A count is a point in time: what is dated before it and recorded after it, and the running balance of a lot."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from bake_tracker.clock import now
from bake_tracker.domain.access import Role
from bake_tracker.domain.errors import (
    ConflictError,
    CountedSinceError,
    InsufficientInventoryError,
    ServiceError,
    ValidationError,
)
from bake_tracker.queries.verify.everything import verify_ledger
from bake_tracker.services.catalog.settings import record_bakery_correction
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.production.correction import record_production_correction
from bake_tracker.services.stock.handling import record_hold
from bake_tracker.services.stock.returns import record_return
from bake_tracker.testing import OperationLog
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.shelf import Shelf
from support.tampering import named_after, without_guards
from support.web import Web

pytest_plugins = ["bake_tracker.testing"]

TODAY = now().replace(hour=0, minute=0, second=0, microsecond=0)


def day(number: int, hour: int = 12) -> datetime:
    """A time in the last thirty days: ``day(0)`` is the first of them."""
    return TODAY - timedelta(days=30 - number) + timedelta(hours=hour)


@pytest.fixture
def shelf(kitchen: Kitchen) -> Shelf:
    """10 kg of flour of day 0 in lot F, counted on day 15: 9.8 kg."""
    kitchen.ingredient("Flour")
    kitchen.recipe("Buns", {"Flour": (200, "g")}, {"Bun": 2})
    kitchen.receive("Flour", 10, "kg", 10, received_on=day(0).date(), lot_code="F")
    return Shelf(kitchen)


@pytest.fixture
def counted(shelf: Shelf) -> dict[str, Any]:
    return shelf.count({"lot_id": shelf.lot("F").id, "counted": 9_800}, counted_at=day(15))


def waste(shelf: Shelf, grams: int, at: datetime | None, **more: Any) -> Any:
    return shelf.adjust("waste", {"lot_id": shelf.lot("F").id, "quantity": grams}, happened_at=at, **more)


def honest() -> bool:
    """No drift, and no note on a count or a day."""
    with read_scope() as session:
        found = verify_ledger(session)
    assert (found["drift"], found["notes"]) == ([], [])
    return True


def test_a_late_record_before_a_count_is_refused_and_names_it(shelf: Shelf, counted: Any) -> None:
    """A baking and waste ask alike, and the refusal has what the count found."""
    for late in (
        lambda: shelf.kitchen.produce("Buns", "Bun", 1, 2, produced_at=day(10)),
        lambda: waste(shelf, 100, day(10)),
        lambda: waste(shelf, 100, day(15)),
    ):
        with pytest.raises(CountedSinceError) as refused:
            late()
        assert (refused.value.code, refused.value.outcome) == ("counted_since", "conflict")
        assert refused.value.counts == [
            {
                "lot_id": shelf.lot("F").id,
                "lot_code": "F",
                "stocktake_id": counted["stocktake_id"],
                "counted_at": day(15).isoformat(),
                "counted": "9800",
                "unit": "g",
            }
        ]
    assert shelf.kitchen.stock("Flour") == 9_800
    assert honest()


def test_what_the_count_had_seen_leaves_the_counted_quantity(
    shelf: Shelf, counted: Any, operation_log: OperationLog
) -> None:
    """The opposite is posted at the count, at the same cost, as an adjustment inside the same operation."""
    done = shelf.kitchen.produce("Buns", "Bun", 1, 2, produced_at=day(10), count_saw="before")
    assert done["consumptions"][0]["cost"] == "0.20"
    assert (shelf.kitchen.stock("Flour"), shelf.lot("F").remaining_cost_micros) == (9_800, 9_800_000)
    (inside,) = operation_log.children(operation_log.one("record_batch_production", "success"))
    assert (inside.operation, inside.fields["kind"]) == ("record_adjustment", "stocktake")
    kept = shelf.kitchen.rows("SELECT kind, quantity_micros, happened_at FROM adjustment ORDER BY id")
    assert [(row.kind, row.quantity_micros) for row in kept] == [
        ("stocktake", -200_000_000),
        ("stocktake", 200_000_000),
    ]
    assert kept[0].happened_at == kept[1].happened_at
    assert honest()


def test_what_the_count_had_not_seen_is_taken_from_it(shelf: Shelf, counted: Any) -> None:
    """The change is posted alone, and undoing it asks nothing."""
    done = waste(shelf, 300, day(10), count_saw="after")
    assert shelf.kitchen.stock("Flour") == 9_500
    assert honest()
    shelf.reverse(done)
    assert shelf.kitchen.stock("Flour") == 9_800
    assert honest()


def test_the_record_is_undone_with_its_correction(shelf: Shelf, counted: Any) -> None:
    """Both are withdrawn, also if almost nothing of the lot is left now."""
    late = waste(shelf, 300, day(10), count_saw="before")
    waste(shelf, 9_700, None)
    shelf.reverse(late)
    assert shelf.kitchen.stock("Flour") == 100
    assert honest()


def test_undoing_the_count_undoes_its_corrections(shelf: Shelf, counted: Any) -> None:
    """10,000 g, 200 wasted late, a count of 9,800 that had seen it: without the count, 9,800 are left."""
    late = waste(shelf, 200, day(10), count_saw="before")
    assert shelf.kitchen.stock("Flour") == 9_800
    undone = shelf.reverse(counted)
    assert [one["reversed_operation"] for one in undone["also_reversed"]] == ["record_adjustment"]
    assert shelf.kitchen.stock("Flour") == 9_800
    assert honest()
    shelf.reverse(late)
    assert shelf.kitchen.stock("Flour") == 10_000
    assert honest()


@pytest.mark.one_database
def test_a_preview_asks_what_the_undo_will_ask(shelf: Shelf, bake: CommandLine) -> None:
    """The service, the API and a dry run list the count; after the count itself was undone they list nothing."""
    early = waste(shelf, 300, day(5), count_saw="after")
    count = shelf.count({"lot_id": shelf.lot("F").id, "counted": 9_500}, counted_at=day(15))
    api, body = Web().let_in().program(Role.BAKER), {"reversed_operation_id": early["operation_id"]}
    with pytest.raises(CountedSinceError) as refused:
        shelf.reverse(early)
    asked = api.post("/api/v1/reversals/check", json=body).json()
    assert (asked["can_reverse"], asked["counts"]) == (False, refused.value.counts)
    line = ("reverse", early["operation_id"], "--dry-run")
    seen = bake(*line)
    assert (seen.code, "was counted at" in seen.out, "--count-saw before" in seen.out) == (1, True, True)
    assert bake(*line, "--count-saw", "after").code == 0
    shelf.reverse(count)
    assert bake(*line).code == 0
    assert api.post("/api/v1/reversals/check", json=body).json().keys() & {"counts", "can_reverse"} == {"can_reverse"}


def test_undoing_something_older_than_the_count_is_asked_about(shelf: Shelf) -> None:
    """With ``before`` the counted quantity stays; with ``after`` there is more than was counted."""
    flour = shelf.lot("F").id
    for answer, left in (("before", 9_500), ("after", 9_800)):
        early = waste(shelf, 300, day(5), count_saw="after")
        count = shelf.count({"lot_id": flour, "counted": 9_500}, counted_at=day(15))
        with pytest.raises(CountedSinceError):
            shelf.reverse(early)
        shelf.reverse(early, count_saw=answer)
        assert shelf.kitchen.stock("Flour") == left
        assert honest()
        shelf.reverse(count)
        assert shelf.kitchen.stock("Flour") == 10_000
        assert honest()


def test_a_count_in_the_past_is_compared_with_what_the_ledger_held_then(shelf: Shelf) -> None:
    """All was sold since; a count that agrees with its day changes nothing."""
    waste(shelf, 10_000, day(20))
    line = {"lot_id": shelf.lot("F").id, "counted": 10_000}
    assert shelf.look(line, counted_at=day(10))["lots"][0]["difference"] == "0"
    assert shelf.look(line)["lots"][0]["difference"] == "10000"
    done = shelf.count(line, counted_at=day(10))
    assert (done["different_count"], shelf.kitchen.stock("Flour")) == (0, 0)
    with pytest.raises(ConflictError, match=rf"lot F would be 100 g short on {day(20):%Y-%m-%d}"):
        shelf.count({**line, "counted": 9_900}, counted_at=day(11))
    assert honest()


def test_an_earlier_count_is_asked_about_like_any_change(shelf: Shelf, counted: Any) -> None:
    """The later count found 9,800 g, so 50 g less on day 5 were found again, or were not there on day 15 either."""
    line = {"lot_id": shelf.lot("F").id, "counted": 9_950}
    with pytest.raises(CountedSinceError):
        shelf.count(line, counted_at=day(5))
    assert shelf.count({**line, "counted": 10_000}, counted_at=day(4))["different_count"] == 0
    shelf.count(line, counted_at=day(5), count_saw="before")
    assert shelf.kitchen.stock("Flour") == 9_800
    shelf.count({**line, "counted": 9_940}, counted_at=day(6), count_saw="after")
    assert shelf.kitchen.stock("Flour") == 9_790
    assert honest()


@pytest.mark.one_database
def test_a_second_count_of_the_same_moment_replaces_the_first_or_is_refused(shelf: Shelf, counted: Any) -> None:
    """Two results cannot both be right: the first one cannot have seen the second, only be followed by it."""
    line = {"lot_id": shelf.lot("F").id, "counted": 9_700}
    with pytest.raises(ConflictError, match=r"lot F was counted at .* already, with another result"):
        shelf.count(line, counted_at=day(15), count_saw="before")
    assert shelf.count({**line, "counted": 9_800}, counted_at=day(15), count_saw="before")["different_count"] == 0
    shelf.count(line, counted_at=day(15), count_saw="after")
    assert shelf.kitchen.stock("Flour") == 9_700
    assert honest()


def test_a_correction_asks_only_if_it_changes_what_was_counted(shelf: Shelf) -> None:
    """The flour is given back and taken again; the buns of the mistyped yield were counted."""
    made = shelf.kitchen.produce("Buns", "Bun", 1, 2, produced_at=day(10))
    shelf.count({"lot_id": shelf.lot("F").id, "counted": 9_700}, counted_at=day(15))

    def correct(target: Any, actual: int, **more: Any) -> Any:
        key = target["operation_id"]
        return run_in_transaction(lambda s: record_production_correction(key, actual, "typo", session=s, **more))

    again = correct(made, 3)
    assert shelf.kitchen.stock("Flour") == 9_700
    assert honest()
    shelf.count({"lot_id": again["production"]["lot_id"], "counted": 3}, counted_at=day(16))
    with pytest.raises(CountedSinceError):
        correct(again["production"], 4)
    correct(again["production"], 4, count_saw="after")
    assert shelf.kitchen.stock("Bun") == 4
    assert honest()


def test_undoing_a_correction_asks_about_a_lot_that_it_had_given_back(shelf: Shelf) -> None:
    """The bake that is recorded again takes another lot, because the counted one was used up meanwhile."""
    made = shelf.kitchen.produce("Buns", "Bun", 1, 2, produced_at=day(10))
    shelf.count({"lot_id": shelf.lot("F").id, "counted": 9_800}, counted_at=day(15))
    shelf.kitchen.receive("Flour", 5, "kg", 5, received_on=day(-1).date(), lot_code="E")
    key = made["operation_id"]
    again = run_in_transaction(lambda s: record_production_correction(key, 3, "typo", session=s, count_saw="after"))
    waste(shelf, 10_000, day(20))
    assert (shelf.lot("F").remaining_micros, shelf.lot("E").remaining_micros) == (0, 4_800_000_000)
    with pytest.raises(CountedSinceError):
        shelf.reverse(again)
    shelf.reverse(again, count_saw="after")
    assert (shelf.lot("F").remaining_micros, shelf.lot("E").remaining_micros) == (0, 4_800_000_000)
    assert honest()


def test_a_later_count_of_such_a_lot_stands_too(shelf: Shelf) -> None:
    """The buns of the first yield were counted twice; the earlier count gets them back, and the later one stays."""
    made = shelf.kitchen.produce("Buns", "Bun", 1, 2, produced_at=day(10))
    buns = made["lot_id"]
    shelf.count({"lot_id": buns, "counted": 2}, counted_at=day(15))
    key = made["operation_id"]
    again = run_in_transaction(lambda s: record_production_correction(key, 3, "typo", session=s, count_saw="after"))
    shelf.count({"lot_id": buns, "counted": 7}, counted_at=day(20))
    shelf.reverse(again, count_saw="before")
    held = shelf.kitchen.rows("SELECT remaining_micros FROM lot WHERE id = :lot", lot=buns)[0][0]
    assert held == 7_000_000
    assert honest()


def test_no_lot_is_below_zero_at_any_moment(shelf: Shelf) -> None:
    """8 kg left on day 12 and another 5 kg came on day 14: a late record before can take no more than was left."""
    waste(shelf, 9_000, day(12))
    shelf.adjust("correction", {"lot_id": shelf.lot("F").id, "quantity": 5_000}, reason="found", happened_at=day(14))
    assert shelf.kitchen.stock("Flour") == 6_000
    with pytest.raises(ConflictError, match=rf"would be 500 g short on {day(12):%Y-%m-%d}"):
        waste(shelf, 1_500, day(10))
    with pytest.raises(InsufficientInventoryError) as short:
        shelf.kitchen.produce("Buns", "Bun", 10, 20, produced_at=day(10))
    assert short.value.shortages[0]["available"] == "1000"
    waste(shelf, 1_000, day(10))
    assert shelf.kitchen.stock("Flour") == 5_000
    assert honest()


def test_a_lot_that_is_empty_now_is_taken_from_as_it_was(shelf: Shelf) -> None:
    """The count found nothing, because the baking that is recorded only now had used it up."""
    shelf.count({"lot_id": shelf.lot("F").id, "counted": 0}, counted_at=day(15))
    with pytest.raises(CountedSinceError):
        shelf.kitchen.produce("Buns", "Bun", 50, 100, produced_at=day(10))
    done = shelf.kitchen.produce("Buns", "Bun", 50, 100, produced_at=day(10), count_saw="before")
    assert [(one["quantity"], one["cost"]) for one in done["consumptions"]] == [("10000", "10.00")]
    assert shelf.kitchen.stock("Flour") == 0
    with pytest.raises(InsufficientInventoryError):
        shelf.kitchen.produce("Buns", "Bun", 1, 2, produced_at=day(11), count_saw="before")
    with pytest.raises(InsufficientInventoryError):
        shelf.kitchen.produce("Buns", "Bun", 1, 2, produced_at=day(11), count_saw="after")
    assert honest()


def test_a_late_record_takes_lots_as_they_were(shelf: Shelf) -> None:
    """A hold of today does not count, and neither does what came later on the same day's shelf."""
    run_in_transaction(lambda s: record_hold([shelf.lot("F").id], "smells today", session=s))
    late = shelf.kitchen.produce("Buns", "Bun", 1, 2, produced_at=day(10))
    assert late["consumptions"][0]["lot_code"] == "F"
    with pytest.raises(InsufficientInventoryError):
        shelf.kitchen.produce("Buns", "Bun", 1, 2)
    assert honest()


@pytest.mark.one_database
def test_a_lot_that_somebody_names_is_also_taken_as_it_was(shelf: Shelf) -> None:
    """Said to have been used, or sent back: neither today's hold nor the count that found nothing left refuses it."""
    flour = shelf.lot("F").id
    used = [{"lot_id": flour, "quantity": 200}]
    shelf.kitchen.produce("Buns", "Bun", 1, 2, produced_at=day(5), used=used)
    shelf.count({"lot_id": flour, "counted": 0}, counted_at=day(15))
    run_in_transaction(lambda s: record_hold([flour], "smells today", session=s))
    shelf.kitchen.produce("Buns", "Bun", 1, 2, produced_at=day(10), used=used, count_saw="before")
    sent = {"kind": "to_supplier", "happened_at": day(10), "count_saw": "before"}
    run_in_transaction(lambda s: record_return([{"lot_id": flour, "quantity": 300}], session=s, **sent))
    with pytest.raises(InsufficientInventoryError) as short:
        shelf.kitchen.produce("Buns", "Bun", 1, 2, produced_at=day(10), used=[{**used[0], "quantity": 9_301}])
    assert short.value.shortages[0]["available"] == "9300"
    assert shelf.kitchen.stock("Flour") == 0
    assert honest()


@pytest.mark.one_database
def test_goods_used_before_their_day_begins_in_a_corrected_time_zone_are_a_note(shelf: Shelf) -> None:
    """The day that they came in stays as it was told; in Los Angeles it begins after the baker used them in Tokyo."""
    run_in_transaction(lambda s: record_bakery_correction("moved", session=s, time_zone="Asia/Tokyo"))
    waste(shelf, 200, day(0, hour=-8))
    assert honest()
    run_in_transaction(lambda s: record_bakery_correction("never moved", session=s, time_zone="America/Los_Angeles"))
    with read_scope() as session:
        found = verify_ledger(session)
    assert (found["drift"], [note["what"] for note in found["notes"]]) == ([], ["lot below zero"])


@pytest.mark.one_database
def test_the_rest_of_a_run_is_taken_by_policy_as_it_was(shelf: Shelf) -> None:
    """Naming a lot of one item changes nothing for the others."""
    shelf.kitchen.ingredient("Sugar")
    shelf.kitchen.recipe("Sweet", {"Flour": (200, "g"), "Sugar": (100, "g")}, {"Sweet bun": 2})
    shelf.kitchen.receive("Sugar", 1, "kg", 1, received_on=day(0).date(), lot_code="S")
    shelf.count({"lot_id": shelf.lot("S").id, "counted": 0}, counted_at=day(15))
    used = [{"lot_id": shelf.lot("F").id, "quantity": 200}]
    shelf.kitchen.produce("Sweet", "Sweet bun", 1, 2, produced_at=day(10), used=used, count_saw="before")
    assert honest()


def test_a_part_split_off_after_the_count_has_no_count(shelf: Shelf, counted: Any) -> None:
    """A change dated after the count asks nothing either, and a later count replaces it."""
    assert waste(shelf, 1, day(16))["lots"][0]["quantity"] == "-1"
    assert waste(shelf, 1, None)["lots"][0]["quantity"] == "-1"
    shelf.count({"lot_id": shelf.lot("F").id, "counted": 9_000}, counted_at=day(20))
    with pytest.raises(CountedSinceError) as refused:
        waste(shelf, 1, day(1))
    assert [one["counted"] for one in refused.value.counts] == ["9000"]
    waste(shelf, 1, day(1), count_saw="before")
    assert shelf.kitchen.stock("Flour") == 8_999  # the gram of today was wasted after the count
    assert honest()


def test_a_lot_is_not_counted_before_it_came_in(shelf: Shelf) -> None:
    """What was received or made later was not there to be counted; the check says so, too."""
    shelf.kitchen.receive("Flour", 1, "kg", 1, received_on=day(5).date(), lot_code="LATER")
    shelf.kitchen.produce("Buns", "Bun", 1, 2, produced_at=day(6, 8))
    for code in ("LATER", "bun"):
        line = {"lot_id": shelf.lot(code).id, "counted": 1}
        for ask in (shelf.look, shelf.count):
            with pytest.raises(ConflictError, match=f"lot {code}.* was not there before"):
                ask(line, counted_at=day(4))
        assert shelf.count(line, counted_at=day(7))["counted_count"] == 1
    assert honest()


def test_a_count_of_the_future_is_refused_by_its_check_too(shelf: Shelf) -> None:
    """The check does not pass what cannot be recorded."""
    line = {"lot_id": shelf.lot("F").id, "counted": 9_000}
    for ask in (shelf.look, shelf.count):
        with pytest.raises(ValidationError, match="counted_at: must not be in the future"):
            ask(line, counted_at=now() + timedelta(days=2))


def test_a_late_return_is_kept_apart_from_its_own_time_on(shelf: Shelf) -> None:
    """A count of the rest after it finds no difference; one of the part finds what came back, on hold since then."""
    shelf.kitchen.produce("Buns", "Bun", 5, 10, produced_at=day(5))
    lot = shelf.lot("bun").id
    sale = shelf.adjust("sale", {"lot_id": lot, "quantity": 4}, happened_at=day(8))
    source = {"handed_over_by": sale["operation_id"], "happened_at": day(10)}
    back = [{"lot_id": lot, "quantity": 2}]
    shelf.count({"lot_id": lot, "counted": 6}, counted_at=day(12))
    done = run_in_transaction(lambda s: record_return(back, session=s, **source))
    run_in_transaction(lambda s: record_return([{**back[0], "quantity": 1}], session=s, put="waste", **source))
    part = done["lots"][0]["into_lot_id"]
    found = shelf.look({"lot_id": lot, "counted": 6}, {"lot_id": part, "counted": 2}, counted_at=day(11))
    assert found["different_count"] == 0
    with pytest.raises(ConflictError, match="is on hold"):
        shelf.adjust("sale", {"lot_id": part, "quantity": 2}, happened_at=day(11))
    assert honest()
    shelf.reverse(sale, cascade=True, count_saw="after")
    assert shelf.kitchen.stock("Bun") == 10
    assert honest()


def test_an_answer_is_part_of_the_call_only_if_it_was_given(shelf: Shelf, counted: Any) -> None:
    """The same id with another answer is another call."""
    key = "019b2c00-0000-7000-8000-000000000001"
    first = waste(shelf, 5, day(10), count_saw="before", operation_id=key)
    assert waste(shelf, 5, day(10), count_saw="before", operation_id=key) == first
    with pytest.raises(ConflictError, match="already used"):
        waste(shelf, 5, day(10), count_saw="after", operation_id=key)
    with pytest.raises(ServiceError, match="count_saw: must be one of before, after"):
        waste(shelf, 5, day(10), count_saw="during")
    said = shelf.kitchen.rows("SELECT arguments FROM operation WHERE name = 'record_stocktake'")[0].arguments
    assert "count_saw" not in said


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("what", "statement"),
    {
        "time of a movement": "UPDATE movement SET happened_at = '2026-01-01 00:00:00' WHERE id = 2",
        "correction of a count": "UPDATE count_answer SET quantity_micros = 1",
        "correction of an undone count": "INSERT INTO reversal (operation_id, reversed_operation_id, reason) "
        "SELECT operation_id, operation_id, 'x' FROM stocktake",
    }.items(),
)
def test_a_change_past_the_services_is_named(shelf: Shelf, counted: Any, what: str, statement: str) -> None:
    """Times and corrections are recalculated."""
    waste(shelf, 5, day(10), count_saw="before")
    assert what in named_after(statement)


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("what", "change"),
    {
        "lot at its count": "UPDATE stocktake_line SET counted_micros = counted_micros - 1",
        "lot below zero": "UPDATE movement SET happened_at = '2026-01-01 00:00:00' WHERE quantity_micros < 0",
    }.items(),
)
def test_what_older_data_break_is_a_note(shelf: Shelf, counted: Any, what: str, change: str) -> None:
    """It is named, and is no drift of its own."""
    with without_guards() as session:
        session.execute(text(change))
        assert what in {note["what"] for note in verify_ledger(session)["notes"]}


def test_goods_are_there_from_the_start_of_their_day(shelf: Shelf) -> None:
    """A receipt has a day and no hour, so a baking of that morning may use what was recorded at noon."""
    for number in (10, 30):
        shelf.kitchen.receive("Flour", 1, "kg", received_on=day(number).date())
    rows = shelf.kitchen.rows("SELECT happened_at FROM movement ORDER BY id DESC LIMIT 2")
    found = [datetime.fromisoformat(str(row.happened_at)).replace(tzinfo=UTC) for row in reversed(rows)]
    assert found == [day(10, 0), day(30, 0)]
    assert honest()

"""Yields far from the plan: services record them, the API warns, and pages and a terminal ask first."""

import re
from datetime import date
from typing import Any

import pytest

from bake_tracker.domain.access import Role
from bake_tracker.domain.stock.doubts import codes_in, questions_about, told_in
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.undoing import drift
from support.web import Web, submit

SOON, LATER = date(2027, 1, 5), date(2027, 2, 1)


@pytest.mark.parametrize(
    ("planned", "actual", "is_asked"),
    [(24, 12, False), (24, 36, False), (24, 24, False), (24, 11, True), (24, 37, True), (2, 2_000_000, True)],
)
def test_a_yield_above_one_and_a_half_times_or_under_half_of_the_plan_is_asked_about(
    planned: int, actual: int, is_asked: bool
) -> None:
    """The limits themselves are not."""
    told = [f"{actual:,} of {planned:,} planned came out"] if is_asked else []
    assert questions_about([(planned * 10**6, actual * 10**6, "each")]) == told


def body_of(kitchen: Kitchen, actual: int) -> dict[str, Any]:
    return {
        "recipe_id": kitchen.ids["Cookies"],
        "finished_unit_id": kitchen.ids["Cookie"],
        "num_batches": 1,
        "actual_yield": actual,
    }


@pytest.mark.one_database
def test_the_api_records_it_with_a_warning_or_refuses_it_if_strict(kitchen: Kitchen) -> None:
    """A refusal records nothing, and its key can be used again."""
    kitchen.simple_bakery()
    api = Web().let_in().program(Role.BAKER)
    key = {"Idempotency-Key": "019aa000-0000-7000-8000-000000000031"}
    refused = api.post("/api/v1/productions?strict=true", json=body_of(kitchen, 240), headers=key)
    assert (refused.status_code, refused.json()["code"]) == (422, "doubtful")
    assert refused.json()["warnings"] == ["yield_far_from_plan"]
    assert "240 of 24 planned came out" in refused.json()["detail"]
    assert kitchen.stock("Cookie") == 0
    done = api.post("/api/v1/productions", json=body_of(kitchen, 240), headers=key)
    assert (done.status_code, done.json()["warnings"]) == (201, ["yield_far_from_plan"])
    again = api.post("/api/v1/productions", json=body_of(kitchen, 240), headers=key)
    assert again.json() == done.json()
    usual = api.post("/api/v1/productions?strict=true", json=body_of(kitchen, 24))
    assert (usual.status_code, "warnings" in usual.json()) == (201, False)
    correction = {"corrected_operation_id": usual.json()["operation_id"], "actual_yield": 2, "reason": "mistyped"}
    assert api.post("/api/v1/production-corrections?strict=true", json=correction).status_code == 422
    corrected = api.post("/api/v1/production-corrections", json=correction).json()
    assert corrected["warnings"] == ["yield_far_from_plan"]
    assert kitchen.stock("Cookie") == 242


@pytest.mark.one_database
def test_a_terminal_asks_and_a_script_does_not(kitchen: Kitchen, bake: CommandLine) -> None:
    """Answering no records nothing; --yes skips the question, and a script gets a line to look at again."""
    kitchen.simple_bakery()
    line = ("produce", "cookies", "1", "--yield", "2000000")
    asked = bake.at_terminal("n\n")(*line)
    assert (asked.code, "2,000,000 of 24 planned came out." in asked.out, kitchen.stock("Cookie")) == (1, True, 0)
    assert bake.at_terminal("y\n")(*line).code == 0
    assert bake.at_terminal("")(*line, "--yes").code == 0
    told = bake.at_terminal("")(*line, "--json").json
    assert told["actual_yield"] == "2000000"
    assert bake.at_terminal("n\n")("correct", told["operation_id"], "--yield", "1", "--reason", "mistyped").code == 1
    usual = bake.at_terminal("")("produce", "cookies", "1", "--yield", "24")
    assert (usual.code, "Look again" in usual.out) == (0, False)
    assert "Look again: 1 of 24 planned came out" in bake("produce", "cookies", "1", "--yield", "1").out
    assert kitchen.stock("Cookie") == 6_000_025


@pytest.mark.one_database
def test_the_page_asks_and_records_what_was_confirmed(kitchen: Kitchen) -> None:
    """Another number is another question."""
    kitchen.simple_bakery()
    baker = Web().let_in().browser(Role.BAKER)
    sent = {"num_batches": "1", "scale_factor": "1", **{name: str(key) for name, key in body_of(kitchen, 9).items()}}
    asked = submit(baker, "/bake?recipe=cookies", "/bake", **sent)
    assert (asked.status_code, "9 of 24 planned came out" in asked.text) == (422, True)
    sure = re.findall(r'name="sure" value="([^"]+)"', asked.text)[0]
    other = submit(baker, "/bake?recipe=cookies", "/bake", **{**sent, "actual_yield": "8", "sure": sure})
    assert (other.status_code, kitchen.stock("Cookie")) == (422, 0)
    done = submit(baker, "/bake?recipe=cookies", "/bake", **sent, sure=sure)
    assert (done.status_code, kitchen.stock("Cookie")) == (303, 9)
    path = done.headers["location"].partition("?")[0]
    correct = f"{path.replace('http://testserver', '')}/correct"
    assert submit(baker, path, correct, actual_yield="2").status_code == 422
    assert kitchen.stock("Cookie") == 9


def test_a_best_before_that_comes_from_an_ingredient_is_said(kitchen: Kitchen) -> None:
    """This is only for a product without a shelf life; the answer has the day and the lot."""
    kitchen.simple_bakery()
    assert "best_before" not in kitchen.produce("Cookies", "Cookie", 1, 24)
    kitchen.ingredient("Milk", "ml")
    kitchen.receive("Milk", 2, "l", 2, expires_on=LATER)
    kitchen.receive("Milk", 1, "l", 1, expires_on=SOON, lot_code="M-7")
    kitchen.recipe("Buns", {"Milk": (100, "ml")}, {"Bun": 10})
    done = kitchen.produce("Buns", "Bun", 1, 10)
    assert codes_in(done) == ["best_before_from_ingredient"]
    (said,) = done["best_before"]
    assert (said["lot_code"], said["expires_on"], said["from_lot_code"]) == (done["lot_code"], "2027-01-05", "M-7")
    assert told_in(done) == [
        f"lot {done['lot_code']} is best before 2027-01-05 because its ingredient, lot M-7, expires then; state how "
        "long this product keeps, if you know it"
    ]
    kitchen.item("finished_unit", "Roll", "each", shelf_life_days=2)
    kitchen.recipe("Rolls", {"Milk": (100, "ml")}, {"Roll": 10})
    assert "best_before" not in kitchen.produce("Rolls", "Roll", 1, 10)
    assert "best_before" not in kitchen.produce("Buns", "Bun", 1, 0)
    assert drift() == []


@pytest.mark.one_database
def test_the_command_the_page_and_the_api_say_where_a_best_before_comes_from(
    kitchen: Kitchen, bake: CommandLine
) -> None:
    """Each says so in its answer."""
    kitchen.ingredient("Milk", "ml")
    kitchen.receive("Milk", 2, "l", 2, expires_on=LATER, lot_code="M-8")
    kitchen.recipe("Buns", {"Milk": (100, "ml")}, {"Bun": 10})
    told = bake("produce", "buns", "1", "--yield", "10").out
    assert "is best before 2027-02-01 because its ingredient, lot M-8, expires then" in told
    web = Web().let_in()
    body = {"recipe_id": kitchen.ids["Buns"], "finished_unit_id": kitchen.ids["Bun"], "num_batches": 1}
    done = web.program(Role.BAKER).post("/api/v1/productions", json={**body, "actual_yield": 10}).json()
    assert done["warnings"] == ["best_before_from_ingredient"]
    page = web.browser(Role.BAKER).get(f"/operations/{done['operation_id']}").text
    assert "because its ingredient, lot M-8, expires then" in page

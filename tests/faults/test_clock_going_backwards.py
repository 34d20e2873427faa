"""The clock goes back by seconds, an hour or a day: nothing is ordered by it, so nothing gets lost or mixed up."""

import datetime as standard
import json
import time
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from bake_tracker import clock
from bake_tracker.clock import now, uuid7
from bake_tracker.services.archive.stream import mark_restored
from bake_tracker.services.database import run_in_transaction
from support.command_line import CommandLine
from support.faults.under_fault import Before, assert_nothing_lost_or_doubled, lines, stocked_bakery
from support.faults.workers import EFFECTS, carry_out
from support.kitchen import Kitchen

STEPS_S = (5, 3600, 86_400)


@pytest.fixture
def set_back(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Set this process's clock back from the real time."""
    true_time, true_time_ns = time.time, time.time_ns

    def set_it(seconds: int) -> None:
        class Late(standard.datetime):
            @classmethod
            def now(cls, tz: standard.tzinfo | None = None) -> standard.datetime:
                return standard.datetime.now(tz) - timedelta(seconds=seconds)

        monkeypatch.setattr(clock, "datetime", Late)
        monkeypatch.setattr(time, "time", lambda: true_time() - seconds)
        monkeypatch.setattr(time, "time_ns", lambda: true_time_ns() - seconds * 10**9)

    return set_it


def test_operations_after_the_clock_went_back_are_recorded_replayed_and_logged(
    bake: CommandLine, set_back: Callable[[int], None]
) -> None:
    """Ids stay unique, a retry finds its operation, and the log agrees, though its lines are older than its first."""
    kitchen = stocked_bakery(bake)
    before, turns = Before.of(kitchen), []
    for seconds in (0, *STEPS_S):
        set_back(seconds)
        turns.append([(job, uuid7()) for job in EFFECTS])
        for _ in range(2):
            run_in_transaction(lambda session: carry_out(session, kitchen.ids, turns[-1]))
    stamps = [line["timestamp"] for line in lines(bake.log_file)]
    assert stamps != sorted(stamps)
    done = [key for turn in turns for _, key in turn]
    assert_nothing_lost_or_doubled(kitchen, bake, before, turns, done)
    compared = bake("log", "verify", "--json").json
    assert compared["operations_before_the_log"] == 0


@pytest.mark.parametrize("is_told_after", [True, False])
def test_a_missing_line_is_noticed_after_the_clock_went_back(
    bake: CommandLine, set_back: Callable[[int], None], is_told_after: bool
) -> None:
    """A wrong clock does not make an operation look older than the log."""
    kitchen = stocked_bakery(bake)
    set_back(3600)
    kitchen.receive("Flour", 1, "kg")
    lost = kitchen.receive("Flour", 2, "kg")["operation_id"]
    if is_told_after:
        kitchen.receive("Flour", 3, "kg")
    kept = [line for line in bake.log_file.read_text("utf-8").splitlines(keepends=True) if lost not in line]
    bake.log_file.write_text("".join(kept), "utf-8")
    found = bake("log", "verify", "--json")
    assert (found.code, [named["operation_id"] for named in found.json["missing"]]) == (1, [lost])
    assert bake("log", "verify", "--repair").code == 0


def test_a_line_missing_after_a_restore_is_noticed_whatever_the_clock_said(
    bake: CommandLine, set_back: Callable[[int], None]
) -> None:
    """Restored operations are known by their ids, not by the time they were recorded."""
    assert bake("supplier", "add", "Mill").code == 0
    run_in_transaction(lambda session: mark_restored(session, "elsewhere"))
    bake.log_file.write_text("", "utf-8")  # the lines of restored operations are elsewhere
    set_back(3600)
    assert [bake("supplier", "add", name).code for name in ("Farm", "Dairy")] == [0, 0]
    *told, last = bake.log_file.read_text("utf-8").splitlines(keepends=True)
    bake.log_file.write_text("".join(told), "utf-8")
    found = bake("log", "verify", "--json")
    assert (found.code, found.json["operations_restored"]) == (1, 1)
    assert [named["operation_id"] for named in found.json["missing"]] == [json.loads(last)["operation_id"]]


@pytest.mark.parametrize("policy", ["fefo", "fifo"])
def test_lots_are_taken_in_the_same_order_whatever_the_clock_said(
    kitchen: Kitchen, set_back: Callable[[int], None], policy: str
) -> None:
    """Lots are ordered by expiry or arrival date and then by the order of recording, never by the clock."""
    today = now().date()
    kitchen.ingredient("Milk", "ml", pick_policy=policy)
    kitchen.recipe("Cream", {"Milk": (100, "ml")}, {"Puff": 1})
    days = (("c", 3), ("a", 1), ("b", 1), ("d", 9))
    for code, day in days:
        set_back(3600 * (1 + day))
        kitchen.receive("Milk", 100, "ml", 1, lot_code=code, **a_day(policy, today, day))
    taken = [kitchen.produce("Cream", "Puff", 1, 1)["consumptions"][0]["lot_code"] for _ in days]
    assert taken == ["a", "b", "c", "d"]


def a_day(policy: str, today: date, day: int) -> dict[str, date]:
    """The date that this policy picks by, and the one that it ignores."""
    if policy == "fefo":
        return {"received_on": today - timedelta(days=day), "expires_on": today + timedelta(days=day)}
    return {"received_on": today + timedelta(days=day - 10), "expires_on": today + timedelta(days=30 - day)}

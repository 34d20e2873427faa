"""Entries of a calendar."""

from datetime import UTC, date, datetime
from typing import Any

from bake_tracker.domain.planning.diary import Entry, order_entry, task_entry

ORDER: dict[str, Any] = {
    "order_id": 7, "due_on": "2026-03-29", "due_time": "02:30", "state": "partly handed over", "recipient": "Ada",
    "event": "Wedding", "how": "pick-up", "place": None,
    "goods": [
        {"item_name": "Cookie", "quantity": "1", "unit": "each"},
        {"item_name": "Rye dough", "quantity": "2500", "unit": "g"},
    ],
}  # fmt: skip


def test_an_order_at_a_time_that_does_not_exist_moves_on() -> None:
    """On the day when the clock is put forward, 02:30 is 03:30; its customer and event are left out."""
    expected = Entry(
        "order-7",
        date(2026, 3, 29),
        datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        "Order 7: 1 Cookie, 2.5 kg Rye dough",
        ("pick-up", "partly handed over"),
    )
    assert order_entry(ORDER, "Europe/Berlin", with_names=False) == expected


def test_an_order_without_a_time_is_for_the_day() -> None:
    """With names it says for whom."""
    found = order_entry({**ORDER, "due_time": None}, "Europe/Berlin", with_names=True)
    assert (found.at, found.title.split(":")[0]) == (None, "Order 7 for Ada")
    assert found.notes == ("pick-up", "Wedding", "partly handed over")


def test_a_batch_says_what_it_gives() -> None:
    """A box says what it is."""
    gives = [{"item_name": "Cookie", "quantity": "24", "unit": "each"}]
    bake = {"what": "bake", "day": "2026-03-29", "slug": "cookies", "name": "Cookies", "batches": "1", "gives": gives}
    pack = {**bake, "what": "pack", "slug": "box", "name": "Box", "batches": "2"}
    assert (task_entry(bake).title, task_entry(bake).notes) == ("Bake 1 batch of Cookies", ("gives 24 Cookies",))
    assert (task_entry(pack).key, task_entry(pack).title) == ("pack-box-2026-03-29", "Pack 2 Boxes")

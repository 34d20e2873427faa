"""The pages of the plan: the days, why a line is in it, and the whole list of a day."""

from datetime import timedelta

import pytest

from bake_tracker.clock import now
from bake_tracker.domain.access import Role
from bake_tracker.services.database import run_in_transaction
from bake_tracker.services.orders.standing import record_standing_order
from support.kitchen import Kitchen
from support.shelf import OrderBook
from support.web import Web

pytestmark = pytest.mark.one_database


def test_the_plan_leads_from_a_line_to_the_order_it_is_for(kitchen: Kitchen) -> None:
    """What is short, late or to be bought is listed on its day; the page of a line explains its numbers."""
    book = OrderBook(kitchen)
    viewer = Web().let_in().browser(Role.VIEWER)
    assert "Nothing is to be made" in viewer.get("/plan").text
    day = now().date() + timedelta(days=2)
    order = book.order(book.line(book.box, 200), due_on=day)
    book.order(book.line(book.cookie, 1), due_on=day - timedelta(days=9))
    plan = viewer.get("/plan").text
    for said in ("Pack 197 Boxes", "Bake 50 batches of Cookies", "Short", "Buy by this day", "Late", "14:30"):
        assert said in plan
    assert f'href="/orders/{order["order_id"]}"' in plan
    why = viewer.get("/plan/lines/1")
    assert why.status_code == 200
    assert "1,182 for box" in why.text
    assert f'href="/orders/{order["order_id"]}"' in why.text
    check = viewer.get(f"/plan/days/{day}").text
    assert "The stock is too low for all of it." in check
    assert "25 kg" in check
    assert "Nothing is planned for this day." in viewer.get(f"/plan/days/{day + timedelta(days=90)}").text


def test_a_day_of_a_standing_order_leads_to_the_standing_orders(kitchen: Kitchen) -> None:
    """No order was taken for it yet, so it has no page of its own."""
    book = OrderBook(kitchen)
    lines, day = [book.line(book.box, 200)], now().date() + timedelta(days=2)
    run_in_transaction(lambda s: record_standing_order(lines, "FREQ=DAILY;INTERVAL=30", session=s, starts_on=day))
    viewer = Web().let_in().browser(Role.VIEWER)
    for page in ("/plan", "/plan/lines/1", f"/plan/days/{day}", f"/plan/days/{day}/sheet"):
        shown = viewer.get(page)
        assert (shown.status_code, "tanding order 1" in shown.text) == (200, True), page
    assert 'href="/standing-orders"' in viewer.get("/plan").text


def test_days_and_lines_that_make_no_sense_are_refused(kitchen: Kitchen) -> None:
    """The page says what is wrong."""
    kitchen.simple_bakery()
    viewer = Web().let_in().browser(Role.VIEWER)
    assert viewer.get("/plan?since=2026-12-04&until=2026-12-01").status_code == 422
    assert viewer.get("/plan/lines/7").status_code == 422
    assert viewer.get("/plan/days/soon").status_code == 422

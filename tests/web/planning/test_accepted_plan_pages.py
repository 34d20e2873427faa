"""The pages of an accepted plan: accept it as it is shown, and see what came of it."""

import pytest

from bake_tracker.clock import now
from bake_tracker.domain.access import Role
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.orders.order import record_order
from support.kitchen import Kitchen
from support.web import Web, submit

pytestmark = pytest.mark.one_database


def order_cookies(kitchen: Kitchen) -> None:
    with read_scope() as session:
        today = load_bakery(session).local_day(now())
    lines = [{"item_id": kitchen.ids["Cookie"], "quantity": 30}]
    run_in_transaction(lambda s: record_order(lines, session=s, due_on=today))


def test_a_baker_accepts_the_plan_and_sees_what_came_of_it(kitchen: Kitchen) -> None:
    """The page of the plan links to it and offers nothing more to accept; a viewer cannot accept."""
    kitchen.simple_bakery()
    web = Web().let_in()
    baker, viewer = web.browser(Role.BAKER), web.browser(Role.VIEWER)
    assert "Accept this plan" not in baker.get("/plan").text  # nothing is to be made
    order_cookies(kitchen)
    assert "Accept this plan" not in viewer.get("/plan").text
    shown = {name: web.program(Role.OWNER).get("/api/v1/plan").json()[name] for name in ("since", "until", "inputs")}
    assert "Accept this plan" in baker.get("/plan").text
    done = submit(baker, "/plan", "/plan", **shown)
    assert done.status_code == 303, done.text
    page = baker.get(done.headers["location"]).text
    assert [word in page for word in ("Planned", "Bake 2 batches of Cookies", "48", "Begun")] == [
        True,
        True,
        True,
        False,
    ]
    kitchen.produce("Cookies", "Cookie", 1, 24)
    assert "Begun" in baker.get(done.headers["location"]).text
    after = baker.get("/plan").text
    assert ("is accepted for" in after, "Accept this plan" in after) == (True, False)


def test_a_plan_that_changed_meanwhile_is_shown_anew(kitchen: Kitchen) -> None:
    """The refusal says what changed, above the plan as it is now."""
    kitchen.simple_bakery()
    web = Web().let_in()
    order_cookies(kitchen)
    baker = web.browser(Role.BAKER)
    shown = {name: web.program(Role.OWNER).get("/api/v1/plan").json()[name] for name in ("since", "until", "inputs")}
    order_cookies(kitchen)
    refused = submit(baker, "/plan", "/plan", **shown)
    assert refused.status_code == 409
    assert "no longer the one that was shown" in refused.text
    assert "Bake 3 batches of Cookies" in refused.text

"""The calendar that a phone subscribes to: its link, and what it gives away."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from bake_tracker.domain.access import Role
from support.kitchen import Kitchen
from support.shelf import OrderBook
from support.web import Web, submit

pytestmark = pytest.mark.one_database

IN_TWO_DAYS = datetime.now(UTC).date() + timedelta(days=2)


@pytest.fixture
def web(kitchen: Kitchen) -> Web:
    book = OrderBook(kitchen, boxes=3)
    book.order(
        book.line(book.box, 5), due_on=IN_TWO_DAYS, due_time=time(14, 30), place="Mill Lane 3; Bath", how="delivery"
    )
    return Web().let_in()


def link_of(web: Web, opens: str) -> str:
    """The path of a link that a viewer makes on a page, which shows it once."""
    made = submit(web.browser(Role.VIEWER), "/me", "/me/calendar", name="phone", opens=opens)
    assert made.status_code == 200, made.text
    shown = str(made.text).partition("http://testserver/calendar/")[2].partition("<")[0]
    return f"/calendar/{shown}"


def events_of(answer: Any) -> dict[str, Any]:
    """What a calendar program makes of it, by the first word of each title."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    found = Calendar.from_ical(answer.content).walk("VEVENT")
    return {str(event["summary"]).split()[0]: event for event in found}


def test_a_calendar_shows_what_is_due_and_what_to_make(web: Web) -> None:
    """The due time is an instant; read again, an entry keeps its UID. Names and places are there only if asked for."""
    plain, named = (events_of(web.client().get(link_of(web, one))) for one in ("calendar", "calendar_with_names"))
    assert {word: str(event["summary"]) for word, event in plain.items()} == {
        "Order": "Order 1: 5 Boxes",
        "Bake": "Bake 1 batch of Cookies",
        "Pack": "Pack 2 Boxes",
    }
    assert str(named["Order"]["summary"]) == "Order 1 for Ada: 5 Boxes"
    assert str(named["Order"]["description"]) == "delivery\nMill Lane 3; Bath"
    assert [str(plain["Order"][name]) for name in ("uid", "description")] == [str(named["Order"]["uid"]), "delivery"]
    assert plain["Order"]["dtstart"].dt == datetime.combine(IN_TWO_DAYS, time(14, 30), UTC)
    assert plain["Pack"]["dtstart"].dt == IN_TWO_DAYS


def test_a_link_opens_the_calendar_and_nothing_else(web: Web) -> None:
    """Neither does anything else open the calendar: no cookie, and no token of the API."""
    link = link_of(web, "calendar")
    token = link.removeprefix("/calendar/").removesuffix(".ics")
    till = web.program(Role.BAKER)
    of_till = till.headers["Authorization"].removeprefix("Bearer ")
    refused = [
        web.client(headers={"Authorization": f"Bearer {token}"}).get("/api/v1/items"),
        web.client(headers={"Authorization": f"Bearer {token}"}).get("/"),
        till.get(f"/calendar/{of_till}.ics"),
        web.browser(Role.OWNER).get("/calendar/unknown.ics"),
        web.client().post(link),
    ]
    assert [one.status_code for one in refused] == [401, 401, 401, 401, 405]
    assert all("location" not in one.headers for one in refused)


def test_a_revoked_link_shows_nothing(web: Web) -> None:
    """It ends alone, or with the account."""
    first, second = link_of(web, "calendar"), link_of(web, "calendar")
    viewer = web.browser(Role.VIEWER)
    assert submit(viewer, "/me", "/me/tokens/2/revoke").status_code == 303
    assert [web.client().get(one).status_code for one in (first, second)] == [200, 401]
    done = submit(
        web.browser(Role.OWNER), f"/people/{web.ids[Role.VIEWER]}", f"/people/{web.ids[Role.VIEWER]}", switch="off"
    )
    assert done.status_code == 303
    assert web.client().get(first).status_code == 401


def test_no_log_line_and_no_metric_holds_a_link(web: Web, log: pytest.LogCaptureFixture) -> None:
    """Not of a calendar that was read, and not of one that was refused."""
    link = link_of(web, "calendar_with_names")
    web.client().get(link)
    web.client(headers={"Accept": "text/html"}).get("/calendar/cal_unknown.ics")
    told = "\n".join(str(vars(record)) for record in log.records) + web.client().get("/metrics").text
    assert "request" in told
    assert [secret for secret in (link.split("/")[2], "cal_unknown") if secret.removesuffix(".ics") in told] == []


def test_a_link_says_what_it_shows(web: Web) -> None:
    """Without that choice none is made."""
    refused = submit(web.browser(Role.VIEWER), "/me", "/me/calendar", name="phone", opens="api")
    assert (refused.status_code, "must be chosen" in refused.text) == (422, True)

"""Days that people use for "no limit" work wherever a period is asked for, east and west of Greenwich."""

from datetime import date
from typing import Any

import pytest

from bake_tracker.domain.access import Role
from bake_tracker.entrypoints.web.report.reports import REPORTS
from bake_tracker.services.catalog import things
from bake_tracker.services.database import run_in_transaction
from bake_tracker.services.orders.order import record_order
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.web import Web
from support.writers import a_purchase

FIRST, LAST = "0001-01-01", "9999-12-31"
PERIODS = [
    {"since": FIRST, "until": LAST},
    {"since": LAST, "until": LAST},
    {"since": FIRST, "until": FIRST},
    {"since": LAST},
    {"until": FIRST},
]
COMMANDS = [
    ("report", "usage"),
    ("report", "waste"),
    ("report", "recipients"),
    ("report", "yield"),
    ("log", "find"),
    ("log", "stats"),
]


EAST, WEST = "Pacific/Kiritimati", "Etc/GMT+12"


def baked_in(time_zone: str) -> Kitchen:
    """A bakery that has baked once, in a time zone far from Greenwich."""
    kitchen = Kitchen()
    run_in_transaction(lambda session: things.record_bakery(time_zone=time_zone, session=session))
    kitchen._simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24)
    cookies = [{"item_id": kitchen.ids["Cookie"], "quantity": 6}]
    run_in_transaction(lambda session: record_order(cookies, session=session, due_on=date(2026, 12, 4)))
    run_in_transaction(lambda session: a_purchase(kitchen, session))
    return kitchen


def asked_by_period(web: Web) -> list[str]:
    """Every path of the API that takes a first or a last day."""
    described = web.client().get("/api/v1/openapi.json").json()
    found = [
        path
        for path, of_path in described["paths"].items()
        for operation in of_path.values()
        if {"since", "until"} & {one["name"] for one in operation.get("parameters", [])}
        and not path.startswith("/api/v1/plan")  # which reaches a year, because standing orders have no end
    ]
    assert len(found) >= 8
    return found


@pytest.mark.parametrize("time_zone", [EAST, WEST])
def test_the_api_takes_any_period(database_url: str, time_zone: str) -> None:
    """The widest one is the same as none."""
    kitchen = baked_in(time_zone)
    web = Web().let_in()
    owner = web.program(Role.OWNER)  # who alone may see errors
    for path in (one.replace("{item_id}", str(kitchen.ids["Flour"])) for one in asked_by_period(web)):
        asked = {"where": "outcome=success"} if path.endswith("/log/causes") else {}
        for period in PERIODS:
            assert owner.get(path, params={**asked, **period}).status_code == 200, f"{path} {period}"
        if "/log/" not in path:
            whole = owner.get(path).json()
            assert owner.get(path, params=PERIODS[0]).json() == whole
            assert owner.get(path, params={"since": LAST}).json() != whole or not whole


@pytest.mark.one_database
def test_the_pages_take_any_period(database_url: str) -> None:
    """The pages are the reports and the log."""
    baked_in(EAST)
    viewer = Web().let_in().browser(Role.VIEWER)
    for path in ("/log", *(f"/reports/{name}" for name in REPORTS)):
        for period in PERIODS:
            more = {"item": "flour"} if path.endswith("prices") else {}
            assert viewer.get(path, params={**period, **more}).status_code == 200, f"{path} {period}"


@pytest.mark.one_database
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_commands_take_any_period(bake: CommandLine, command: tuple[str, ...]) -> None:
    """The widest period is the same as none."""
    baked_in(EAST)

    def said(**period: Any) -> str:
        done = bake(*command, *(word for name, day in period.items() for word in (f"--{name}", day)))
        assert "Something went wrong" not in done.err
        assert done.code in (0, 1), done.err
        return done.out

    for period in PERIODS[1:]:
        if command[0] == "log" and period.get("since") == period.get("until"):
            continue  # from an instant to the same instant is no period
        said(**period)
    assert said(**PERIODS[0]) == said()

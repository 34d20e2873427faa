"""Standing orders: take one, leave days out, and take the orders of its days."""

from datetime import date
from typing import Annotated, Any

import typer

from bake_tracker.clock import now
from bake_tracker.domain.amounts import amount_of
from bake_tracker.domain.orders.rule import WEEKDAYS, Rule
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.lookup import find_optional
from bake_tracker.entrypoints.cli.options import OperationId
from bake_tracker.entrypoints.cli.orders.taking import Wanted, show_order_result, wanted_line
from bake_tracker.entrypoints.cli.state import answer, ask, counted, money, say, show_table, write
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.views.standing_order import StandingOrderRow, load_standing_orders
from bake_tracker.services.database import Session
from bake_tracker.services.orders.standing import (
    StandingDaysResult,
    StandingOrderResult,
    StandingOrderStopResult,
    record_standing_order,
    record_standing_order_day,
    record_standing_order_days,
    record_standing_order_stop,
)

Number = Annotated[int, typer.Argument(help="the standing order's number")]
NEXT_DAYS = 4


def add(
    what: Wanted,
    start: Annotated[Any, typer.Option(parser=parse.day, help="the first day, for example 2026-12-01")],
    on: Annotated[
        str | None, typer.Option(help="the days of the week, for example tue,fri; default: every day")
    ] = None,
    weeks: Annotated[int, typer.Option(min=1, max=52, help="every so many weeks, with --on")] = 1,
    until: Annotated[Any, typer.Option(parser=parse.day, help="the last day")] = None,
    at: Annotated[Any, typer.Option(parser=parse.clock, help="the time on each day, for example 07:30")] = None,
    to: Annotated[str | None, typer.Option(help="the customer: slug or id")] = None,
    how: Annotated[str, typer.Option(help="pick-up, delivery or counter")] = "pick-up",
    place: Annotated[str | None, typer.Option(help="where it is handed over")] = None,
    note: Annotated[str | None, typer.Option(help="free text")] = None,
    operation_id: OperationId = None,
) -> None:
    """Take a standing order. Its days become orders when you take them."""
    if weeks > 1 and not on:
        raise typer.BadParameter("--weeks needs --on, with the days of the week")
    rule = Rule("WEEKLY", weeks, _weekdays(on), until) if on else Rule("DAILY", until=until)

    def work(session: Session) -> StandingOrderResult:
        return record_standing_order(
            [wanted_line(session, text) for text in what],
            str(rule),
            session=session,
            starts_on=start,
            recipient_id=find_optional(session, "recipient", to),
            due_time=at,
            how=how,
            place=place,
            note=note,
            operation_id=operation_id,
        )

    answer(write(work), lambda done: _show(done, rule))


def stop(
    standing_order: Number,
    since: Annotated[Any, typer.Option("--from", parser=parse.day, help="the first day without it")],
    until: Annotated[Any, typer.Option(parser=parse.day, help="the last day without it; default: it ends")] = None,
    reason: Annotated[str | None, typer.Option(help="why")] = None,
    operation_id: OperationId = None,
) -> None:
    """Leave out a standing order on some days, or end it."""

    def work(session: Session) -> StandingOrderStopResult:
        return record_standing_order_stop(
            standing_order, since, session=session, until=until, reason=reason, operation_id=operation_id
        )

    answer(write(work), _show_stop)


def take(
    until: Annotated[Any, typer.Option(parser=parse.day, help="take the orders from today until this day")],
    operation_id: OperationId = None,
) -> None:
    """Take the orders of all standing orders until a day. Days that were taken before stay as they are."""
    done = write(lambda session: record_standing_order_days(until, session=session, operation_id=operation_id))
    answer(done, _show_taken)


def take_day(
    standing_order: Number,
    day: Annotated[Any, typer.Argument(parser=parse.day, help="a day of the standing order")],
    what: Annotated[
        list[str] | None, typer.Argument(help="other lines on this day, for example '60 cookie-box @12.50'")
    ] = None,
    operation_id: OperationId = None,
) -> None:
    """Take the order for one day of a standing order, with its lines or others."""
    done = write(
        lambda session: record_standing_order_day(
            standing_order,
            day,
            session=session,
            lines=[wanted_line(session, text) for text in what] if what else None,
            operation_id=operation_id,
        )
    )
    answer(done, lambda one: show_order_result(one, f"Took order {one['order_id']}, due {one['due_on']}"))


def list_standing() -> None:
    """List standing orders with their next days."""

    def work(session: Session) -> list[StandingOrderRow]:
        return load_standing_orders(session, load_bakery(session).local_day(now()))

    answer(ask(work), _show_rows)


def _weekdays(text: str) -> tuple[int, ...]:
    found = [one.strip()[:2].upper() for one in text.split(",")]
    if unknown := [one for one in found if one not in WEEKDAYS]:
        raise typer.BadParameter(f"cannot read the day {unknown[0]!r}; write them like mon,wed,sat")
    return tuple(sorted({WEEKDAYS.index(one) for one in found}))


def _show(done: StandingOrderResult, rule: Rule) -> None:
    say(f"Took standing order {done['standing_order_id']}: {rule.words}, from {done['starts_on']}")
    for one in done["lines"]:
        say(f"  {amount_of(one['quantity'], one['unit'], one['item_slug'])}")
    say(f"  operation {done['operation_id']}")


def _show_stop(done: StandingOrderStopResult) -> None:
    key = done["standing_order_id"]
    span = f"from {done['since']}" + (f" until {done['until']}" if done["until"] else " on")
    say(f"Standing order {key} is left out {span}" if done["until"] else f"Standing order {key} has ended: none {span}")
    for one in done["taken"]:
        say(f"  order {one['order_id']} for {one['day']} was taken already and stays")
    say(f"  operation {done['operation_id']}")


def _show_taken(done: StandingDaysResult) -> None:
    say(f"Took {counted(done['order_count'], 'order')} of standing orders until {done['until']}")
    for one in done["orders"]:
        say(f"  order {one['order_id']}, due {one['day']}, of standing order {one['standing_order_id']}")
    say(f"  operation {done['operation_id']}")


def _show_rows(rows: list[StandingOrderRow]) -> None:
    if not rows:
        say("There are no standing orders.")
        return
    show_table(
        {"no.": "right", "to": "left", "when": "left", "what": "left", "price": "right", "next": "left"},
        (
            [
                str(row["standing_order_id"]),
                row["recipient"] or "-",
                row["rule_in_words"],
                ", ".join(amount_of(one["quantity"], one["unit"], one["item_slug"]) for one in row["lines"]),
                "-" if row["total_price"] is None else money(row["total_price"]),
                ", ".join(_day(one["day"], one["order_id"]) for one in row["days"][:NEXT_DAYS]) or "-",
            ]
            for row in rows
        ),
    )


def _day(day: str, order_id: int | None) -> str:
    short = f"{date.fromisoformat(day):%m-%d}"
    return short if order_id is None else f"{short} (order {order_id})"

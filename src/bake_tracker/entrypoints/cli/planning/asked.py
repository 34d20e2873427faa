"""Show the plan, why a line is in it, and whether a day's whole list is possible."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

import typer

from bake_tracker.clock import now
from bake_tracker.domain.amounts import amount, amount_of
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.planning.words import for_whom, of_item, order_words, task_words
from bake_tracker.entrypoints.cli.remedies import in_words
from bake_tracker.entrypoints.cli.state import answer, ask, money, say, show_table
from bake_tracker.queries.planning.day import DayCheck, load_day_check
from bake_tracker.queries.planning.reasons import PlanReasons, TakenFrom, WantedThere, load_plan_reasons
from bake_tracker.queries.planning.week import PlanView, ToBuy, load_plan

From = Annotated[Any, typer.Option("--from", parser=parse.day, help="the first day; today if left out")]
To = Annotated[Any, typer.Option("--to", parser=parse.day, help="the last day; seven days in all if left out")]


def plan(
    since: From = None,
    until: To = None,
    why: Annotated[int | None, typer.Option(help="only the line with this number, and why it is in the plan")] = None,
) -> None:
    """Plan what to make and buy for orders and par levels. It records nothing."""
    if why is not None:
        answer(in_words(ask(lambda session: load_plan_reasons(session, why, now(), since, until))), show_reasons)
    else:
        answer(in_words(ask(lambda session: load_plan(session, now(), since, until))), show_plan)


def check_day(
    day: Annotated[Any, typer.Argument(parser=parse.day, help="for example 2026-12-04")],
) -> None:
    """Check whether the stock allows everything planned for a day; exit 1 if it does not."""
    found = in_words(ask(lambda session: load_day_check(session, day, now())))
    answer(found, show_day)
    raise typer.Exit(0 if found["is_possible"] else 1)


def show_plan(plan: PlanView) -> None:
    say(f"Plan from {plan['since']} to {plan['until']}")
    for span in plan["accepted"]:
        days = f"{span['since']} to {span['until']}"
        say(f"Accepted for {days}: plan {span['plan_id']}. The lines below are worked out anew.")
    if not plan["lines"]:
        say("Nothing is to be made: the stock has all that is ordered or wanted on the shelf.")
    else:
        show_table(
            {"line": "right", "day": "left", "make": "left", "gives": "left", "for": "left"},
            (
                [
                    str(one["line"]),
                    one["day"],
                    task_words(one) + (" (late)" if one["is_late"] else ""),
                    ", ".join(map(of_item, one["gives"])) if one["what"] == "bake" else "",
                    for_whom(one["wanted_by"]),
                ]
                for one in plan["lines"]
            ),
        )
    for short in plan["short"]:
        there = f" ({amount(short['unusable'], short['unit'])} expired or on hold)" if short["unusable"] != "0" else ""
        why = {"buy": "", "make": "; nothing is planned that makes it", "keeps": "; what is made does not keep so long"}
        for_them = for_whom(short["wanted_by"])
        say(f"Short on {short['day']}: {of_item(short)}{there}{why[short['why']]}, for {for_them}")
    for one in plan["buy"]:
        if one["packs"]:
            say(f"Buy by {one['order_on']}: {purchase_words(one)}")
    if without := dict.fromkeys(one["item_slug"] for one in plan["buy"] if not one["packs"]):
        say(f"No package is on file of {', '.join(without)}; to have it in the plan, see: bake product add --help")
    for late in plan["late"]:
        say(f"Late: {of_item(late)} for {order_words(late)}")
    _show_problems(plan["problems"])


def show_reasons(why: PlanReasons) -> None:
    line = why["line"]
    late = ", which is late" if line["is_late"] else ""
    say(f"Line {line['line']}: {task_words(line)} on {line['day']}{late}")
    for product in why["products"]:
        name, unit = product["item_slug"], product["unit"]
        say(f"  wanted: {amount_of(product['wanted'], unit, name)}")
        _show_wanted(product["wanted_by"], 2)
        if product["from_stock"]:
            say(f"  of them {_sources(product['from_stock'], unit)}")
        loss = "" if why["good_percent"] == "100" else f", as {why['good_percent']} % were good lately"
        left = "" if product["left_over"] == "0" else f"; {amount(product['left_over'], unit)} left over"
        say(f"  this line gives {amount_of(product['quantity'], unit, name)}{loss}{left}")
    for taken in why["takes"]:
        missing = "" if taken["missing"] == "0" else f"; {amount(taken['missing'], taken['unit'])} missing"
        sources = f": {_sources(taken['taken_from'], taken['unit'])}" if taken["taken_from"] else ""
        say(f"  takes {of_item(taken)}{sources}{missing}")


def show_day(check: DayCheck) -> None:
    day = date.fromisoformat(check["day"])
    if not check["lines"] and not check["items"]:
        say(f"Nothing is planned for {day}.")
        return
    say(f"Yes: the stock allows all of {day}." if check["is_possible"] else f"No: the stock is too low for {day}.")
    for line in check["lines"]:
        say(f"  {line['line']}: {task_words(line)}, for {for_whom(line['wanted_by'])}")
    show_table(
        {
            "item": "left",
            "needed": "right",
            "from stock": "right",
            "made": "right",
            "missing": "right",
            "": "left",
            "for": "left",
        },
        (
            [
                one["item_slug"],
                one["quantity"],
                one["from_stock"],
                one["from_lines"],
                one["missing"],
                one["unit"],
                ", ".join(
                    [
                        *(f"line {number}" for number in one["lines"]),
                        *(f"order {number}" for number in one["orders"]),
                        *(f"standing order {number}" for number in one["standing_orders"]),
                        *(["the shelf"] if one["for_shelf"] else []),
                    ]
                ),
            ]
            for one in check["items"]
        ),
    )
    _show_problems(check["problems"])


def _show_problems(problems: Iterable[Any]) -> None:
    for one in problems:
        say(f"Cannot plan {one['name']}: {one['problem']}")


def _show_wanted(rows: Iterable[WantedThere], depth: int) -> None:
    for row in rows:
        quantity = amount(row["quantity"], row["unit"])
        if row["order"]:
            say(f"{'  ' * depth}{quantity} for {order_words(row['order'])}")
            continue
        number = "a line outside these days" if row["line"] is None else f"line {row['line']}"
        say(f"{'  ' * depth}{quantity} for {number} ({row['made_of_it']})")
        _show_wanted(row["because"], depth + 1)


def _sources(rows: Iterable[TakenFrom], unit: str) -> str:
    return ", ".join(f"{amount(row['quantity'], unit)} from {_source(row)}" for row in rows)


def _source(row: TakenFrom) -> str:
    if "purchase_order_id" in row:
        return f"purchase order {row['purchase_order_id']}"
    if row["lot_code"]:
        return f"lot {row['lot_code']}"
    return f"line {row['line']}" if row["line"] else "an earlier line"


def purchase_words(one: ToBuy) -> str:
    """``2 x 25 kg of flour (Type 550) from Valley Mill, 37.00, comes on 2026-12-04``."""
    packs = ", ".join(
        f"{pack['count']} x {amount_of(pack['holds'], one['unit'], one['item_slug'])} ({pack['name']})"
        for pack in one["packs"]
    )
    supplier = f" from {one['supplier']}" if one["supplier"] else ""
    cost = "" if one["cost"] is None else f", {money(one['cost'])}" + (" by the last price" * one["is_last_price"])
    comes = "" if one["arrives_on"] == one["order_on"] else f", comes on {one['arrives_on']}"
    late = ", too late" if one["is_late"] else ""
    left = "" if one["left_over"] == "0" else f"; {amount(one['left_over'], one['unit'])} left over"
    return f"{packs}{supplier}{cost}{comes}{late}{left}"

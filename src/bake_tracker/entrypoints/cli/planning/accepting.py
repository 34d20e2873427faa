"""Accept a plan, and compare an accepted one with what came of it."""

from typing import Annotated

import typer

from bake_tracker.clock import now
from bake_tracker.entrypoints.cli.asking import Yes, at_terminal, leave_unless
from bake_tracker.entrypoints.cli.options import OperationId
from bake_tracker.entrypoints.cli.planning.asked import From, To, show_plan
from bake_tracker.entrypoints.cli.planning.words import of_item, task_words
from bake_tracker.entrypoints.cli.state import answer, ask, say, show_table, write
from bake_tracker.queries.planning.accepted import AcceptedLine
from bake_tracker.queries.planning.actual import ActualProduct, PlanActual, load_plan_actual
from bake_tracker.queries.planning.week import load_plan
from bake_tracker.services.planning.plan import PlanResult, record_plan


def accept(
    since: From = None,
    until: To = None,
    seen: Annotated[
        str | None, typer.Option(help="the code of the plan you looked at: its inputs in plan --json")
    ] = None,
    yes: Yes = False,
    operation_id: OperationId = None,
) -> None:
    """Accept the plan of these days. It shows the plan and asks, unless you say which one you looked at."""
    if seen is None and operation_id is not None:
        raise typer.BadParameter("goes with --seen, so that a repeat is the same call", param_hint="--operation-id")
    code = _looked_at(since, until, is_sure=yes) if seen is None else seen
    answer(
        write(lambda session: record_plan(code, session=session, since=since, until=until, operation_id=operation_id)),
        _show_done,
    )


def actual(plan: Annotated[int, typer.Argument(help="the number of the accepted plan")]) -> None:
    """Compare an accepted plan with what was made, handed over and thrown away, and what is left to make."""
    answer(ask(lambda session: load_plan_actual(session, plan)), _show_actual)


def _looked_at(since: From, until: To, *, is_sure: bool) -> str:
    """The code of the plan as it is now, after somebody has looked at it and said yes."""
    plan = ask(lambda session: load_plan(session, now(), since, until))
    if not is_sure:
        if not at_terminal():
            raise typer.BadParameter("give the code of the plan you looked at, or --yes", param_hint="--seen")
        show_plan(plan)
        leave_unless("Accept this plan?")
    return plan["inputs"]


def _show_done(done: PlanResult) -> None:
    say(f"Accepted plan {done['plan_id']}, {done['since']} to {done['until']}")
    _show_lines(done["lines"])
    say(f"  operation {done['operation_id']}")


def _show_actual(plan: PlanActual) -> None:
    say(f"Plan {plan['plan_id']}, {plan['since']} to {plan['until']}")
    figures = ("planned", "made", "handed_over", "wasted", "left_to_make")
    show_table(
        {
            "line": "right",
            "day": "left",
            "make": "left",
            "state": "left",
            "of": "left",
            **{name.replace("_", " "): "right" for name in figures},
        },
        (
            [str(one["line"]), one["day"], task_words(one), one["state"], product["item_slug"]]
            + [_figure(product, name) for name in figures]
            for one in plan["lines"]
            for product in one["products"]
        ),
    )
    say(f"  operation {plan['operation_id']}")


def _figure(product: ActualProduct, name: str) -> str:
    unit = "" if product["unit"] == "each" else f" {product['unit']}"
    return f"{product[name]}{unit}"  # type: ignore[literal-required]


def _show_lines(lines: list[AcceptedLine]) -> None:
    show_table(
        {"line": "right", "day": "left", "make": "left", "gives": "left"},
        (
            [
                str(one["line"]),
                one["day"],
                task_words(one),
                ", ".join(map(of_item, one["gives"])) if one["what"] == "bake" else "",
            ]
            for one in lines
        ),
    )

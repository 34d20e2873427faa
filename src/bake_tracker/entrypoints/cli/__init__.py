"""The command line: one file of commands per feature, and here what joins them."""

import getpass
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

import typer

from bake_tracker.clock import uuid7
from bake_tracker.config import SettingsError, load_settings
from bake_tracker.domain.errors import ImportRefusedError, OutcomeUnknownError, ServiceError
from bake_tracker.entrypoints.cli.catalog import labels as labelling
from bake_tracker.entrypoints.cli.catalog import measures as measuring
from bake_tracker.entrypoints.cli.catalog import names as naming
from bake_tracker.entrypoints.cli.catalog import products
from bake_tracker.entrypoints.cli.catalog import things as catalog
from bake_tracker.entrypoints.cli.common import add, global_options
from bake_tracker.entrypoints.cli.explain import trace as tracing
from bake_tracker.entrypoints.cli.explain import why as explaining
from bake_tracker.entrypoints.cli.house import archive, bakery, users
from bake_tracker.entrypoints.cli.house import seal as sealing
from bake_tracker.entrypoints.cli.house import serve as serving
from bake_tracker.entrypoints.cli.house.demo import demo
from bake_tracker.entrypoints.cli.importing import export as exporting
from bake_tracker.entrypoints.cli.importing import recipe_page as paging
from bake_tracker.entrypoints.cli.importing import tables as importing
from bake_tracker.entrypoints.cli.log import lnav as log_lnav
from bake_tracker.entrypoints.cli.log import search as log_search
from bake_tracker.entrypoints.cli.log import tail as log_tail
from bake_tracker.entrypoints.cli.log import tree
from bake_tracker.entrypoints.cli.log import verify as log_verify
from bake_tracker.entrypoints.cli.production import reverse as reversing
from bake_tracker.entrypoints.cli.production import runs
from bake_tracker.entrypoints.cli.report import cost as costing
from bake_tracker.entrypoints.cli.report import stock as stock_reports
from bake_tracker.entrypoints.cli.report import usage
from bake_tracker.entrypoints.cli.state import NoBakeryError, NotShownError, complain, print_json, state
from bake_tracker.entrypoints.cli.stock import adjust as adjusting
from bake_tracker.entrypoints.cli.stock import can_make as possible
from bake_tracker.entrypoints.cli.stock import count as counting
from bake_tracker.entrypoints.cli.stock import deliver as delivering
from bake_tracker.entrypoints.cli.stock import hold as holding
from bake_tracker.entrypoints.cli.stock import receive as stock
from bake_tracker.log.exporting import exporting_where_asked
from bake_tracker.log.spans import accept_traceparent
from bake_tracker.log.tell import bound_log_context
from bake_tracker.log.values import error_text
from bake_tracker.services import get_service_logger, log_operation

EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_BROKEN = 3


GROUPS: dict[str, tuple[str, dict[str, Callable[..., None]]]] = {
    "item": (
        "Ingredients, materials, finished units and finished goods.",
        {"add": catalog.add_item, "list": catalog.list_items},
    ),
    "recipe": (
        "What a batch takes, and what it makes.",
        {"add": catalog.add_recipe, "yield": catalog.recipe_yield, "list": catalog.list_recipes},
    ),
    "good": ("What a box is made of.", {"add": catalog.add_good}),
    "product": ("What items are bought in.", {"add": products.add_product, "list": products.list_products}),
    "supplier": ("Who goods come from.", {"add": catalog.add_supplier}),
    "event": ("What is baked and packed for.", {"add": catalog.add_event}),
    "recipient": (
        "Who is given or sold what was made.",
        {"add": adjusting.add_recipient, "list": adjusting.list_recipients},
    ),
    "allergen": (
        "Which allergens things contain.",
        {"set": labelling.set_allergens, "list": labelling.list_allergens},
    ),
    "count": (
        "Count the shelf.",
        {"sheet": counting.sheet, "check": counting.check, "record": counting.record},
    ),
    "names": (
        "What others call our items.",
        {
            "list": naming.list_names,
            "add": naming.add_name,
            "forget": naming.forget_name,
            "guess": naming.guess_name,
        },
    ),
    "report": (
        "What is there, what came out, what left the shelf and why.",
        {
            "value": stock_reports.value,
            "yield": stock_reports.yields,
            "usage": usage.usage,
            "waste": usage.waste,
            "recipients": usage.recipients,
        },
    ),
    "check": (
        "Ask whether the stock suffices; nothing is changed.",
        {"produce": runs.check_produce, "assemble": runs.check_assemble},
    ),
    "user": (
        "Who may sign in.",
        {"add": users.add_user, "list": users.list_users, "change": users.change_user, "password": users.set_password},
    ),
    "token": (
        "What other programs sign in with.",
        {"add": users.add_token, "list": users.list_tokens, "revoke": users.revoke_token},
    ),
    "log": (
        "Read the log.",
        {
            "tree": tree.tree,
            "tail": log_tail.tail,
            "find": log_search.find,
            "stats": log_search.stats,
            "verify": log_verify.verify,
            "lnav": log_lnav.lnav,
        },
    ),
}
COMMANDS: tuple[Callable[..., None], ...] = (
    bakery.init,
    demo,
    stock.receive,
    delivering.deliver,
    stock.stock,
    possible.can_make,
    possible.expiring,
    adjusting.waste,
    adjusting.gift,
    adjusting.sample,
    adjusting.sell,
    adjusting.adjust,
    runs.produce,
    runs.assemble,
    runs.runs,
    runs.show,
    reversing.reverse,
    reversing.correct,
    holding.hold,
    holding.release,
    holding.transfer,
    labelling.label,
    labelling.declare,
    explaining.explain,
    tracing.trace,
    tracing.recall,
    bakery.verify,
    sealing.seal,
    exporting.export,
    exporting.template,
    archive.backup,
    archive.restore,
    archive.move,
    costing.prices,
    costing.cost,
    costing.rate,
    measuring.measure,
    measuring.measures,
    measuring.convert,
    measuring.density,
    serving.serve,
)


def make_app() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        name="bake",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="The production ledger of a small bakery.",
        epilog="Exit status: 0 done, 1 refused with the reason, 2 wrong usage, 3 something broke.",
    )
    app.callback()(global_options)
    for command in COMMANDS:
        add(app, command)
    add(app, importing.import_file, "import")
    add(app, paging.import_page, "import-page")
    for name, (text, commands) in GROUPS.items():
        group = typer.Typer(no_args_is_help=True, help=text)
        for command_name, group_command in commands.items():
            add(group, group_command, command_name)
        app.add_typer(group, name=name)
    return app


def main() -> None:
    """Run one command; refusals go to stderr with their reason, and nothing ends in a traceback."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  open as long as Python is
    # Until the log is set up nothing is printed by Python's handler of last resort.
    program = logging.getLogger("bake_tracker")
    if not program.handlers:
        program.addHandler(logging.NullHandler())
    if (number := _no_text(sys.argv[1:])) is not None:
        complain(
            f"Refused: argument {number} is no UTF-8 text: {sys.argv[number]!a}; write it, or name the file, in UTF-8"
        )
        sys.exit(EXIT_USAGE)
    try:
        with (
            bound_log_context(request_id=uuid7(), actor=_actor()),
            accept_traceparent(os.environ.get("TRACEPARENT")),
            exporting_where_asked(),
        ):
            _run()
    except SettingsError as error:
        complain(f"Wrong setting: {error}")
        sys.exit(EXIT_USAGE)


def _no_text(words: list[str]) -> int | None:
    """Which argument, counted from 1, is none that could be looked for, stored or told: bytes that are no UTF-8."""
    for number, word in enumerate(words, 1):
        try:
            word.encode()
        except UnicodeEncodeError:
            return number
    return None


def _run() -> None:
    try:
        make_app()(prog_name="bake")
    except ServiceError as error:
        _say_refusal(error)
        # Whether it was recorded is not known, and to do it again might do it twice: that is no refusal.
        sys.exit(EXIT_BROKEN if isinstance(error, OutcomeUnknownError) else EXIT_REFUSED)
    except NotShownError as error:
        # What is still buffered must not be tried again when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error.__cause__, BrokenPipeError):  # a reader that has seen enough is no fault
            complain(str(error))
            sys.exit(EXIT_BROKEN)
    except SettingsError:
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        complain("Whoever read this has left before it was done; bake runs and bake log tree say what was recorded.")
        sys.exit(EXIT_BROKEN)
    except Exception as error:
        _say_broken(error)
        sys.exit(EXIT_BROKEN)


def _actor() -> str:
    try:
        return load_settings().actor or getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"


def _say_refusal(error: ServiceError) -> None:
    if not hasattr(error, "bake_operation_id") and not isinstance(error, NoBakeryError):
        # Refused before any service was asked: by a slug that leads nowhere, or a file that cannot be read.
        _log(state.command, error.outcome, logging.WARNING, error)
    if state.as_json:
        report = {"report": error.report} if isinstance(error, ImportRefusedError) else {}
        print_json({"error": {"code": error.code, "message": str(error), **error.log_fields(), **report}})
        return
    if isinstance(error, ImportRefusedError):
        importing.show_report(error.report)
    said = "Not known" if isinstance(error, OutcomeUnknownError) else "Refused"
    complain(f"{said}: {_one_a_line(error)}")


def _one_a_line(error: ServiceError) -> str:
    """The error's text; of several problems each on a line of its own."""
    problems = getattr(error, "problems", [])
    if len(problems) < 2:
        return str(error)
    lines = [": ".join(filter(None, (problem.get("field"), problem["problem"]))) for problem in problems]
    return "\n  ".join([f"{len(lines)} things", *lines])


def _say_broken(error: Exception) -> None:
    operation_id = getattr(error, "bake_operation_id", None)
    if operation_id is None:
        _log(state.command, "error", logging.ERROR, error)
    story = (
        f"Nothing of it was recorded. The whole story: bake log tree {operation_id}"
        if operation_id
        else f"What became of it is in the log: {state.log_file}"
    )
    complain(f"Something broke: {error_text(error)}\n{story}")


def _log(operation: str, outcome: str, level: int, error: Exception) -> None:
    fields = error.log_fields() if isinstance(error, ServiceError) else {}
    log_operation(get_service_logger("cli"), operation, outcome, level=level, **fields, error=error_text(error))

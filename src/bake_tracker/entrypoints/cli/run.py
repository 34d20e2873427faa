"""Run one command: bind the actor, report refusals, and exit with the right status."""

import getpass
import logging
import os
import sys
from pathlib import Path

from bake_tracker.clock import uuid7
from bake_tracker.config import SettingsError, load_settings
from bake_tracker.domain.errors import ImportRefusedError, OutcomeUnknownError, ServiceError
from bake_tracker.entrypoints.cli.app import make_app
from bake_tracker.entrypoints.cli.remedies import in_words, told, told_by_line
from bake_tracker.entrypoints.cli.state import NoBakeryError, NotShownError, complain, print_json, state
from bake_tracker.log.exporting import exporting_where_asked
from bake_tracker.log.spans import accept_traceparent
from bake_tracker.log.tell import bound_log_context
from bake_tracker.log.values import error_text
from bake_tracker.services import get_service_logger, log_operation

EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_BROKEN = 3


def main() -> None:
    """Run one command; refusals go to stderr with their reason, and users never see a traceback."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  open as long as Python is
    # Until the log is set up, keep Python's handler of last resort from printing.
    program = logging.getLogger("bake_tracker")
    if not program.handlers:
        program.addHandler(logging.NullHandler())
    if (number := _no_text(sys.argv[1:])) is not None:
        complain(
            f"Refused: argument {number} is not UTF-8 text: {sys.argv[number]!a}; type it, or rename the file, in UTF-8"
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
    """The number of the first argument that is not UTF-8 text, counted from 1; None if all are."""
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
        # It may have been recorded, so this is not a refusal: repeating it could record it twice.
        sys.exit(EXIT_BROKEN if isinstance(error, OutcomeUnknownError) else EXIT_REFUSED)
    except NotShownError as error:
        # Keep Python from printing the rest of the buffer at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error.__cause__, BrokenPipeError):  # a reader that has seen enough is not a fault
            complain(str(error))
            sys.exit(EXIT_BROKEN)
    except SettingsError:
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        complain("The output was cut off. To see what was recorded, run: bake runs, or: bake log tree")
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
        # Refused before any service was called, for an unknown slug or an unreadable file.
        _log(state.command, error.outcome, logging.WARNING, error)
    if state.as_json:
        report = {"report": in_words(error.report)} if isinstance(error, ImportRefusedError) else {}
        print_json({"error": {"code": error.code, "message": told(error), **error.log_fields(), **report}})
        return
    if isinstance(error, ImportRefusedError):
        from bake_tracker.entrypoints.cli.importing.tables import show_report  # only imports need it

        show_report(in_words(error.report))
    said = "Outcome unknown" if isinstance(error, OutcomeUnknownError) else "Refused"
    complain(f"{said}: {told_by_line(error)}")


def _say_broken(error: Exception) -> None:
    operation_id = getattr(error, "bake_operation_id", None)
    if operation_id is None:
        _log(state.command, "error", logging.ERROR, error)
    story = (
        f"Nothing was recorded. For details, run: bake log tree {operation_id}"
        if operation_id
        else f"For details, see the log: {state.log_file}"
    )
    complain(f"Something went wrong: {error_text(error)}\n{story}")


def _log(operation: str, outcome: str, level: int, error: Exception) -> None:
    fields = error.log_fields() if isinstance(error, ServiceError) else {}
    log_operation(get_service_logger("cli"), operation, outcome, level=level, **fields, error=error_text(error))

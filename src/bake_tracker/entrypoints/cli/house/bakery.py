"""Set up a bakery, and verify it."""

import string
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from bake_tracker.entrypoints.cli.log import verify as log_verify
from bake_tracker.entrypoints.cli.state import answer, ask, err, say, state, write
from bake_tracker.log.files import LogUnreadableError, is_there, log_files
from bake_tracker.log.scan import total_bytes
from bake_tracker.queries.archive.rows import see_one_moment
from bake_tracker.queries.verify.everything import Told, verify_ledger
from bake_tracker.services.catalog.things import record_bakery
from bake_tracker.services.database import Session, prepare
from bake_tracker.services.reconcile.verification import verify_log


def init(
    name: Annotated[str | None, typer.Option()] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217, like EUR; fixed once there is stock")] = None,
    time_zone: Annotated[str | None, typer.Option(help="IANA, like Europe/Berlin; fixed once there is stock")] = None,
    label_policy: Annotated[
        str | None, typer.Option(help="of a run that differs from the label on file: warn, or refuse it")
    ] = None,
) -> None:
    """Create the database or bring it to this version, and name the bakery, its currency and its time zone."""
    prepare(state.url)
    result = write(
        lambda session: record_bakery(
            session=session, name=name, currency=currency, time_zone=time_zone, label_policy=label_policy
        )
    )
    answer(result, _show_house)


def _show_house(result: Any) -> None:
    say(f"{result['name']}: costs in {result['currency']}, days in {result['time_zone']}")
    if result["label_policy"] == "refuse":
        say("A run that differs from the label on file is refused.")


def _sha256(text: str) -> str:
    """A hash as ``bake seal`` prints it."""
    if len(text) != 64 or not set(text.lower()) <= set(string.hexdigits):
        raise typer.BadParameter("a seal's hash has 64 hexadecimal digits")
    return text.lower()


def verify(
    expect: Annotated[
        str | None, typer.Option(metavar="HASH", parser=_sha256, help="a seal's hash that was kept elsewhere")
    ] = None,
    log: Annotated[
        bool | None, typer.Option("--log/--no-log", help="hold the log to the database too; without it, if it is here")
    ] = None,
) -> None:
    """Recompute every quantity, cost, answer, trace and seal from the ledger; exit 1 when anything disagrees."""
    not_compared = _why_not_the_log(log)

    def work(session: Session) -> Any:
        see_one_moment(session)
        with _watching() as told:
            ledger = verify_ledger(session, expect=expect, told=told)
        compared = verify_log(session, state.log_file) if not_compared is None else None
        return {**ledger, "log": compared, "log_not_compared": not_compared}

    result = ask(work)
    answer(result, _show_all)
    is_clean = not result["drift"] and (result["log"] is None or result["log"]["clean"])
    raise typer.Exit(0 if is_clean else 1)


def _why_not_the_log(asked: bool | None) -> str | None:
    """Why the log is not held to the database, where nobody insists on it; None when it is."""
    if asked is not None:
        return None if asked else "--no-log leaves it out"
    try:
        for file in log_files(state.log_file):
            is_there(file)
    except LogUnreadableError as error:
        return str(error)
    return None if total_bytes(state.log_file) > 0 else f"there is none ({state.log_file})"


@contextmanager
def _watching() -> Iterator[Told]:
    """What is being compared, on stderr, where somebody looks at it."""
    columns = (TextColumn("Verifying {task.description}: {task.completed}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("lots", total=None)
        yield lambda what, done: bar.update(task, description=what, completed=done)


def _show_all(result: Any) -> None:
    show_verification(result)
    seals = result["seals"]
    if seals["seals"]:
        say(
            f"Sealed {seals['operations_sealed']} operations by {seals['seals']} seals, "
            f"{seals['operations_not_sealed']} not yet. Seal {seals['latest_seal']}: {seals['latest_sha256']}"
        )
    else:
        say(f"Sealed nothing: {seals['operations_not_sealed']} operations could be changed unseen (bake seal).")
    if seals["expected_seal"] is not None:
        say(f"The hash kept elsewhere is that of seal {seals['expected_seal']}.")
    if result["log"] is None:
        say(f"The log was not compared: {result['log_not_compared']}.")
    else:
        log_verify.show_verification(result["log"])


def show_verification(result: Any) -> None:
    for drift in result["drift"]:
        text = f"{drift['what']} {drift['id']}: the ledger says {drift['expected']}, found {drift['found']}"
        say(text, style="red")
    counted = ", ".join(f"{result[what]} {what}" for what in ("lots", "movements", "runs", "operations"))
    say(f"Verified {counted}: " + ("they do not agree." if result["drift"] else "they agree."))

"""Commands that set up a bakery and verify it."""

import string
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from bake_tracker.entrypoints.cli.log import verify as log_verify
from bake_tracker.entrypoints.cli.state import answer, ask, counted, err, say, state, write
from bake_tracker.log.files import LogUnreadableError, is_there, log_files
from bake_tracker.log.scan import total_bytes
from bake_tracker.queries.archive.rows import see_one_moment
from bake_tracker.queries.verify.everything import Told, verify_ledger
from bake_tracker.services.catalog.things import record_bakery
from bake_tracker.services.database import Session, prepare
from bake_tracker.services.reconcile.verification import verify_log


def init(
    name: Annotated[str | None, typer.Option(help="the bakery's name")] = None,
    currency: Annotated[
        str | None, typer.Option(help="for example EUR (ISO 4217); cannot be changed once there is stock")
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="for example Europe/Berlin; cannot be changed once there is stock")
    ] = None,
    label_policy: Annotated[
        str | None, typer.Option(help="what to do when a run differs from the label on file: warn or refuse")
    ] = None,
) -> None:
    """Create or upgrade the database, and set the bakery's name, currency and time zone."""
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
        say("Runs that differ from the label on file are refused.")


def _sha256(text: str) -> str:
    """Check that the text is a hash as ``bake seal`` prints it."""
    if len(text) != 64 or not set(text.lower()) <= set(string.hexdigits):
        raise typer.BadParameter(f"{text[:80]!r} is not the hash of a seal; it has 64 hexadecimal digits")
    return text.lower()


def verify(
    expect: Annotated[
        str | None, typer.Option(metavar="HASH", parser=_sha256, help="the hash of a seal that you kept elsewhere")
    ] = None,
    log: Annotated[
        bool | None,
        typer.Option("--log/--no-log", help="also compare the log with the database; default: if there is a log"),
    ] = None,
) -> None:
    """Recompute every quantity, cost, result, trace and seal from the ledger; exit 1 if anything differs."""
    not_compared = _why_not_the_log(log)

    def work(session: Session) -> Any:
        see_one_moment(session)
        with _watching() as told:
            ledger = verify_ledger(session, expect=expect, told=told)
        compared = verify_log(session, state.log_file) if not_compared is None else None
        return {**ledger, "log": compared, "log_not_compared": not_compared}

    result = ask(work, of_primary=True)
    answer(result, _show_all)
    is_clean = not result["drift"] and (result["log"] is None or result["log"]["clean"])
    raise typer.Exit(0 if is_clean else 1)


def _why_not_the_log(asked: bool | None) -> str | None:
    """Why the log is not compared with the database; None if it is."""
    if asked is not None:
        return None if asked else "--no-log was given"
    try:
        for file in log_files(state.log_file):
            is_there(file)
    except LogUnreadableError as error:
        return str(error)
    return None if total_bytes(state.log_file) > 0 else f"there is no log ({state.log_file})"


@contextmanager
def _watching() -> Iterator[Told]:
    """Show on stderr what is being compared, if it is a terminal."""
    columns = (TextColumn("Verifying {task.description}: {task.completed}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("lots", total=None)
        yield lambda what, done: bar.update(task, description=what, completed=done)


def _show_all(result: Any) -> None:
    show_verification(result)
    seals = result["seals"]
    if seals["seals"]:
        say(
            f"{counted(seals['seals'], 'seal')} for {counted(seals['operations_sealed'], 'operation')}, "
            f"{seals['operations_not_sealed']} not sealed yet. Seal {seals['latest_seal']}: {seals['latest_sha256']}"
        )
    else:
        exposed = counted(seals["operations_not_sealed"], "operation")
        say(f"No seals yet; {exposed} could be changed unnoticed. Run: bake seal")
    if seals["expected_seal"] is not None:
        say(f"The hash you kept elsewhere matches seal {seals['expected_seal']}.")
    if result["log"] is None:
        say(f"The log was not compared: {result['log_not_compared']}.")
    else:
        log_verify.show_verification(result["log"])


def show_verification(result: Any) -> None:
    for drift in result["drift"]:
        text = f"{drift['what']} {drift['id']}: expected {drift['expected']}, found {drift['found']}"
        say(text, style="red")
    for note in result["notes"]:
        say(f"Note: {note['what']} {note['id']}: expected {note['expected']}, found {note['found']}")
    if result["notes"]:
        say(
            "Notes are about the past: an earlier version allowed this, the computer's clock was set back, or the time "
            "zone was corrected."
        )
    sizes = ", ".join(counted(result[f"{what}s"], what) for what in ("lot", "movement", "run", "operation"))
    say(f"Verified {sizes}: " + ("they do not agree." if result["drift"] else "they agree."))

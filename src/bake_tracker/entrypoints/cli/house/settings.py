"""Correct a currency or time zone that was wrong from the beginning."""

from typing import Annotated, Any

import typer

from bake_tracker.entrypoints.cli.options import OperationId
from bake_tracker.entrypoints.cli.state import answer, ask, counted, say, write
from bake_tracker.services.catalog.settings import check_bakery_correction, record_bakery_correction


def correct_settings(
    currency: Annotated[str | None, typer.Option(help="the currency that all amounts are in, for example EUR")] = None,
    time_zone: Annotated[str | None, typer.Option(help="the right time zone, for example Europe/Berlin")] = None,
    reason: Annotated[str, typer.Option(help="what was wrong")] = "set up wrong",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only show what would move; record nothing")] = False,
    operation_id: OperationId = None,
) -> None:
    """Correct a currency or time zone that was wrong from the beginning. No amount and no moment changes."""
    if dry_run:
        checked: Any = ask(
            lambda session: check_bakery_correction(session=session, currency=currency, time_zone=time_zone)
        )
        answer(checked, _show)
        raise typer.Exit(0 if checked["can_correct"] else 1)
    done = write(
        lambda session: record_bakery_correction(
            reason, session=session, currency=currency, time_zone=time_zone, operation_id=operation_id
        )
    )
    answer(done, _show)


def _show(result: Any) -> None:
    for what, now, was in (("Costs", "currency", "was_currency"), ("Days", "time_zone", "was_time_zone")):
        was_it = f", not {result[was]}" if result[now] != result[was] else " as before"
        say(f"{what} are in {result[now]}{was_it}")
    lots, operations = counted(result["stored_days"], "lot"), counted(result["report_days"], "operation")
    would = "" if "operation_id" in result else "would "
    say(f"  {lots} made here and {operations} in reports {would}move to another day")
    say(f"  {counted(result['kept_days'], 'day')} of receipts, deliveries and measures {would}stay as recorded")
    if sealed := result.get("sealed_days"):
        say(f"A seal covers {counted(sealed, 'day')} that would no longer be right: this is refused", style="red")
    if "operation_id" in result:
        say(f"  operation {result['operation_id']}")

"""Set up a bakery, and verify it."""

from typing import Annotated, Any

import typer

from bake_tracker.entrypoints.cli.state import answer, ask, say, state, write
from bake_tracker.queries.verification import verify_ledger
from bake_tracker.services.catalog_service import record_bakery
from bake_tracker.services.database import prepare


def init(
    name: Annotated[str | None, typer.Option()] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217, like EUR; fixed once there is stock")] = None,
    time_zone: Annotated[str | None, typer.Option(help="IANA, like Europe/Berlin; fixed once there is stock")] = None,
) -> None:
    """Create the database or bring it to this version, and name the bakery, its currency and its time zone."""
    prepare(state.url)
    result = write(lambda session: record_bakery(session=session, name=name, currency=currency, time_zone=time_zone))
    answer(result, lambda r: say(f"{r['name']}: costs in {r['currency']}, days in {r['time_zone']}"))


def verify() -> None:
    """Recompute every quantity and cost from the ledger; exit 1 when anything disagrees."""
    result = ask(verify_ledger)
    answer(result, show_verification)
    raise typer.Exit(1 if result["drift"] else 0)


def show_verification(result: Any) -> None:
    for drift in result["drift"]:
        text = f"{drift['what']} {drift['id']}: the ledger says {drift['expected']}, found {drift['found']}"
        say(text, style="red")
    counted = ", ".join(f"{result[what]} {what}" for what in ("lots", "movements", "runs", "operations"))
    say(f"Verified {counted}: " + ("they do not agree." if result["drift"] else "they agree."))

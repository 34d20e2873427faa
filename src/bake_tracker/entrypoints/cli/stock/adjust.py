"""Commands for stock that leaves by hand, for corrections, and for the people who get goods."""

from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from typing import Annotated, Any

import typer

from bake_tracker.domain.amounts import amount
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.catalog.things import Slug, show_slugs
from bake_tracker.entrypoints.cli.lookup import find_goods, find_optional
from bake_tracker.entrypoints.cli.options import CountSawOption, OperationId
from bake_tracker.entrypoints.cli.orders.hand_over import handed_line, show_hand_over
from bake_tracker.entrypoints.cli.state import adding_up, answer, ask, money, say, write
from bake_tracker.queries.catalog.definitions import load_slugs
from bake_tracker.queries.catalog.parts import refuse_parts_in
from bake_tracker.queries.operations.recorded import is_recorded
from bake_tracker.services.catalog.things import record_recipient
from bake_tracker.services.database import Session
from bake_tracker.services.orders.hand_over import HandOverResult, record_hand_over
from bake_tracker.services.stock.adjustment import AdjustmentResult, record_adjustment

Lines = Annotated[list[str], typer.Argument(help="for example '200 g flour', or '200 g lot:CODE' for one lot")]
Signed = Annotated[
    list[str],
    typer.Argument(help="for example 'less 200 g lot:CODE' or 'more 1 kg lot:CODE'; less may also name an item"),
]
Reason = Annotated[str | None, typer.Option(help="the reason")]
To = Annotated[str | None, typer.Option(help="the customer: slug or id")]
ForEvent = Annotated[str | None, typer.Option(help="the event: slug or id")]
When = Annotated[
    Any, typer.Option(parser=parse.moment, help="when it happened, for example 2026-11-23T14:30; default: now")
]

_WORDS = {"gift": "a gift", "sample": "a sample", "sale": "a sale", "correction": "a correction"}


def waste(
    what: Lines,
    reason: Reason = None,
    spoiled: Annotated[bool, typer.Option("--spoiled", help="it spoiled, and was not dropped or burnt")] = False,
    event: ForEvent = None,
    at: When = None,
    count_saw: CountSawOption = None,
    operation_id: OperationId = None,
) -> None:
    """Record what was thrown away. Name an expired or held lot as lot:CODE."""
    kind = "spoilage" if spoiled else "waste"
    _record(kind, what, reason=reason, event=event, at=at, count_saw=count_saw, operation_id=operation_id)


def _giving(name: str, kind: str, does: str) -> Callable[..., None]:
    """A command for goods that somebody got."""

    def command(
        what: Lines,
        to: To = None,
        reason: Reason = None,
        event: ForEvent = None,
        at: When = None,
        count_saw: CountSawOption = None,
        operation_id: OperationId = None,
    ) -> None:
        _record(kind, what, to=to, reason=reason, event=event, at=at, count_saw=count_saw, operation_id=operation_id)

    command.__name__, command.__doc__ = name, does
    return command


gift = _giving("gift", "gift", "Record what was given away.")
sample = _giving("sample", "sample", "Record what was given as a sample.")


def sell(
    what: Annotated[
        list[str],
        typer.Argument(help="for example '2 cookie-box @12.50' with the price of one, or '2 lot:CODE' for one lot"),
    ],
    to: To = None,
    reason: Reason = None,
    event: ForEvent = None,
    at: When = None,
    count_saw: CountSawOption = None,
    operation_id: OperationId = None,
) -> None:
    """Record what was sold without an order, with its price if you give one."""
    if not any("@" in text for text in what):
        _record("sale", what, to=to, reason=reason, event=event, at=at, count_saw=count_saw, operation_id=operation_id)
        return

    def work(session: Session) -> HandOverResult:
        return record_hand_over(
            [handed_line(session, text) for text in what],
            session=session,
            recipient_id=find_optional(session, "recipient", to),
            event_id=find_optional(session, "event", event),
            happened_at=at,
            note=reason,
            count_saw=count_saw,
            operation_id=operation_id,
        )

    answer(write(work), show_hand_over)


def adjust(
    what: Signed,
    reason: Annotated[str, typer.Option(help="why the stock differs")],
    at: When = None,
    count_saw: CountSawOption = None,
    operation_id: OperationId = None,
) -> None:
    """Correct the quantity of a lot in the ledger."""
    _record("correction", what, reason=reason, at=at, count_saw=count_saw, operation_id=operation_id)


def add_recipient(
    name: str,
    household: Annotated[str | None, typer.Option(help="the household the customer belongs to")] = None,
    slug: Slug = None,
) -> None:
    """Add a customer."""
    result = write(lambda session: record_recipient(name, session=session, household=household, slug=slug))
    answer(result, lambda r: say(f"Added customer {r['slug']} (id {r['recipient_id']})"))


def list_recipients() -> None:
    """List customers by id and slug."""
    answer(ask(lambda session: load_slugs(session, "recipient", offered=True)), show_slugs)


def show_adjustment(result: AdjustmentResult) -> None:
    why = f" ({result['reason']})" if result["reason"] else ""
    say(f"Recorded {_WORDS.get(result['kind'], result['kind'])}{why}, cost {money(result['total_cost'])}")
    costs = adding_up([lot["cost"] for lot in result["lots"]], result["total_cost"])
    for lot, cost in zip(result["lots"], costs, strict=True):
        sign = "" if lot["quantity"].startswith("-") else "+"
        quantity = amount(lot["quantity"], lot["unit"])
        say(f"  {sign}{quantity} of lot {lot['lot_code']}, cost {cost}")
    say(f"  operation {result['operation_id']}")


def _record(
    kind: str,
    what: list[str],
    *,
    reason: str | None,
    at: datetime | None,
    count_saw: str | None,
    operation_id: str | None,
    to: str | None = None,
    event: str | None = None,
) -> None:
    amounts = [_signed_amount(text) if kind == "correction" else parse.amount_of(text) for text in what]

    def work(session: Session) -> AdjustmentResult:
        lines = [_line(session, *given) for given in amounts]
        if kind == "sale" and not is_recorded(session, operation_id):
            refuse_parts_in(session, lines, "quantity")
        return record_adjustment(
            kind,
            lines,
            session=session,
            reason=reason,
            recipient_id=find_optional(session, "recipient", to),
            event_id=find_optional(session, "event", event),
            happened_at=at,
            count_saw=count_saw,
            operation_id=operation_id,
        )

    answer(write(work), show_adjustment)


def _signed_amount(text: str) -> tuple[Fraction, str, str]:
    word, _, rest = text.strip().partition(" ")
    if word not in ("less", "more"):
        raise typer.BadParameter(f"{text!r} must begin with less or more; write it like 'less 200 g lot:CODE'")
    quantity, unit, name = parse.amount_of(rest)
    return -quantity if word == "less" else quantity, unit, name


def _line(session: Session, quantity: Fraction, unit: str, name: str) -> dict[str, Any]:
    return {**find_goods(session, name, unit), "quantity": quantity, "unit": unit or None}

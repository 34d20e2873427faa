"""Read what was really used: ``120 ml lot:LATER instead-of:cream because the cream was sour``."""

import re
from collections.abc import Sequence
from typing import Annotated

import typer

from bake_tracker.domain.stock.really_used import UsedInput
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.lookup import find, find_lot
from bake_tracker.services.database import Session

_FORM = re.compile(
    r"(?P<amount>.+?)\s+lot:\s*(?P<lot>.+?)(?:\s+instead-of:\s*(?P<item>\S+))?(?:\s+because\s+(?P<reason>.+))?",
    re.DOTALL,
)

ReallyUsed = Annotated[
    list[str] | None,
    typer.Option(
        "--used",
        help="a lot that was really used, for example '120 ml lot:LATER'; that item is then taken exactly as said. "
        "Add 'instead-of:cream because it was sour' if it replaced another item, or 'because ...' if it had expired. "
        "Repeat it for more lots",
    ),
]


def really_used(session: Session, texts: Sequence[str] | None) -> list[UsedInput] | None:
    """The entries of ``used`` that were typed; None without any."""
    return [_read(session, text) for text in texts] if texts else None


def _read(session: Session, text: str) -> UsedInput:
    form = _FORM.fullmatch(text.strip())
    if form is None:
        raise typer.BadParameter(
            f"cannot read {text!r}; write it like '120 ml lot:LATER' or '120 ml lot:LATER instead-of:cream because ...'"
        )
    quantity, unit = parse.amount(form["amount"])
    return {
        "lot_id": find_lot(session, form["lot"]),
        "quantity": quantity,
        "unit": unit,
        "instead_of": None if form["item"] is None else find(session, "item", form["item"]),
        "reason": form["reason"],
    }

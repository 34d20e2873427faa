"""Read what else came out: ``500 g scraps`` or ``500 g scraps share:1/4``."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated

import typer

from bake_tracker.domain.recipes.quantities import base_quantity
from bake_tracker.domain.stock.outputs import OutputInput
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.lookup import find
from bake_tracker.queries.catalog.definitions import load_item
from bake_tracker.services.database import Session

AlsoMade = Annotated[
    list[str] | None,
    typer.Option(
        "--also",
        help="another product of the same dough, and how much of it, for example '500 g scraps'; add 'share:1/4' if "
        "you know its share of the dough. Repeat it for more products",
    ),
]


def also_made(session: Session, texts: Sequence[str] | None) -> list[OutputInput] | None:
    """The entries of ``outputs`` that were typed; None without any."""
    return [_read(session, text) for text in texts] if texts else None


def _read(session: Session, text: str) -> OutputInput:
    amount, _, share = text.partition(" share:")
    quantity, unit, slug = parse.amount_of(amount)
    item = load_item(session, find(session, "finished_unit", slug))
    made = base_quantity(item, quantity, unit) if unit else Fraction(quantity)
    return {
        "finished_unit_id": item.item_id,
        "actual_yield": parse.exact_decimal(made),
        "share": parse.quantity(share) if share else None,
    }

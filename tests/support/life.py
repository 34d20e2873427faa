"""Random operations, and what the log says about them."""

import logging
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st
from sqlalchemy.orm import Session

from bake_tracker.clock import now
from bake_tracker.services import assembly_service, batch_production_service
from bake_tracker.services.stock import receipt
from support.kitchen import Kitchen

Call = Callable[[dict[str, int], Session], Any]


class Keep(logging.Handler):
    """Keep the outcome and the operation id of every line."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((record.__dict__["outcome"], record.__dict__["operation_id"]))

    def ids(self, outcome: str) -> list[str]:
        return [operation_id for told, operation_id in self.lines if told == outcome]


@st.composite
def any_call(draw: st.DrawFn) -> Call:
    """Any operation, with valid or invalid arguments, on enough stock or too little."""
    kind = draw(st.sampled_from(("receive", "receive", "produce", "produce", "assemble")))
    if kind == "receive":
        item = draw(st.sampled_from(("Flour", "Milk", "Carton")))
        quantity = draw(st.fractions(0, 50, max_denominator=12))
        unit = draw(st.sampled_from(("each",) if item == "Carton" else ("g", "kg", "cup", "tbsp", "each")))
        cost = draw(st.one_of(st.none(), st.decimals(0, 1000, places=3)))
        days = draw(st.one_of(st.none(), st.integers(-1, 30)))
        expires_on = None if days is None else now().date() + timedelta(days=days)
        return lambda ids, s: receipt.record_receipt(
            ids[item], quantity, unit, session=s, total_cost=cost, expires_on=expires_on
        )
    count = draw(st.integers(0, 4))
    if kind == "assemble":
        good = draw(st.sampled_from(("Box", "Hamper")))
        return lambda ids, s: assembly_service.record_assembly(ids[good], count, session=s)
    recipe, unit_name = draw(st.sampled_from((("Dough", "Bun"), ("Cream", "Puff"), ("Dough", "Puff"))))
    actual = draw(st.one_of(st.just(0), st.integers(0, 30), st.decimals(0, 30, places=2)))
    scale = draw(st.sampled_from((1, Decimal("0.5"), 0.1, Decimal(1) / 3)))
    return lambda ids, s: batch_production_service.record_batch_production(
        ids[recipe], ids[unit_name], count, actual, session=s, scale_factor=scale
    )


def stocked_kitchen() -> Kitchen:
    """Thirds of cups, a FIFO and a FEFO item, a sub-recipe, a box in a hamper, and a little of everything."""
    kitchen = Kitchen()
    kitchen.ingredient("Flour")
    kitchen.ingredient("Milk", "ml", pick_policy="fifo")
    kitchen.density("Flour", 1, "cup", Fraction(361, 3), "g")
    kitchen.item("material", "Carton", "each")
    kitchen.recipe("Dough", {"Flour": (Fraction(7, 3), "cup"), "Milk": (1, "tbsp")}, {"Bun": 12})
    kitchen.recipe("Cream", {"Dough": (Fraction(1, 2), "batch"), "Milk": (Fraction(2, 3), "cup")}, {"Puff": 9})
    kitchen.good("Box", {"Bun": 2, "Carton": 1}, shelf_life_days=3)
    kitchen.good("Hamper", {"Box": 1, "Puff": 3})
    kitchen.receive("Flour", 2, "kg", 7)
    kitchen.receive("Milk", 2, "l", 3)
    kitchen.receive("Carton", 9, "each", 2)
    return kitchen

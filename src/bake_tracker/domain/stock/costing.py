"""Split the cost of a run: cost in = cost of good output + cost of loss, to the last millionth."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.money import divide_half_even
from bake_tracker.domain.stock.fifo import Draw
from bake_tracker.domain.units import MAX_TOTAL_MICROS, MICRO

ProductionStatus = Literal["complete", "partial_loss", "total_loss", "over_yield"]


@dataclass(frozen=True, slots=True)
class RunCost:
    """The cost of a run in millionths of the currency; every part is None if the total is unknown."""

    total_micros: int | None
    output_micros: int | None
    loss_micros: int | None
    per_unit_micros: int | None


def total_cost(draws: Iterable[Draw], field: str) -> int | None:
    """The sum of the draws; None if any is unknown, because a partial sum would look complete.

    Raises:
        ValidationError: it is larger than the ledger can hold; ``field`` is the argument to reduce.
    """
    total = 0
    for draw in draws:
        if draw.cost_micros is None:
            return None
        total += draw.cost_micros
    if total > MAX_TOTAL_MICROS:
        raise ValidationError.of(field, "costs more than the ledger can count; use a smaller number")
    return total


def production_status(expected_micros: int, actual_micros: int) -> ProductionStatus:
    """How the yield compares with the plan."""
    if actual_micros == 0:
        return "total_loss"
    if actual_micros < expected_micros:
        return "partial_loss"
    return "over_yield" if actual_micros > expected_micros else "complete"


def split_cost(total_micros: int | None, expected_micros: int, actual_micros: int) -> RunCost:
    """Charge the loss with its share of the plan and the good output with the rest.

    A total loss carries the whole cost; a yield at or above plan carries none. Quantities in millionths, expected or
    actual above 0.
    """
    if total_micros is None:
        return RunCost(None, None, None, None)
    lost = max(expected_micros - actual_micros, 0)
    loss = total_micros * lost // expected_micros if lost else 0
    output = total_micros - loss
    per_unit = divide_half_even(output * MICRO, actual_micros) if actual_micros else None
    return RunCost(total_micros, output, loss, per_unit)

"""The kinds and the cost of adjustments: changes to lots other than by baking, packing and buying."""

from bake_tracker.domain.money import divide_half_even

KINDS = ("waste", "spoilage", "sample", "gift", "sale", "correction")
"""The kinds that a person may record; a stocktake and a return post their own kinds."""
RETURNS = ("return", "sent back")
"""Goods that a customer brought back, and goods that went back to a supplier."""
TO_SOMEBODY = frozenset({"sample", "gift", "sale"})
"""Stock that goes to people, so it must not be expired or on hold."""


def cost_of_change(
    delta_micros: int,
    left_micros: int,
    left_cost_micros: int | None,
    brought_micros: int,
    brought_cost_micros: int | None,
) -> int | None:
    """The signed cost of a change to a lot: at the cost of what is left, or the original cost if nothing is left.

    Taking the rest takes all its cost; an unknown cost stays unknown.
    """
    if left_cost_micros is None or brought_cost_micros is None:
        return None
    if left_micros + delta_micros == 0:
        return -left_cost_micros
    if left_micros > 0:
        return divide_half_even(left_cost_micros * delta_micros, left_micros)
    return divide_half_even(brought_cost_micros * delta_micros, brought_micros)

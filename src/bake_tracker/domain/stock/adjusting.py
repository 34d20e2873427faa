"""What leaves or joins a lot other than by baking, packing and buying: its kinds, and what a change costs."""

from bake_tracker.domain.money import divide_half_even

KINDS = ("waste", "spoilage", "sample", "gift", "sale", "correction")
"""The kinds a person may record; a stocktake posts its own."""
TO_SOMEBODY = frozenset({"sample", "gift", "sale"})
"""These go to people, so what is expired or on hold does not."""


def cost_of_change(
    delta_micros: int,
    left_micros: int,
    left_cost_micros: int | None,
    brought_micros: int,
    brought_cost_micros: int | None,
) -> int | None:
    """The signed cost of a signed change of a lot: at what is left of it, or as it came when nothing is left.

    What takes the rest takes all its cost; an unknown cost stays unknown.
    """
    if left_cost_micros is None or brought_cost_micros is None:
        return None
    if left_micros + delta_micros == 0:
        return -left_cost_micros
    if left_micros > 0:
        return divide_half_even(left_cost_micros * delta_micros, left_micros)
    return divide_half_even(brought_cost_micros * delta_micros, brought_micros)

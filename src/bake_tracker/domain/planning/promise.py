"""What can still be promised of what is on hand and will be made."""

from collections.abc import Sequence
from fractions import Fraction

from bake_tracker.domain.planning.figures import Exact, Figure, exact, not_negative, of_equal_length, simplified


def available(on_hand: Figure, made: Sequence[Figure], ordered: Sequence[Figure]) -> tuple[Exact | None, ...]:
    """What each period's new production can still be promised for; None where nothing new is made.

    Discrete available-to-promise: stock and what is made count for all orders before more is made (Stevenson,
    Operations Management, Master Scheduling). A later period's deficit is taken from the nearest earlier periods that
    have something; what they do not have makes the first period negative.

    Args:
        on_hand: at the start; with it the first period has a figure even if it makes nothing.
        made: new in each period.
        ordered: promised in each period.

    Raises:
        ValidationError: lengths differ, a figure is a float, or a figure of a period is negative.
    """
    periods = of_equal_length(made=made, ordered=ordered)
    new = [not_negative("made", one) for one in made]
    orders = [not_negative("ordered", one) for one in ordered]
    free: dict[int, Fraction] = {}
    start = exact("on_hand", on_hand)
    for period in range(periods):
        if period == 0 or new[period]:
            free[period] = new[period] + (start if period == 0 else 0)
            current = period
        free[current] -= orders[period]
    for period in sorted(free)[1:]:
        _take_from_earlier(free, period)
    return tuple(simplified(free[period]) if period in free else None for period in range(periods))


def _take_from_earlier(free: dict[int, Fraction], period: int) -> None:
    """Bring a deficit to 0; the first period takes what no other can."""
    for earlier in sorted((one for one in free if one < period), reverse=True):
        if free[period] >= 0:
            return
        taken = -free[period] if earlier == 0 else min(max(free[earlier], Fraction(0)), -free[period])
        free[earlier] -= taken
        free[period] += taken

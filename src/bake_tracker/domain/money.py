"""Money as whole millionths of the bakery's currency, and as text."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

from bake_tracker.domain.units import MICRO


def format_money(micros: int | None) -> str | None:
    """The exact decimal string with at least two decimals; None for an unknown amount, never ``"0.00"``."""
    if micros is None:
        return None
    sign, digits = ("-", -micros) if micros < 0 else ("", micros)
    whole, part = divmod(digits, MICRO)
    cents, rest = divmod(part, 10_000)
    return f"{sign}{whole}.{cents:02d}{f'{rest:04d}'.rstrip('0')}"


def divide_half_even(numerator: int, denominator: int) -> int:
    """The nearest integer of a quotient, ties to even; exact at any size."""
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    return quotient + (twice > denominator or (twice == denominator and quotient % 2 == 1))


def negated(micros: int | None) -> int | None:
    """The negative of an amount; None if it is unknown."""
    return None if micros is None else -micros


def add_up(parts: Sequence[str | None], total: str | None, step: Decimal) -> list[Decimal | None] | None:
    """The parts in whole steps that add up to the total rounded to steps; None if they are not the whole of it.

    Every part is rounded down, and the missing steps go to the largest remainders. Unknown parts stay unknown.
    """
    exact = [None if part is None else Decimal(part) for part in parts]
    known = [part for part in exact if part is not None]
    if total is None or sum(known, Decimal(0)) != Decimal(total):
        return None
    down = [(part / step).to_integral_value(ROUND_FLOOR) for part in known]
    missing = int(Decimal(total).quantize(step) / step - sum(down, Decimal(0)))
    for place in sorted(range(len(known)), key=lambda place: down[place] - known[place] / step)[:missing]:
        down[place] += 1
    shown = iter(down)
    return [None if part is None else next(shown) * step for part in exact]

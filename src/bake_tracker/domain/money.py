"""Money as whole millionths of the bakery's currency, and as text."""

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

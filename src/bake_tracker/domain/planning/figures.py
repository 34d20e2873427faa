"""Exact figures: what a calculation takes, refuses and gives back."""

from collections.abc import Sequence, Sized
from decimal import Decimal
from fractions import Fraction
from math import ceil, gcd, isfinite, lcm
from typing import Any

from bake_tracker.domain.errors import ValidationError

Figure = int | Fraction | Decimal
"""A quantity or an amount of money, in any exact unit that the caller keeps to."""

Exact = int | Fraction
"""A figure that was calculated: an int where it is whole."""

Statistic = int | float | Fraction | Decimal
"""A figure that was estimated, such as a probability or a mean."""


def exact(field: str, value: Any) -> Fraction:
    """A figure as a fraction.

    Raises:
        ValidationError: it is a float, which is not exact, or not a finite number.
    """
    if isinstance(value, bool) or not isinstance(value, int | Fraction | Decimal):
        problem = f"is {value!r}; give an int, a Decimal or a Fraction, which are exact"
        raise ValidationError.of(field, problem)
    if isinstance(value, Decimal) and not value.is_finite():
        raise ValidationError.of(field, f"is {value}; give a finite number")
    return Fraction(value)


def not_negative(field: str, value: Any) -> Fraction:
    """A figure of 0 or more, as a fraction."""
    figure = exact(field, value)
    if figure < 0:
        raise ValidationError.of(field, f"is {value}, but must not be negative")
    return figure


def positive(field: str, value: Any) -> Fraction:
    """A figure above 0, as a fraction."""
    figure = exact(field, value)
    if figure <= 0:
        raise ValidationError.of(field, f"is {value}, but must be more than 0")
    return figure


def whole_number(field: str, value: Any, least: int = 0) -> int:
    """A count, such as one of periods."""
    figure = exact(field, value)
    if figure.denominator != 1 or figure < least:
        raise ValidationError.of(field, f"is {value}, but must be a whole number of {least} or more")
    return int(figure)


def statistic(field: str, value: Any) -> Fraction | float:
    """An estimate: exact where it was given exactly, otherwise a finite float."""
    if not isinstance(value, float):
        return exact(field, value)
    if not isfinite(value):
        raise ValidationError.of(field, f"is {value}; give a finite number")
    return value


def of_equal_length(**sequences: Sized) -> int:
    """The length that all sequences have.

    Raises:
        ValidationError: their lengths differ.
    """
    lengths = {name: len(sequence) for name, sequence in sequences.items()}
    first = next(iter(lengths.values()))
    for name, length in lengths.items():
        if length != first:
            told = ", ".join(f"{one} has {many}" for one, many in lengths.items())
            raise ValidationError.of(name, f"must have one figure per period, as the others; {told}")
    return first


def simplified(figure: Fraction) -> Exact:
    """The same figure, as an int where it is whole."""
    return int(figure) if figure.denominator == 1 else figure


def all_simplified(figures: Sequence[Fraction]) -> tuple[Exact, ...]:
    """The same figures, as ints where they are whole."""
    return tuple(simplified(figure) for figure in figures)


def round_up(figure: Fraction, multiple: Fraction) -> Fraction:
    """The least multiple that is not less."""
    return ceil(figure / multiple) * multiple


def round_down(figure: Fraction, multiple: Fraction) -> Fraction:
    """The largest multiple that is not more; the figure itself if the multiple is 0."""
    return figure // multiple * multiple if multiple else figure


def common_divisor(figures: Sequence[Fraction]) -> Fraction:
    """The largest figure that all are whole multiples of."""
    denominator = lcm(*(figure.denominator for figure in figures))
    return Fraction(gcd(*(int(figure * denominator) for figure in figures)), denominator)

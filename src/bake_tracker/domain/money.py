"""Money as whole millionths of the bakery's currency, and as text."""

from collections.abc import Sequence
from dataclasses import dataclass
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
    """The parts, rounded to whole steps that add up to the rounded total; None if the exact parts do not add up to it.

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


def written(exact: str, decimals: int) -> str:
    """An exact amount with all its decimals, and at least those of its currency: ``1200``, ``12.50``, ``12.505``."""
    amount = Decimal(exact)
    return format(amount.quantize(Decimal(1).scaleb(min(_exponent(amount), -decimals))), "f")


@dataclass(frozen=True, slots=True)
class Rounding:
    """How people read amounts: with the decimals of the currency, or in more detail below one.

    Below one an amount has ``small`` places, or three figures if that is None. A price for one piece or one gram never
    has fewer than three figures, even in a currency without decimals.
    """

    decimals: int = 2
    small: int | None = None

    def amount(self, exact: Decimal) -> Decimal:
        """An amount as it is shown."""
        return self._shown(exact, self._places(exact))

    def price(self, exact: Decimal) -> Decimal:
        """A price for one piece, gram or millilitre as it is shown."""
        return self._shown(exact, max(self._places(exact), min(_figures(exact), 2)))

    def parts(self, parts: Sequence[str | None], total: str | None, *, each: bool = False) -> list[Decimal | None]:
        """Amounts as shown beside their total, so that they add up to it; rounded one by one if they are not all of it.

        ``each`` is for a total that is a price.
        """
        shown_alone = self.price if each else self.amount
        places = 0 if total is None else -int(shown_alone(Decimal(total)).as_tuple().exponent)
        if self.small is None and total is not None:
            places = max(places, self._places(Decimal(total)))
        shown = add_up(parts, total, Decimal(1).scaleb(-places))
        if shown is None:
            return [None if part is None else shown_alone(Decimal(part)) for part in parts]
        return [None if part is None else self._shown(part, places) for part in shown]

    def _places(self, exact: Decimal) -> int:
        if abs(exact) >= 1:
            return self.decimals
        return max(self.decimals, _figures(exact) if self.small is None else self.small)

    def _shown(self, exact: Decimal, places: int) -> Decimal:
        near = exact.quantize(Decimal(1).scaleb(-places))
        least = near.quantize(Decimal(1).scaleb(-self.decimals))
        if near == least or self.small is not None:
            return least if near == least else near
        return near.quantize(Decimal(1).scaleb(_exponent(near)))


def _figures(exact: Decimal) -> int:
    """The decimals that show three figures."""
    return max(2 - exact.adjusted(), 0) if exact else 0


def _exponent(amount: Decimal) -> int:
    """The exponent without trailing zeros."""
    return int(amount.normalize().as_tuple().exponent)

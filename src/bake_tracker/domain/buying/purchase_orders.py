"""What is ordered from a supplier, product by product, and how far it has come in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from bake_tracker.domain.money import divide_half_even

PurchaseState = Literal["sent", "partly received", "received", "closed", "cancelled"]


@dataclass(frozen=True, slots=True)
class PurchaseLine:
    """Packs of a product, and what is in them in millionths of the item's base unit; the price is for one pack."""

    product_id: int
    item_id: int
    packs: int
    quantity_micros: int
    price_micros: int | None = None

    @property
    def amount_micros(self) -> int | None:
        """The price of all packs; None if that of one is unknown."""
        return None if self.price_micros is None else self.packs * self.price_micros

    def cost_of(self, quantity_micros: int) -> int | None:
        """The price of a part of it, rounded once."""
        amount = self.amount_micros
        return None if amount is None else divide_half_even(amount * quantity_micros, self.quantity_micros)


def amount_of_all(lines: Iterable[PurchaseLine]) -> int | None:
    """The price of all lines; None if the price of one is unknown."""
    amounts = [one.amount_micros for one in lines]
    return None if None in amounts else sum(one for one in amounts if one is not None)


def purchase_state(lines: Iterable[PurchaseLine], received: Mapping[int, int], *, is_cancelled: bool) -> PurchaseState:
    """The state that follows from what is ordered and what came, by product.

    An order that will bring nothing more is *closed* if a part of it came, otherwise *cancelled*.
    """
    came = any(received.values())
    if is_cancelled:
        return "closed" if came else "cancelled"
    if all(received.get(one.product_id, 0) >= one.quantity_micros for one in lines):
        return "received"
    return "partly received" if came else "sent"

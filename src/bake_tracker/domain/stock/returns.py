"""What came back of goods that were handed over, and at what cost."""

from dataclasses import dataclass
from datetime import datetime

from bake_tracker.domain.money import divide_half_even

FROM_CUSTOMER, TO_SUPPLIER = KINDS = ("from_customer", "to_supplier")
PUTS = ("hold", "stock", "waste")
"""What is done with goods that a customer brings back: kept apart on hold, used again, or thrown away."""
MAX_RETURNED = 200
"""The most lines of a return: each may split a lot, which takes as long as an operation of its own."""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What one operation handed over of one lot and what came back since, in millionths; an unknown cost is None."""

    operation_id: str
    lot_id: int
    lot_code: str
    item_slug: str
    unit: str
    kind: str
    happened_at: datetime
    recipient_id: int | None
    recipient: str | None
    event_id: int | None
    quantity_micros: int
    cost_micros: int | None
    back_micros: int = 0
    back_cost_micros: int = 0

    @property
    def out_micros(self) -> int:
        """What has not come back."""
        return self.quantity_micros - self.back_micros

    def cost_of(self, returned_micros: int) -> int | None:
        """The cost of what comes back, a share of what was handed over; the last return takes all the rest."""
        if self.cost_micros is None:
            return None
        if returned_micros == self.out_micros:
            return self.cost_micros - self.back_cost_micros
        share = divide_half_even(self.cost_micros * returned_micros, self.quantity_micros)
        return min(share, self.cost_micros - self.back_cost_micros)  # shares rounded up would exceed the cost

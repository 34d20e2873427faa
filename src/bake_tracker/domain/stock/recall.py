"""The results of traces and recalls: lots, the steps between them, and each lot's balance."""

from typing import NotRequired, TypedDict


class TracedLot(TypedDict):
    """A lot, then and now; ``level`` counts the operations between it and the traced lot."""

    lot_id: int
    lot_code: str
    item_slug: str
    item_name: str
    item_kind: str
    quantity: str
    on_hand: str
    unit: str
    brought_by: str
    operation_id: str
    reference: str | None
    brought_on: str
    expires_on: str | None
    supplier: str | None
    supplier_details: str | None
    location: str | None
    split_from: str | None
    state: str
    level: int


class Step(TypedDict):
    """What an operation took from a lot; ``into_lot_*`` is None without a new lot, ``undone_because`` if not undone.

    ``came_back`` is what was returned of a hand-over, if any.
    """

    operation_id: str
    kind: str
    reference: str | None
    on: str
    from_lot_id: int
    from_lot_code: str
    into_lot_id: int | None
    into_lot_code: str | None
    quantity: str
    unit: str
    recipient: str | None
    household: str | None
    event: str | None
    reason: str | None
    undone_because: str | None
    came_back: NotRequired[str]


class Trace(TypedDict):
    """A lot, where it came from and where it went: every lot and step once, nearest first.

    ``same_code`` lists all traced lots if several have its code.
    """

    lot: TracedLot
    same_code: NotRequired[list[TracedLot]]
    lots: list[TracedLot]
    back: list[Step]
    forward: list[Step]


class LotBalance(TypedDict):
    """brought = used + on_hand + waste + handed_over + adjusted + split_out + remainder, exactly; remainder is 0.

    ``adjusted`` is stock corrected or counted away, less what was ``found``; ``handed_over`` is what customers have,
    without what came back, and what was returned to the supplier.
    """

    lot_id: int
    lot_code: str
    item_slug: str
    unit: str
    brought_by: str
    brought: str
    used: str
    on_hand: str
    waste: str
    handed_over: str
    adjusted: str
    found: str
    split_out: str
    remainder: str


class Run(TypedDict):
    """A run that used an affected lot, and the lot it made (None for a total loss)."""

    operation_id: str
    kind: str
    reference: str | None
    on: str
    event: str | None
    used: list[str]
    lot_code: str | None
    item_slug: str | None
    made: str
    unit: str | None


class Recall(TypedDict):
    """Everything a recall affects; ``lots`` starts with the recalled lot, and ``trace`` has every step.

    ``handed_over`` lists what somebody still has: its quantities are without what came back.
    ``same_code`` lists all recalled lots if several have its code.
    """

    bakery: str
    lot: TracedLot
    same_code: NotRequired[list[TracedLot]]
    lots: list[TracedLot]
    runs: list[Run]
    handed_over: list[Step]
    balance: list[LotBalance]
    is_balanced: bool
    trace: Trace

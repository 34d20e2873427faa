"""What a trace and a recall report: lots, the steps between them, and the balance of each."""

from typing import TypedDict


class TracedLot(TypedDict):
    """A lot as it came and as it lies; ``level`` counts the operations between it and the lot that was asked for."""

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
    """What an operation took of a lot; ``into_lot_*`` None where it made none. ``undone_because`` says why it was."""

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


class Trace(TypedDict):
    """A lot, where it came from and where it went: every lot and step, each once, from near to far."""

    lot: TracedLot
    lots: list[TracedLot]
    back: list[Step]
    forward: list[Step]


class LotBalance(TypedDict):
    """brought = used + on_hand + waste + handed_over + adjusted + split_out + remainder, exactly; remainder is 0.

    ``adjusted`` is what was corrected and counted away, less what was ``found``.
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
    """A baking or packing that used an affected lot, and what it made (None: a total loss)."""

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
    """What a recall of a lot concerns; ``trace`` has every step. ``lots`` are the affected ones, itself the first."""

    bakery: str
    lot: TracedLot
    lots: list[TracedLot]
    runs: list[Run]
    handed_over: list[Step]
    balance: list[LotBalance]
    is_balanced: bool
    trace: Trace

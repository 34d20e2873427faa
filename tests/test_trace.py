"""Where lots came from and where they went."""

from kitchen import Kitchen

from bake_tracker.queries.trace import Edge, trace_back, trace_forward
from bake_tracker.services.database import read_scope


def edges(direction: str, lot_id: int) -> list[tuple[int, int | None, int]]:
    with read_scope() as session:
        found: list[Edge] = (trace_back if direction == "back" else trace_forward)(session, lot_id)
    return sorted((edge.from_lot_id, edge.into_lot_id, edge.quantity_micros) for edge in found)


def test_a_box_is_traced_back_to_every_receipt_and_a_receipt_forward_to_every_box(kitchen: Kitchen) -> None:
    """Two batches of one bag of flour, in one box; each draw once, with its quantity."""
    kitchen.simple_bakery()
    baked = [kitchen.produce("Cookies", "Cookie", 1, 3) for _ in range(2)]
    boxed = kitchen.assemble("Box", 1)
    drawn = [
        (used["lot_id"], run["lot_id"], int(used["quantity"]) * 1_000_000)
        for run in (*baked, boxed)
        for used in run["consumptions"]
    ]
    flour = baked[0]["consumptions"][0]["lot_id"]
    assert edges("back", boxed["lot_id"]) == sorted(drawn)
    assert edges("back", baked[0]["lot_id"]) == sorted(drawn[:2])
    after_flour = [edge for edge in drawn if edge[0] in (flour, *(run["lot_id"] for run in baked))]
    assert edges("forward", flour) == sorted(after_flour)


def test_what_was_lost_leads_to_no_lot(kitchen: Kitchen) -> None:
    """A total loss is on the trace of its flour, with nothing behind it."""
    kitchen.simple_bakery()
    lost = kitchen.produce("Cookies", "Cookie", 1, 0)
    flour = lost["consumptions"][0]["lot_id"]
    assert edges("forward", flour) == [(flour, None, 500_000_000)]


def test_a_receipt_that_nothing_used_has_no_trace(kitchen: Kitchen) -> None:
    """Neither before it nor after."""
    kitchen.ingredient("Flour")
    lot_id = kitchen.receive("Flour", 1, "kg", 2)["lot_id"]
    assert edges("back", lot_id) == edges("forward", lot_id) == []

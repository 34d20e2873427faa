"""However deep and broad an explanation is, it takes the same number of statements, and explains each lot once."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

from bake_tracker.queries.explain.operation import explain_operation
from bake_tracker.queries.explain.origins import MAX_DEPTH, explain_lots
from bake_tracker.queries.explain.shelf import load_whereabouts
from bake_tracker.services.database import read_scope
from support.kitchen import Kitchen
from support.plans import statements_of


def nested_goods(kitchen: Kitchen, depth: int) -> list[dict[str, Any]]:
    """Boxes in boxes, each with one of the box before."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24)
    boxes = [kitchen.assemble("Box", 1)]
    for level in range(depth):
        kitchen.good(f"Box {level}", {"Box" if level == 0 else f"Box {level - 1}": 1, "Carton": 1})
        boxes.append(kitchen.assemble(f"Box {level}", 1))
    return boxes


def test_explaining_takes_as_many_statements_at_any_depth_and_breadth(kitchen: Kitchen) -> None:
    """A box in a box in a box takes as many as a box, and many lots as many as one."""
    boxes = nested_goods(kitchen, 3)
    shallow, deep = boxes[0], boxes[-1]
    assert [
        statements_of(lambda s, ids=ids: explain_lots(s, ids)) for ids in ([shallow["lot_id"]], [deep["lot_id"]])
    ] == [
        5,
        5,
    ]
    assert statements_of(lambda s: explain_lots(s, [box["lot_id"] for box in boxes])) == 5
    assert [
        statements_of(lambda s, key=key: explain_operation(s, key))
        for key in (shallow["operation_id"], deep["operation_id"])
    ] == [7, 7]
    lots = [box["lot_id"] for box in boxes]
    assert [
        statements_of(lambda s, ids=ids: load_whereabouts(s, ids, date(2026, 2, 1), 10)) for ids in (lots[:1], lots)
    ] == [
        3,
        3,
    ]


def test_boxes_in_boxes_are_explained_as_deep_as_a_page_goes(kitchen: Kitchen) -> None:
    """Below that the tree names the lot to continue with; the receipts are still added up over every level."""
    boxes = nested_goods(kitchen, MAX_DEPTH + 5)
    with read_scope() as session:
        (lot,) = explain_lots(session, [boxes[-1]["lot_id"]])
    levels = 0
    while (inner := [draw["lot"] for draw in lot["used"] if draw["lot"]["item_slug"].startswith("box")]) != []:
        (lot,), levels = inner, levels + 1
    assert (levels, lot["cut_off"]) == (MAX_DEPTH + 1, True)
    with read_scope() as session:
        (whole,) = explain_lots(session, [boxes[-1]["lot_id"]])
    assert {share["item_slug"]: share["quantity"] for share in whole["receipts"]} == {
        "carton": str(MAX_DEPTH + 6),
        "flour": "125",
        "sugar": "62.5",
    }


def test_a_lot_that_many_share_is_explained_once(kitchen: Kitchen) -> None:
    """When diamonds are stacked, the number of paths doubles at every level; each lot is still explained once."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 11, 256)
    below, levels = "Cookie", 8
    for level in range(levels):
        count = 2 ** (levels - level - 1)
        for side in ("Left", "Right"):
            kitchen.good(f"{side} {level}", {below: 1})
            kitchen.assemble(f"{side} {level}", count)
        below = f"Both {level}"
        kitchen.good(below, {f"Left {level}": 1, f"Right {level}": 1})
        box = kitchen.assemble(below, count)
    with read_scope() as session:
        lots = explain_lots(session, [box["lot_id"]])
    lots_in_all = 3 * levels + len(("cookie", "flour", "sugar"))
    assert json.dumps(lots).count('"shown_above": false') == lots_in_all
    shares = [share["cost"] for share in lots[0]["receipts"]]
    assert shares == ["10.666667", "5.333333"]
    assert sum(map(Decimal, filter(None, shares))) == Decimal(lots[0]["cost"] or 0)

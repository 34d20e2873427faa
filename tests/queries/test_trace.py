"""Where lots came from and where they went."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from bake_tracker.models import Base
from bake_tracker.queries.stock.recall import load_recall
from bake_tracker.queries.stock.trace import Edge, trace_back, trace_forward
from bake_tracker.queries.stock.traced import load_trace
from bake_tracker.services.database import read_scope, session_scope
from bake_tracker.services.stock.recall import record_recall
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.plans import HISTORY, statements_of, statements_to_write, steps_of
from support.shelf import Shelf
from support.undoing import lot_id, move, reverse

LINKS = 1_000


def edges(direction: str, lot_id: int) -> list[tuple[int, int | None, int]]:
    with read_scope() as session:
        found: list[Edge] = (trace_back if direction == "back" else trace_forward)(session, lot_id)
    return sorted((edge.from_lot_id, edge.into_lot_id, edge.quantity_micros) for edge in found)


def test_a_box_is_traced_back_to_every_receipt_and_a_receipt_forward_to_every_box(kitchen: Kitchen) -> None:
    """Two batches from one bag of flour go into one box; each draw appears once, with its quantity."""
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


def test_a_loss_leads_to_no_lot(kitchen: Kitchen) -> None:
    """A total loss is in the trace of its flour, and leads nowhere."""
    kitchen.simple_bakery()
    lost = kitchen.produce("Cookies", "Cookie", 1, 0)
    flour = lost["consumptions"][0]["lot_id"]
    assert edges("forward", flour) == [(flour, None, 500_000_000)]


def test_a_receipt_that_nothing_used_has_no_trace(kitchen: Kitchen) -> None:
    """Nothing leads to it or from it."""
    kitchen.ingredient("Flour")
    lot_id = kitchen.receive("Flour", 1, "kg", 2)["lot_id"]
    assert edges("back", lot_id) == edges("forward", lot_id) == []


def test_an_undone_run_leads_nowhere_and_is_shown_only_on_request(kitchen: Kitchen) -> None:
    """Neither the run nor its reversal is a step, in either direction; with ``undone`` the run is, with the reason."""
    kitchen.simple_bakery()
    baked = kitchen.produce("Cookies", "Cookie", 1, 24)
    flour = baked["consumptions"][0]["lot_id"]
    reverse(baked, "wrong day")
    with read_scope() as session:
        trace, whole = load_trace(session, flour), load_trace(session, flour, undone=True)
        back = load_trace(session, baked["lot_id"])
        assert len(trace_back(session, baked["lot_id"], undone=True)) == 2
    assert (trace["forward"], back["back"], back["lot"]["state"], len(trace["lots"])) == ([], [], "undone", 1)
    (step,) = whole["forward"]
    assert (step["into_lot_code"], step["kind"], step["undone_because"]) == (baked["lot_code"], "baked", "wrong day")


def test_a_part_of_a_part_is_traced_to_the_customer(kitchen: Kitchen) -> None:
    """The trace runs from the sack through two moves into the cookies and on to Ada, and back to the split lots."""
    kitchen.simple_bakery()
    shelf = Shelf(kitchen)
    sack = lot_id(kitchen, "flour")
    move(kitchen, "flour", "Cellar", 9_800)
    part = lot_id(kitchen, "flour-20260101-1/1")
    move(kitchen, "flour-20260101-1/1", "Van", 9_000)
    baked = kitchen.produce("Cookies", "Cookie", 1, 24)
    shelf.adjust(
        "gift", {"lot_id": baked["lot_id"], "quantity": 3}, recipient_id=shelf.recipient("Ada"), reason="thanks"
    )
    with read_scope() as session:
        trace = load_trace(session, sack)
        back = load_trace(session, baked["lot_id"])
    assert [
        (step["kind"], step["quantity"], step["into_lot_code"], step["recipient"]) for step in trace["forward"]
    ] == [
        ("split", "9800", "flour-20260101-1/1", None),
        ("split", "9000", "flour-20260101-1/2", None),
        ("baked", "200", baked["lot_code"], None),
        ("baked", "300", baked["lot_code"], None),
        ("gift", "3", None, "Ada"),
    ]
    assert {lot["lot_code"]: lot["level"] for lot in trace["lots"]} == {
        "flour-20260101-1": 0,
        "flour-20260101-1/1": 1,
        "flour-20260101-1/2": 2,
        baked["lot_code"]: 1,
    }
    assert {step["from_lot_id"] for step in back["back"] if step["unit"] == "g"} >= {sack, part}


def chain(kitchen: Kitchen, links: int) -> list[int]:
    """A chain of lots, each split from the one before, put in by bulk INSERT; from first to last."""
    kitchen.ingredient("Flour")
    kitchen.receive("Flour", 1, "kg", 0)
    with session_scope() as session:
        tables = Base.metadata.tables
        first = dict(session.execute(select(tables["lot"])).mappings().one())
        operation = dict(
            session.execute(select(tables["operation"]).where(tables["operation"].c.name == "record_receipt"))
            .mappings()
            .one()
        )
        rows: dict[str, list[Any]] = {"operation": [], "lot": [], "movement": [], "transfer": []}
        ids = [first["id"] + number for number in range(links + 1)]
        for number in ids[1:]:
            key = str(UUID(int=number))
            posted = {"operation_id": key, "cost_micros": 0, "happened_at": operation["recorded_at"]}
            quantity = {"quantity_micros": first["quantity_micros"]}
            rows["operation"].append({**operation, "id": key, "transaction_id": key, "name": "record_transfer"})
            rows["lot"].append(
                {**first, "id": number, "code": f"part {number}", "operation_id": key, "parent_lot_id": number - 1}
                | {"remaining_micros": 0 if number < ids[-1] else first["remaining_micros"]}
            )
            rows["movement"] += [
                {**posted, "lot_id": number - 1, "quantity_micros": -first["quantity_micros"]},
                {**posted, **quantity, "lot_id": number},
            ]
            rows["transfer"].append(
                {"operation_id": key, "lot_id": number - 1, "new_lot_id": number, **quantity}
                | {"happened_at": operation["recorded_at"]}
            )
        for name, some in rows.items():
            session.execute(tables[name].insert(), some)
        session.execute(text("UPDATE lot SET remaining_micros = 0 WHERE id = :first"), {"first": ids[0]})
    with session_scope() as session:
        session.execute(text("ANALYZE"))
    return ids


def test_a_thousand_lots_one_after_another_are_walked_by_the_indexes_in_as_many_statements(
    kitchen: Kitchen, bake: CommandLine
) -> None:
    """This holds in both directions and for a recall; the tree stops when a page is full."""
    ids = chain(kitchen, LINKS)
    first, middle, last = ids[0], ids[LINKS // 2], ids[-1]
    with read_scope() as session:
        assert (len(trace_forward(session, first)), len(trace_back(session, last))) == (LINKS, LINKS)
        assert max(lot["level"] for lot in load_trace(session, first)["lots"]) == LINKS
        recall = load_recall(session, first)
    assert (len(recall["lots"]), recall["is_balanced"]) == (LINKS + 1, True)
    for ask in (load_trace, load_recall):
        assert len({statements_of(lambda s, lot=lot, ask=ask: ask(s, lot)) for lot in (first, middle, last)}) == 1
    for walk in (trace_back, trace_forward):
        steps = steps_of(lambda session, walk=walk: walk(session, middle))
        assert [step for step in steps if step in {f"SCAN {table}" for table in HISTORY}] == []
    shown = bake("trace", str(middle))
    assert (shown.code, shown.out.count("continues with: bake trace")) == (0, 2)


@pytest.mark.one_database
def test_all_lots_of_a_code_are_traced_and_recalled_in_as_many_statements(kitchen: Kitchen) -> None:
    """Two lots and ten take the same number."""
    kitchen.ingredient("Flour")
    kitchen.recipe("Buns", {"Flour": (200, "g")}, {"Bun": 2})
    asked = list[tuple[int, ...]]()
    for code, number in (("A", 2), ("B", 10)):
        lots = [kitchen.receive("Flour", 200, "g", lot_code=code)["lot_id"] for _ in range(number)]
        for _ in lots:
            kitchen.produce("Buns", "Bun", 1, 2)
        with read_scope() as session:
            assert len(load_trace(session, lots[0], same_code=True)["forward"]) == number
        asked.append(
            (
                statements_of(lambda s, lot=lots[0]: load_trace(s, lot, same_code=True)),
                statements_of(lambda s, lot=lots[0]: load_recall(s, lot, same_code=True)),
                statements_to_write(lambda s, lot=lots[0]: record_recall(lot, session=s, same_code=True)),
            )
        )
    assert asked[0] == asked[1]

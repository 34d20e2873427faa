"""The Python client: typed and exact, safe to retry, with every refusal as an exception that has all the details."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from bake_tracker.client import (
    BakeTracker,
    ConflictError,
    InvalidError,
    NotAllowedError,
    NotFoundError,
    ProblemError,
    ShortageError,
    UnreachableError,
)
from bake_tracker.client import transport as sending
from bake_tracker.clock import uuid7
from bake_tracker.domain.access import Role
from support.kitchen import Kitchen
from support.serving import serving
from support.web import Web

pytestmark = pytest.mark.one_database


class Wire(httpx2.BaseTransport):
    """The connection to the application, which loses the first answers or replaces them."""

    def __init__(self, way: httpx2.BaseTransport, faults: Iterator[httpx2.Response | httpx2.TransportError]) -> None:
        self.way, self.faults = way, faults
        self.sent: list[httpx2.Request] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.sent.append(request)
        answer = self.way.handle_request(request)
        fault = next(self.faults, None)
        if isinstance(fault, httpx2.TransportError):
            raise fault
        return fault or answer


@pytest.fixture
def web(kitchen: Kitchen) -> Web:
    """The application, with three people and a simple bakery."""
    kitchen.simple_bakery()
    return Web().let_in()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the client would have waited before each retry."""
    waited: list[float] = []
    monkeypatch.setattr(sending, "sleep", waited.append)
    return waited


def client_of(web: Web, role: Role = Role.BAKER, *faults: Any, **more: Any) -> tuple[BakeTracker, Wire]:
    program = web.program(role)
    wire = Wire(program._transport, iter(faults))
    token = program.headers["Authorization"].removeprefix("Bearer ")
    return BakeTracker("http://testserver", token, transport=wire, **more), wire


def test_the_main_flow_in_exact_values(kitchen: Kitchen, web: Web) -> None:
    """Receive, check, bake, box, undo: quantities are Decimals, days are dates, and an unknown value is None."""
    bakery, _ = client_of(web)
    ids = kitchen.ids
    lot = bakery.receive(ids["Flour"], "2.5", "kg", total_cost=Decimal("3.10"), expires_on=date(2100, 1, 1))
    assert (lot.quantity, lot.unit, lot.total_cost, lot.expires_on) == (2500, "g", Decimal("3.10"), date(2100, 1, 1))
    assert bakery.receive(ids["Flour"], 1, "kg").total_cost is None
    assert bakery.check_production(ids["Cookies"], 2).possible
    short = bakery.check_production(ids["Cookies"], 500)
    assert (short.possible, [one.slug for one in short.shortages]) == (False, ["flour", "sugar"])
    baked = bakery.produce(ids["Cookies"], ids["Cookie"], 2, Decimal("47"), loss_reason="burnt")
    assert (baked.actual_yield, baked.loss_quantity, baked.cost_complete) == (47, 1, True)
    assert sum((one.cost or 0 for one in baked.consumptions), Decimal()) == baked.total_ingredient_cost
    assert bakery.check_assembly(ids["Box"], 2).possible
    boxes = bakery.assemble(ids["Box"], 2)
    assert boxes.quantity == 2
    with pytest.raises(ConflictError) as rests:
        bakery.undo(baked.operation_id, "mistyped")
    assert (rests.value.code, type(rests.value)) == ("has_dependents", ConflictError)
    assert bakery.undo(boxes.operation_id, "mistyped").reversed_operation == "record_assembly"
    both = bakery.bake_and_pack(ids["Cookies"], ids["Cookie"], 1, 24, ids["Box"], 1)
    assert both.production.operation_id != both.assembly.operation_id
    assert bakery.operation(boxes.operation_id).actor == "Bao"


def test_the_other_tasks_of_a_shop(kitchen: Kitchen, web: Web) -> None:
    """Items, deliveries, adjustments, holds and recalls; a route without a method is called by its path."""
    bakery, _ = client_of(web)
    salt = bakery.add_item("ingredient", "Salt", "g")
    supplier = bakery.send("POST", "/suppliers", {"name": "Mill"})
    lines = [{"item_id": salt.item_id, "quantity": Decimal("1.5"), "unit": "kg", "total_cost": "0.99"}]
    (lot,) = bakery.deliver(supplier["supplier_id"], lines, document="DN-1").lots
    assert bakery.adjust("waste", [{"lot_id": lot.lot_id, "quantity": 500}], reason="wet").total_cost == Decimal(
        "-0.33"
    )
    sold = bakery.adjust("sale", [{"lot_id": lot.lot_id, "quantity": 30}])
    assert bakery.take_back(sold.operation_id, [{"lot_id": lot.lot_id, "quantity": 30}], put="stock").put == "stock"
    sent = bakery.send_back([{"lot_id": lot.lot_id, "quantity": 100, "credit": "0.05"}], reason="clumps")
    assert sent.total_cost == Decimal("-0.066")
    assert bakery.get(f"/lots/{lot.lot_id}/hand-overs") == []
    bakery.hold([lot.lot_id], "smells")
    assert [one.state for one in bakery.lots(item_id=salt.item_id)] == ["on hold"]
    bakery.release([lot.lot_id], "smells fine")
    bakery.recall(lot.lot_id)
    assert bakery.get(f"/lots/{lot.lot_id}/recall")["is_balanced"] is True
    assert bakery.file(f"/lots/{lot.lot_id}/recall.pdf").startswith(b"%PDF-")
    bakery.send("POST", "/names", {"name": "Sea salt", "item_id": salt.item_id})
    assert bakery.send("POST", "/names", {"name": "Sea salt", "item_id": None})["item_slug"] is None
    assert [one.kind for one in bakery.runs()] == []


def test_lists_are_asked_for_page_by_page(kitchen: Kitchen, web: Web) -> None:
    """Every row appears exactly once."""
    bakery, wire = client_of(web)
    for number in range(7):
        kitchen.ingredient(f"Spice {number}")
    assert [item.name for item in bakery.items(search="spice")] == [f"Spice {number}" for number in range(7)]
    assert len(wire.sent) == 1
    names = [row["name"] for row in bakery.pages("/items", "items", search="spice", limit=3)]
    assert (len(names), len(set(names)), len(wire.sent)) == (7, 7, 4)
    assert len(list(bakery.operations())) == len(kitchen.rows("SELECT id FROM operation WHERE parent_id IS NULL"))


@pytest.mark.parametrize(
    "fault",
    [httpx2.ReadError("lost"), httpx2.ReadTimeout("late"), httpx2.Response(503, headers={"Retry-After": "7"})],
    ids=["lost", "late", "unknown"],
)
def test_a_request_without_an_answer_is_sent_again_and_done_once(
    kitchen: Kitchen, web: Web, waits: list[float], fault: Any
) -> None:
    """Each try has the same key, and the server had already done it."""
    bakery, wire = client_of(web, Role.BAKER, fault, fault)
    lot = bakery.receive(kitchen.ids["Flour"], 1, "kg")
    keys = [request.headers["idempotency-key"] for request in wire.sent]
    assert keys == [lot.operation_id] * 3
    assert kitchen.rows("SELECT count(*) FROM lot WHERE operation_id = :id", id=lot.operation_id) == [(1,)]
    assert [wait if wait == 7 else 0 < wait < 2 for wait in waits] == [
        7 if isinstance(fault, httpx2.Response) else True
    ] * 2


def test_after_the_last_try_it_gives_the_key_to_retry_with(kitchen: Kitchen, web: Web, waits: list[float]) -> None:
    """It does not try forever; the same key later finds what was done."""
    bakery, wire = client_of(web, Role.BAKER, *[httpx2.ConnectError("refused")] * 3, tries=3)
    with pytest.raises(UnreachableError, match="POST /receipts: ConnectError after 3 tries") as lost:
        bakery.receive(kitchen.ids["Flour"], 1, "kg")
    assert (len(wire.sent), len(waits)) == (3, 2)
    key = lost.value.idempotency_key
    assert bakery.receive(kitchen.ids["Flour"], 1, "kg", key=key).operation_id == key
    busy, _ = client_of(web, Role.BAKER, *[httpx2.Response(503, json={"code": "outcome_unknown"})] * 3, tries=3)
    with pytest.raises(ProblemError) as unknown:
        busy.get("/stock")
    assert (unknown.value.status, unknown.value.code) == (503, "outcome_unknown")


def test_every_refusal_is_an_exception_with_all_details(kitchen: Kitchen, web: Web) -> None:
    """It has the kind, code, fields and shortages; nothing is retried."""
    bakery, wire = client_of(web)
    ids = kitchen.ids
    with pytest.raises(ShortageError) as short:
        bakery.produce(ids["Cookies"], ids["Cookie"], 50, 1200)
    assert [(one.slug, one.needed) for one in short.value.shortages] == [("flour", 25000), ("sugar", 12500)]
    assert (short.value.status, short.value.code) == (409, "insufficient_inventory")
    assert short.value.operation_id == wire.sent[0].headers["idempotency-key"]
    with pytest.raises(InvalidError) as wrong:
        bakery.produce(ids["Cookies"], ids["Cookie"], 0, -1)
    assert {one["field"] for one in wrong.value.errors} == {"num_batches", "actual_yield"}
    with pytest.raises(NotFoundError, match="item_not_found"):
        bakery.receive(99, 1, "kg")
    with pytest.raises(NotAllowedError) as forbidden:
        bakery.send("POST", "/seals")
    assert (forbidden.value.status, forbidden.value.code) == (403, "forbidden")
    with pytest.raises(NotAllowedError, match="sign_in_needed"):
        BakeTracker("http://testserver", "bake_unknown", transport=wire).get("/stock")
    with pytest.raises(TypeError, match=r"2\.5 is a float, which is not exact"):
        bakery.receive(ids["Flour"], 2.5, "kg")  # type: ignore[arg-type]
    assert len(wire.sent) == 5


def test_a_trace_continues_through_the_client(kitchen: Kitchen, web: Web, log: pytest.LogCaptureFixture) -> None:
    """The line of the recorded operation has the caller's traceparent."""
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    bakery, _ = client_of(web, traceparent=lambda: f"00-{trace}-00f067aa0ba902b7-01")
    key = uuid7()
    bakery.receive(kitchen.ids["Flour"], 1, "kg", key=key)
    lines = [record.__dict__ for record in log.records if record.__dict__.get("operation_id") == key]
    assert {line["trace_id"] for line in lines} == {trace}


def test_it_speaks_to_a_real_server(kitchen: Kitchen, web: Web, database_url: str, tmp_path: Path) -> None:
    """It uses a socket and the same database, and says when no server answers."""
    token = web.program(Role.BAKER).headers["Authorization"].removeprefix("Bearer ")
    with serving(tmp_path, database_url=database_url) as server, BakeTracker(server.url, token) as bakery:
        lot = bakery.receive(kitchen.ids["Flour"], 1, "kg", total_cost="1.20")
        (flour,) = bakery.items(search="flour")
        assert (flour.on_hand, lot.unit_cost) == (11000, Decimal("0.0012"))
        server.end()
        with pytest.raises(UnreachableError):
            BakeTracker(server.url, token, tries=1).get("/stock")


def test_orders_are_taken_once_and_handed_over(kitchen: Kitchen, web: Web) -> None:
    """A reference that is sent again with another key is the same order."""
    bakery, _ = client_of(web)
    box, cookie = kitchen.ids["Box"], kitchen.ids["Cookie"]
    kitchen.produce("Cookies", "Cookie", 1, 24)
    ada = bakery.send("POST", "/recipients", {"name": "Ada"})["recipient_id"]
    lines = [{"item_id": cookie, "quantity": 6, "price": Decimal("1.50")}, {"item_id": box, "quantity": 1}]
    asked = {"due_on": date(2026, 12, 4), "due_time": "14:30", "recipient_id": ada, "reference": "A-17"}
    order = bakery.take_order(lines, **asked)
    assert (order.state, order.due_on, order.total_price) == ("open", date(2026, 12, 4), None)
    assert bakery.take_order(lines, **asked) == order
    with pytest.raises(ConflictError, match="taken with other contents"):
        bakery.take_order(lines[:1], **asked)
    over = bakery.hand_over(order.order_id, [{"line": 1, "quantity": 4}])
    assert (over.state, over.total_price) == ("partly handed over", Decimal("6.00"))
    assert [(one.recipient, one.state) for one in bakery.orders(search="A-17")] == [("Ada", "partly handed over")]
    assert bakery.hand_over(lines=[{"item_id": cookie, "quantity": 1}]).order_id is None

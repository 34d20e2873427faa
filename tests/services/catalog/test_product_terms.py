"""The terms on which a supplier sells a product."""

from decimal import Decimal
from typing import Any

import pytest

from bake_tracker.domain.access import Role
from bake_tracker.domain.buying.terms import Terms
from bake_tracker.domain.errors import ProductNotFoundError, ValidationError
from bake_tracker.queries.catalog.products import load_products
from bake_tracker.queries.verify.everything import verify_ledger
from bake_tracker.services.catalog.product_change import record_product_change
from bake_tracker.services.catalog.products import record_product
from bake_tracker.services.catalog.things import record_supplier
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.reversal import record_reversal
from bake_tracker.testing import OperationLog
from support.kitchen import Kitchen
from support.web import Web, submit

pytest_plugins = ["bake_tracker.testing"]

SOLD: dict[str, Any] = {
    "least_packs": 2,
    "multiple_packs": 2,
    "lead_days": 3,
    "order_days": ["thursday", "monday"],
    "prices": [{"from_packs": 10, "price": Decimal("17.90")}, {"price": Decimal("18.50")}],
}


@pytest.fixture
def bag(kitchen: Kitchen) -> int:
    """A bag of flour, without terms."""
    flour = kitchen.simple_bakery().ids["Flour"]
    return run_in_transaction(lambda s: record_product(flour, "Type 550", 25, "kg", session=s))["product_id"]


def change(product_id: int, **changes: Any) -> dict[str, Any]:
    return dict(run_in_transaction(lambda s: record_product_change(product_id, changes, session=s)))


def terms(product_id: int) -> dict[str, Any]:
    with read_scope() as session:
        (row,) = [one for one in load_products(session) if one["product_id"] == product_id]
    return {name: row[name] for name in (*SOLD, "supplier")}  # type: ignore[literal-required]


def test_terms_are_recorded_changed_and_undone_exactly(bag: int, operation_log: OperationLog) -> None:
    """A change keeps what it leaves out; undo brings each state back, to a product without terms."""
    nothing = terms(bag)
    assert (nothing["least_packs"], nothing["order_days"], nothing["prices"]) == (None, [], [])
    mill = run_in_transaction(lambda s: record_supplier("Mill", session=s))["supplier_id"]
    first = change(bag, supplier_id=mill, **SOLD)
    assert operation_log.one("record_product_change").fields["changed"] == ["supplier_id", *SOLD]
    sold = terms(bag)
    assert sold["prices"] == [{"from_packs": 1, "price": "18.50"}, {"from_packs": 10, "price": "17.90"}]
    assert (sold["order_days"], sold["supplier"]) == (["monday", "thursday"], "mill")
    assert change(bag, lead_days=3)["changed"] == []
    second = change(bag, least_packs=None, lead_days=0, prices=None)
    assert second["changed"] == ["least_packs", "lead_days", "prices"]
    assert terms(bag) == {**sold, "least_packs": None, "lead_days": 0, "prices": []}
    for done, state in ((second, sold), (first, nothing)):
        run_in_transaction(lambda s, id_=done["operation_id"]: record_reversal(id_, "mistyped", session=s))  # type: ignore[misc]
        assert terms(bag) == state
    with read_scope() as session:
        assert verify_ledger(session)["drift"] == []


def test_a_price_holds_for_all_packs_from_its_number_on() -> None:
    """All-unit breaks: the last price whose number is reached."""
    sold = Terms(prices=((1, 185), (10, 179), (40, 160)))
    assert [sold.price_of(packs) for packs in (1, 9, 10, 39, 40, 99)] == [185, 185, 179, 179, 160, 160]
    assert Terms().price_of(3) is None


def test_every_wrong_term_is_refused_at_once(bag: int) -> None:
    """The refusal names each field."""
    with pytest.raises(ValidationError) as refused:
        change(bag, least_packs=0, lead_days=-1, order_days=["someday"], prices=[{"from_packs": 5, "price": -1}])
    fields = {one["field"] for one in refused.value.problems}
    assert fields == {"least_packs", "lead_days", "order_days[0]", "prices[0].price"}
    with pytest.raises(ValidationError, match="must have a price from 1 pack on"):
        change(bag, prices=[{"from_packs": 5, "price": 1}])
    with pytest.raises(ProductNotFoundError):
        change(99, lead_days=1)


def test_the_page_shows_the_terms_and_changes_them(bag: int, kitchen: Kitchen) -> None:
    """The form comes filled in; sent back with another price, only the price changes. A baker has no such page."""
    change(bag, **SOLD)
    sold = terms(bag)
    web = Web().let_in()
    path = f"/products/{bag}"
    assert web.browser(Role.BAKER).get(path).status_code == 403
    owner = web.browser(Role.OWNER)
    assert path in owner.get(f"/stock/{kitchen.ids['Flour']}").text
    page = owner.get(path).text
    assert ('value="thursday" checked' in page, 'value="friday" checked' in page) == (True, False)
    form: dict[str, Any] = {**SOLD, "order_days": ["monday", "thursday"], "from_packs": ["1", "10"], "supplier_id": ""}
    del form["prices"]
    done = submit(owner, path, path, **form, price=["18.50", "16.00"])
    assert done.status_code == 303
    assert terms(bag) == {**sold, "prices": [{"from_packs": 1, "price": "18.50"}, {"from_packs": 10, "price": "16.00"}]}
    refused = submit(owner, path, path, **{**form, "lead_days": "400"}, price=["18.50", "16.00"])
    assert (refused.status_code, "from 0 to 366" in refused.text) == (422, True)

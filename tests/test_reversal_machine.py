"""Whatever is bought, baked, packed, held, moved and undone: undoing all of it leaves the bakery as it was."""

import logging
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import fresh_postgresql, fresh_sqlite
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from kitchen import Kitchen
from test_bakery_life import Keep

from bake_tracker.domain.errors import DependentsError, ServiceError, StaysError
from bake_tracker.queries.catalog_things import SHAPES
from bake_tracker.queries.verification import verify_ledger
from bake_tracker.services import (
    adjustment_service,
    allergen_service,
    bake_and_pack_service,
    batch_production_service,
    catalog_service,
    correction_service,
    delivery_service,
    goods_service,
    handling_service,
    label_service,
    measure_service,
    names_service,
    product_service,
    rate_service,
    recall_service,
    recipe_service,
    stocktake_service,
)
from bake_tracker.services.assembly_service import record_assembly
from bake_tracker.services.clock import now
from bake_tracker.services.database import Session, dispose_engines, read_scope, run_in_transaction
from bake_tracker.services.receiving_service import record_receipt
from bake_tracker.services.reversal_service import record_reversal

LIVES = 5
STEPS = 14

SHELF = (
    "SELECT item_id, code, remaining_micros, remaining_cost_micros, on_hold, usable_until, location "
    "FROM lot WHERE remaining_micros > 0 ORDER BY id"
)
UNDONE = "SELECT reversed_operation_id FROM reversal UNION ALL SELECT operation_id FROM reversal"
STANDING = f"""
SELECT id, name FROM operation WHERE id NOT IN ({UNDONE}) AND (
    id IN (SELECT operation_id FROM movement) OR id IN (SELECT operation_id FROM lot_hold)
    OR id IN (SELECT operation_id FROM transfer) OR id IN (SELECT operation_id FROM item_measure)
    OR id IN (SELECT operation_id FROM catalog_change)
) ORDER BY recorded_at, id
"""
WEIGHED = "SELECT slug FROM item WHERE g_per_ml IS NOT NULL OR g_per_each IS NOT NULL"
MAKING = {"record_item", "record_supplier", "record_recipe"}
"""What made a thing that lots and runs may name for good."""
EMPTY = "SELECT code FROM lot WHERE remaining_micros = 0 AND remaining_cost_micros <> 0"


class Life(RuleBasedStateMachine):
    """One operation after another, allowed or refused; ``prepared`` is what stood before the first of them."""

    kitchen: Kitchen
    keep: Keep
    prepared: set[str]
    known_at_first: dict[str, list[Any]]
    at_first: list[Any]
    heard: dict[str, int]

    def attempt(self, name: str, call: Callable[[Session], Any]) -> Any:
        """Do it in a transaction of its own; None when it is refused."""
        try:
            result = run_in_transaction(call)
        except ServiceError:
            return None
        self.heard[name] = self.heard.get(name, 0) + 1
        return result

    def pick_lot(self, number: int) -> int:
        lots = self.kitchen.rows("SELECT id FROM lot ORDER BY remaining_micros = 0, id DESC LIMIT 6")
        return int(lots[number % len(lots)][0])

    def standing(self) -> list[tuple[str, str]]:
        rows = [(str(row.id), str(row.name)) for row in self.kitchen.rows(STANDING)]
        return [row for row in rows if row[0] not in self.prepared]

    @initialize(part=st.integers(1, 600), actual=st.integers(0, 30))
    def begin(self, part: int, actual: int) -> None:
        """What every life has: goods in, a part of them moved, something baked."""
        self.receive("Flour", 650, Decimal("1.01"), 20)
        self.transfer(0, "Cellar", part)
        self.produce(1, actual, 1)

    @rule(
        item=st.sampled_from(("Flour", "Carton")),
        quantity=st.integers(1, 900),
        cost=st.one_of(st.none(), st.decimals(0, 50, places=3)),
        days=st.sampled_from((None, -1, 20)),
    )
    def receive(self, item: str, quantity: int, cost: Decimal | None, days: int | None) -> None:
        until = None if days is None else now().date() + timedelta(days=days)
        self.attempt(
            "receive",
            lambda s: record_receipt(
                self.kitchen.ids[item],
                quantity,
                "each" if item == "Carton" else "g",
                session=s,
                total_cost=cost,
                expires_on=until,
            ),
        )

    @rule(batches=st.integers(1, 3), actual=st.integers(0, 30), scale=st.sampled_from((1, Decimal(1) / 3)))
    def produce(self, batches: int, actual: int, scale: Any) -> None:
        ids = self.kitchen.ids
        self.attempt(
            "produce",
            lambda s: batch_production_service.record_batch_production(
                ids["Dough"], ids["Bun"], batches, actual, session=s, scale_factor=scale
            ),
        )

    @rule(good=st.sampled_from(("Box", "Hamper")), quantity=st.integers(1, 3))
    def assemble(self, good: str, quantity: int) -> None:
        self.attempt("assemble", lambda s: record_assembly(self.kitchen.ids[good], quantity, session=s))

    @rule(actual=st.integers(2, 20), quantity=st.integers(1, 3))
    def bake_and_pack(self, actual: int, quantity: int) -> None:
        ids = self.kitchen.ids
        self.attempt(
            "bake and pack",
            lambda s: bake_and_pack_service.record_bake_and_pack(
                ids["Dough"], ids["Bun"], 1, actual, ids["Box"], quantity, session=s
            ),
        )

    @rule(first=st.integers(0, 5), second=st.integers(0, 5))
    def hold(self, first: int, second: int) -> None:
        lots = [self.pick_lot(first), self.pick_lot(second)]
        self.attempt("hold", lambda s: handling_service.record_hold(lots, "smells", session=s))

    @rule(lot=st.integers(0, 5), days=st.sampled_from((None, 3)))
    def release(self, lot: int, days: int | None) -> None:
        until = None if days is None else now().date() + timedelta(days=days)
        key = self.pick_lot(lot)
        self.attempt("release", lambda s: handling_service.record_release([key], "fine", session=s, usable_until=until))

    @rule(
        lot=st.integers(0, 5),
        place=st.sampled_from(("Cellar", "Van", None)),
        quantity=st.one_of(st.none(), st.integers(1, 40)),
    )
    def transfer(self, lot: int, place: str | None, quantity: int | None) -> None:
        key = self.pick_lot(lot)
        self.attempt(
            "transfer whole" if quantity is None else "transfer of a part",
            lambda s: handling_service.record_transfer(key, place, session=s, quantity=quantity),
        )

    @rule(lot=st.integers(0, 5), kind=st.sampled_from(("waste", "more", "less")), quantity=st.integers(1, 60))
    def adjust(self, lot: int, kind: str, quantity: int) -> None:
        line = {"lot_id": self.pick_lot(lot), "quantity": -quantity if kind == "less" else quantity}
        name = "waste" if kind == "waste" else "correction"
        self.attempt(
            "adjust", lambda s: adjustment_service.record_adjustment(name, [line], session=s, reason="miscounted")
        )

    @rule(grams=st.integers(1, 300), is_piece=st.booleans())
    def weigh(self, grams: int, is_piece: bool) -> None:
        flour = self.kitchen.ids["Flour"]
        self.attempt(
            "weigh",
            lambda s: (
                measure_service.record_piece_weight(flour, 1, grams, "g", session=s)
                if is_piece
                else measure_service.record_density(flour, 1, "cup", grams, "g", session=s)
            ),
        )

    @rule(first=st.integers(0, 5), second=st.integers(0, 5), percent=st.integers(0, 100))
    def count(self, first: int, second: int, percent: int) -> None:
        lots = {self.pick_lot(first), self.pick_lot(second)}
        lines = [{"lot_id": lot, "percent_left": percent} for lot in sorted(lots)]
        self.attempt("count", lambda s: stocktake_service.record_stocktake(lines, session=s))

    @rule(what=st.sampled_from(("item", "supplier", "event", "recipient", "product")), number=st.integers(0, 4))
    def make(self, what: str, number: int) -> None:
        name, ids = f"Thing {number}", self.kitchen.ids
        calls: dict[str, Callable[[Session], Any]] = {
            "item": lambda s: catalog_service.record_item("ingredient", name, "g", session=s),
            "supplier": lambda s: catalog_service.record_supplier(name, session=s),
            "event": lambda s: catalog_service.record_event(name, session=s),
            "recipient": lambda s: catalog_service.record_recipient(name, session=s),
            "product": lambda s: product_service.record_product(ids["Flour"], name, number + 1, "kg", session=s),
        }
        self.attempt(f"make {what}", calls[what])

    @rule(name=st.sampled_from(("Dough", "Bread", "Cake")), item=st.integers(0, 5), grams=st.integers(1, 400))
    def write_recipe(self, name: str, item: int, grams: int) -> None:
        """A new one of flour or of what was made since, or other lines for one that is there."""
        known = {str(row.name): int(row.id) for row in self.kitchen.rows("SELECT id, name FROM recipe")}
        items = self.kitchen.rows("SELECT id FROM item WHERE kind = 'ingredient' ORDER BY id DESC LIMIT 3")
        lines: list[Any] = [{"item_id": int(items[item % len(items)][0]), "quantity": grams, "unit": "g"}]
        if name == "Cake" and "Bread" in known:
            lines.append({"sub_recipe_id": known["Bread"], "quantity": 1})
        self.attempt(
            "write recipe",
            lambda s: recipe_service.record_recipe(name, lines, session=s, recipe_id=known.get(name)),
        )

    @rule(
        what=st.sampled_from(("yield", "components", "rate", "name", "allergens", "label", "bakery")),
        number=st.integers(1, 4),
    )
    def state(self, what: str, number: int) -> None:
        ids = self.kitchen.ids
        flour, bun, dough = ids["Flour"], ids["Bun"], ids["Dough"]
        calls: dict[str, Callable[[Session], Any]] = {
            "yield": lambda s: recipe_service.record_recipe_yield(dough, bun, 10 + number, session=s),
            "components": lambda s: goods_service.record_good_components(
                ids["Box"], [{"item_id": bun, "quantity": number}], session=s
            ),
            "rate": lambda s: rate_service.record_recipe_rate(dough, number, 1, session=s),
            "name": lambda s: names_service.record_name("Mehl", flour if number > 1 else None, session=s),
            "allergens": lambda s: allergen_service.record_allergens(flour, ["wheat", "milk"][: number % 3], session=s),
            "label": lambda s: label_service.record_label_filed(bun, f"flour {number}", ["wheat"], session=s),
            "bakery": lambda s: catalog_service.record_bakery(name=f"Corner {number}", session=s),
        }
        self.attempt(f"state {what}", calls[what])

    @rule(quantities=st.lists(st.integers(1, 90), min_size=1, max_size=3), supplier=st.booleans())
    def deliver(self, quantities: list[int], supplier: bool) -> None:
        """Of the latest ingredient, which may have been made since, and from the latest supplier."""
        (item,) = self.kitchen.rows("SELECT max(id) FROM item WHERE kind = 'ingredient'")[0]
        key = self.kitchen.rows("SELECT max(id) FROM supplier")[0][0] if supplier else None
        lines: Any = [{"item_id": item, "quantity": quantity, "unit": "g"} for quantity in quantities]
        self.attempt("deliver", lambda s: delivery_service.record_delivery(lines, session=s, supplier_id=key))

    @rule(lot=st.integers(0, 5))
    def recall(self, lot: int) -> None:
        key = self.pick_lot(lot)
        self.attempt("recall", lambda s: recall_service.record_recall(key, session=s))

    @rule(number=st.integers(0, 20), cascade=st.booleans())
    def reverse(self, number: int, cascade: bool) -> None:
        if standing := self.standing():
            key, _ = standing[number % len(standing)]
            self.attempt(
                "cascade" if cascade else "reverse",
                lambda s: record_reversal(key, "mistake", session=s, cascade=cascade),
            )

    @rule(number=st.integers(0, 20), actual=st.integers(0, 30))
    def correct(self, number: int, actual: int) -> None:
        runs = [key for key, name in self.standing() if name == "record_batch_production"]
        if runs:
            key = runs[number % len(runs)]
            self.attempt(
                "correct",
                lambda s: correction_service.record_production_correction(
                    key, actual, "mistyped", session=s, cascade=True
                ),
            )

    @invariant()
    def ledger_caches_and_log_agree(self) -> None:
        with read_scope() as session:
            assert verify_ledger(session)["drift"] == []
        assert self.kitchen.rows(EMPTY) == []
        claimed = self.keep.ids("success")
        assert sorted(claimed) == sorted(str(row.id) for row in self.kitchen.rows("SELECT id FROM operation"))

    def undo_everything(self, by_roots: bool) -> None:
        """The latest first, each alone; or the earliest first with all that rests on it. What stays is named for it."""
        staying, stayed = set[str](), set[str]()
        while standing := [row for row in self.standing() if row[0] not in staying]:
            key, name = standing[0] if by_roots else standing[-1]
            try:
                run_in_transaction(lambda s, key=key: record_reversal(key, "start again", session=s, cascade=by_roots))  # type: ignore[misc]
            except StaysError:
                staying.add(key)
                stayed.add(name)
            except DependentsError as error:
                raise AssertionError(f"what came last has something on it: {error}") from None
        self.ledger_caches_and_log_agree()
        assert self.kitchen.rows(SHELF) == self.at_first
        assert self.kitchen.rows(WEIGHED) == []
        left = self.kitchen.rows(f"SELECT id FROM production_run WHERE operation_id NOT IN ({UNDONE})")
        assert left == []
        assert stayed <= MAKING
        if not staying:
            assert known(self.kitchen) == self.known_at_first


def known(kitchen: Kitchen) -> dict[str, list[Any]]:
    """All rows of the catalogue as they are now."""
    columns = {name: ", ".join(column.name for column in shape.columns) for name, shape in SHAPES.items()}
    return {
        name: sorted(str(tuple(row)) for row in kitchen.rows(f"SELECT {those} FROM {name}"))
        for name, those in columns.items()
    }


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_after_undoing_everything_every_lot_cost_and_count_is_as_at_the_start(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: Any
) -> None:
    """A few lives, each on a database of its own and verified in full after every step."""
    make = {"sqlite": fresh_sqlite, "postgresql": fresh_postgresql}[kind]
    logger, lives, heard = logging.getLogger("bake_tracker.services"), [], dict[str, int]()

    class Lived(Life):
        def __init__(self) -> None:
            super().__init__()
            home = tmp_path / str(len(lives))
            home.mkdir()
            monkeypatch.setenv("BAKE_TRACKER_DATABASE_URL", make(request, home))
            self.keep, self.heard = Keep(), heard
            lives.append(self.keep)
            logger.addHandler(self.keep)
            self.kitchen = stocked_kitchen()
            self.prepared = {str(row.id) for row in self.kitchen.rows("SELECT id FROM operation")}
            self.at_first, self.known_at_first = self.kitchen.rows(SHELF), known(self.kitchen)

        def teardown(self) -> None:
            try:
                self.undo_everything(by_roots=len(lives) % 2 == 0)
            finally:
                logger.removeHandler(self.keep)
                dispose_engines()

    few = settings(
        max_examples=LIVES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Lived, settings=few)
    assert len(lives) >= LIVES, heard
    assert {"reverse", "cascade"} & heard.keys(), heard
    assert {"write recipe", "deliver", "recall"} & heard.keys(), heard
    assert {"receive", "produce", "hold", "transfer of a part", "weigh"} <= heard.keys(), heard


def stocked_kitchen() -> Kitchen:
    """Buns of two lots of flour, boxes of two buns, hampers of boxes; enough of all for a life."""
    kitchen = Kitchen()
    kitchen.ingredient("Flour")
    kitchen.item("material", "Carton", "each")
    kitchen.recipe("Dough", {"Flour": (Decimal("333.333"), "g")}, {"Bun": 12})
    kitchen.good("Box", {"Bun": 2, "Carton": 1}, shelf_life_days=3)
    kitchen.good("Hamper", {"Box": 1, "Bun": 3})
    kitchen.receive("Flour", 700, "g", 7)
    kitchen.receive("Flour", 2, "kg", Decimal("3.01"))
    kitchen.receive("Carton", 30, "each", 2)
    kitchen.receive("Bun", 20, "each", 9)
    run_in_transaction(lambda s: rate_service.record_recipe_rate(kitchen.ids["Dough"], 7, Decimal("0.5"), session=s))
    return kitchen

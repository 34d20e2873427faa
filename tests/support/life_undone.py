"""A bakery's life that is undone completely: the steps that may happen in it, and how it ends."""

import os
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bake_tracker.clock import now
from bake_tracker.domain.errors import CountedSinceError, DependentsError, ServiceError, StaysError
from bake_tracker.domain.stock.returns import PUTS
from bake_tracker.queries.catalog.things import SHAPES, key_of, load_called, owner_of
from bake_tracker.queries.verify.everything import verify_ledger
from bake_tracker.services import batch_production_service
from bake_tracker.services.assembly_service import record_assembly
from bake_tracker.services.catalog import (
    allergens,
    edits,
    goods,
    labels,
    measures,
    products,
    rates,
    recipe_makes,
    recipes,
    settings,
    things,
)
from bake_tracker.services.catalog import names as names_service
from bake_tracker.services.database import Session, read_scope, run_in_transaction
from bake_tracker.services.importing import tables as import_service
from bake_tracker.services.production import bake_and_pack as bake_and_pack_service
from bake_tracker.services.production import correction
from bake_tracker.services.reversal import check_reversal, record_reversal
from bake_tracker.services.stock import adjustment, cost_statement, delivery, handling, returns, stocktake
from bake_tracker.services.stock import recall as recall_service
from bake_tracker.services.stock.receipt import record_receipt
from support.import_files import clean
from support.kitchen import Kitchen
from support.life import Keep

CHECKED_AFTER = int(os.environ.get("BAKE_TRACKER_TEST_CHECKED_AFTER", "6"))
"""The number of steps between two full verifications of a life."""
Draw = Callable[[st.SearchStrategy[Any]], Any]
Call = Callable[[Session], Any]
Row = tuple[str, str, str]

SHELF = (
    "SELECT item_id, code, remaining_micros, remaining_cost_micros, on_hold, usable_until, location "
    "FROM lot WHERE remaining_micros > 0 ORDER BY id"
)
UNDONE = "SELECT reversed_operation_id FROM reversal UNION ALL SELECT operation_id FROM reversal"
STANDING = f"""
SELECT id, name FROM operation WHERE id NOT IN ({UNDONE}) AND (
    id IN (SELECT operation_id FROM movement) OR id IN (SELECT operation_id FROM lot_hold)
    OR id IN (SELECT operation_id FROM transfer) OR id IN (SELECT operation_id FROM item_measure)
    OR id IN (SELECT operation_id FROM catalog_change) OR id IN (SELECT operation_id FROM cost_statement)
) ORDER BY recorded_at, id
"""
BOUGHT = f"""
SELECT id FROM lot WHERE NOT is_made AND parent_lot_id IS NULL AND operation_id NOT IN ({UNDONE})
ORDER BY remaining_cost_micros IS NOT NULL, remaining_micros < quantity_micros DESC, id LIMIT 6
"""
ALL = "SELECT id, name, parent_id FROM operation ORDER BY recorded_at, id"
WEIGHED = "SELECT slug FROM item WHERE g_per_ml IS NOT NULL OR g_per_each IS NOT NULL"
EMPTY = "SELECT code FROM lot WHERE remaining_micros = 0 AND remaining_cost_micros <> 0"
LATEST = "SELECT max(id) FROM item WHERE kind = 'ingredient' AND base_unit = 'g' AND NOT is_category"

DECK = (
    *("receive", "receive", "produce", "produce", "assemble", "bake and pack", "correct"),
    *("hold", "release", "transfer whole", "transfer of a part", "recall", "part"),
    *("waste", "more", "less", "count", "density", "piece", "bring back", "send back"),
    *("bill", "bill", "credit"),
    *("make item", "make supplier", "make event", "make recipient", "make product", "deliver"),
    *("write recipe", "write recipe", "state yield", "state makes", "state components", "state rate", "state name"),
    *("state allergens", "state allergens of a package", "state label", "state bakery", "import"),
    *("state policy", "state archiving", "correct settings"),
    *("undo", "undo", "undo", "cascade"),
)
"""The steps of a life, each as often as it occurs here."""


class Life(RuleBasedStateMachine):
    """One operation after another; ``prepared`` holds the operations before the first, ``heard`` counts outcomes."""

    kitchen: Kitchen
    keep: Keep
    prepared: set[str]
    known_at_first: set[Row]
    at_first: list[Any]
    heard: Counter[str]
    steps = 0
    kept: set[str]
    """What a reversal reported as kept, because the ledger refers to it."""

    def move_in(self) -> None:
        """A stocked kitchen in the database that the environment names; nothing was heard or done yet."""
        self.keep, self.heard, self.kept, self.kitchen = Keep(), Counter(), set(), stocked_kitchen()
        self.prepared = {str(row.id) for row in self.kitchen.rows("SELECT id FROM operation")}

    def attempt(self, name: str, call: Call) -> Any:
        """Run it in a transaction of its own; None if it is refused."""
        try:
            result = run_in_transaction(call)
        except ServiceError as error:
            self.heard[f"refused: {name}: {error.code}"] += 1
            return None
        self.heard[name] += 1
        return result

    def reverse(self, key: str, cascade: bool) -> Any:
        """Undo it, and count what was undone; no count had seen that it would be. The preview asked the same."""
        with read_scope() as session:
            previewed = check_reversal(key, session=session).get("counts", [])
        counts: list[Any] = []
        try:
            done = run_in_transaction(lambda s: record_reversal(key, "mistake", session=s, cascade=cascade))
        except CountedSinceError as error:
            counts = error.counts
            done = run_in_transaction(
                lambda s: record_reversal(key, "mistake", session=s, cascade=cascade, count_saw="after")
            )
        assert previewed == counts
        all_of_it: list[Any] = [done, *done["also_reversed"]]
        self.heard.update(f"undone: {one['reversed_operation']}" for one in all_of_it)
        self.kept.update(thing["thing"] for one in all_of_it for thing in one["catalog"] if thing["done"] == "kept")
        return done

    def standing(self) -> list[tuple[str, str]]:
        """Operations in force that changed something, or the outermost one around each."""
        rows = {str(row.id): row for row in self.kitchen.rows(ALL)}
        undone = {str(row[0]) for row in self.kitchen.rows(UNDONE)}
        found = set[str]()
        for row in self.kitchen.rows(STANDING):
            key = str(row.id)
            while (parent := rows[key].parent_id) is not None and str(parent) not in undone:
                key = str(parent)
            found.add(key)
        return [(key, str(row.name)) for key, row in rows.items() if key in found - self.prepared]

    def lots(self, where: str = "NOT on_hold") -> list[int]:
        """Lots with something left, latest first."""
        found = f"SELECT id FROM lot WHERE remaining_micros > 0 AND {where} ORDER BY id DESC LIMIT 6"
        return [int(row.id) for row in self.kitchen.rows(found)]

    @initialize(deck=st.permutations(DECK), part=st.integers(1, 600), actual=st.integers(2, 30))
    def begin(self, deck: list[str], part: int, actual: int) -> None:
        """Every life begins with goods in, a part of them moved, and a production."""
        ids, self.deck = self.kitchen.ids, deck
        self.attempt("receive", lambda s: record_receipt(ids["Flour"], 650, "g", session=s, total_cost=Decimal("1.01")))
        (lot, *_) = self.lots()
        self.attempt("transfer of a part", lambda s: handling.record_transfer(lot, "Cellar", session=s, quantity=part))
        self.produce("produce", lambda strategy: 1 if strategy is not ACTUAL else actual)

    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        """Take the next step of the deck; after the last, start over."""
        kind = self.deck.pop(0)
        self.deck.append(kind)
        family = kind.partition(" ")[0]
        method = {"make": self.make, "state": self.state, "transfer": self.transfer}.get(family) or {
            "receive": self.receive,
            "produce": self.produce,
            "assemble": self.assemble,
            "bake and pack": self.bake_and_pack,
            "correct": self.correct,
            "correct settings": self.correct_settings,
            "hold": self.hold,
            "release": self.release,
            "recall": self.recall,
            "part": self.handle_a_part,
            "waste": self.adjust,
            "more": self.adjust,
            "less": self.adjust,
            "count": self.count,
            "bring back": self.bring_back,
            "send back": self.send_back,
            "density": self.weigh,
            "piece": self.weigh,
            "deliver": self.deliver,
            "bill": self.bill,
            "credit": self.bill,
            "write recipe": self.write_recipe,
            "import": self.bring_in,
            "undo": self.undo,
            "cascade": self.cascade,
        }[kind]
        method(kind, data.draw)

    def receive(self, kind: str, draw: Draw) -> None:
        item = draw(st.sampled_from(("Flour", "Carton")))
        quantity, cost = draw(st.integers(1, 900)), draw(st.one_of(st.none(), st.decimals(0, 50, places=3)))
        until = draw(st.sampled_from((None, -1, 20)))
        self.attempt(
            kind,
            lambda s: record_receipt(
                self.kitchen.ids[item],
                quantity,
                "each" if item == "Carton" else "g",
                session=s,
                total_cost=cost,
                expires_on=None if until is None else now().date() + timedelta(days=until),
            ),
        )

    def produce(self, kind: str, draw: Draw) -> None:
        ids, actual, batches, scale = self.kitchen.ids, draw(ACTUAL), draw(st.integers(1, 2)), draw(SCALE)
        self.attempt(
            kind,
            lambda s: batch_production_service.record_batch_production(
                ids["Dough"], ids["Bun"], batches, actual, session=s, scale_factor=scale
            ),
        )

    def assemble(self, kind: str, draw: Draw) -> None:
        boxes = self.lots(f"NOT on_hold AND item_id = {self.kitchen.ids['Box']}")
        good = draw(st.sampled_from(("Box", "Hamper"))) if boxes else "Box"
        quantity = draw(st.integers(1, 3)) if good == "Box" else 1
        self.attempt(kind, lambda s: record_assembly(self.kitchen.ids[good], quantity, session=s))

    def bake_and_pack(self, kind: str, draw: Draw) -> None:
        ids, actual, quantity = self.kitchen.ids, draw(st.integers(6, 20)), draw(st.integers(1, 3))
        self.attempt(
            kind,
            lambda s: bake_and_pack_service.record_bake_and_pack(
                ids["Dough"], ids["Bun"], 1, actual, ids["Box"], quantity, session=s
            ),
        )

    def correct(self, kind: str, draw: Draw) -> None:
        """Correct a production in force, with whatever depends on it; if there is none, bake first."""
        if not self.runs():
            self.produce("produce", draw)
        if runs := self.runs():
            key, actual = draw(st.sampled_from(runs)), draw(st.integers(0, 30))
            self.attempt(
                kind,
                lambda s: correction.record_production_correction(key, actual, "mistyped", session=s, cascade=True),
            )

    def correct_settings(self, kind: str, draw: Draw) -> None:
        zone, currency = draw(st.sampled_from(("Pacific/Auckland", "America/Los_Angeles", "UTC"))), draw(CURRENCIES)
        self.attempt(
            kind,
            lambda s: settings.record_bakery_correction("set up wrong", session=s, time_zone=zone, currency=currency),
        )

    def runs(self) -> list[str]:
        return [key for key, name in self.standing() if name == "record_batch_production"]

    def hold(self, kind: str, draw: Draw) -> None:
        lots = draw(st.lists(st.sampled_from(self.lots()), min_size=1, max_size=2, unique=True))
        self.attempt(kind, lambda s: handling.record_hold(lots, "smells", session=s))

    def release(self, kind: str, draw: Draw) -> None:
        """Release a lot on hold; if there is none, put one on hold first."""
        if not self.lots("on_hold"):
            self.hold("hold", draw)
        lot, days = draw(st.sampled_from(self.lots("on_hold"))), draw(st.sampled_from((None, 3)))
        until = None if days is None else now().date() + timedelta(days=days)
        self.attempt(kind, lambda s: handling.record_release([lot], "fine", session=s, usable_until=until))

    def transfer(self, kind: str, draw: Draw) -> None:
        lot, place = draw(st.sampled_from(self.lots())), draw(st.sampled_from(("Cellar", "Van", "Shop")))
        quantity = draw(st.integers(1, 40)) if kind == "transfer of a part" else None
        self.attempt(kind, lambda s: handling.record_transfer(lot, place, session=s, quantity=quantity))

    def recall(self, kind: str, draw: Draw) -> None:
        """Recall a lot, and mostly undo or release it at once, because a recall holds most of the stock."""
        lot, then = draw(st.sampled_from(self.lots())), draw(st.sampled_from(("undo", "release", "undo", "keep")))
        done = self.attempt(kind, lambda s: recall_service.record_recall(lot, session=s))
        if then == "undo":
            self.reverse(done["operation_id"], cascade=False)
        elif then == "release":
            held = [one["lot_id"] for one in done["held"]]
            self.attempt(then, lambda s: handling.record_release(held, "a drill", session=s))

    def handle_a_part(self, kind: str, draw: Draw) -> None:
        """Hold a lot, split a part off, release the part, and undo hold and release in any order, or keep them."""
        lot, days = draw(st.sampled_from(self.lots("NOT on_hold AND remaining_micros > 60000000"))), draw(UNTIL)
        until = None if days is None else now().date() + timedelta(days=days)
        held = self.attempt("hold", lambda s: handling.record_hold([lot], "smells", session=s))
        apart = self.attempt("transfer of a part", lambda s: handling.record_transfer(lot, None, session=s, quantity=3))
        part = apart["new_lot_id"]
        freed = self.attempt(kind, lambda s: handling.record_release([part], "fine", session=s, usable_until=until))
        if draw(st.booleans()):
            for done in draw(st.permutations([held, freed])):
                self.reverse(done["operation_id"], cascade=True)
                self.ledger_caches_and_log_agree()

    def adjust(self, kind: str, draw: Draw) -> None:
        lot, quantity = draw(st.sampled_from(self.lots("remaining_micros > 60000000") or self.lots())), draw(SOME)
        line = {"lot_id": lot, "quantity": -quantity if kind == "less" else quantity}
        name = "waste" if kind == "waste" else "correction"
        self.attempt(kind, lambda s: adjustment.record_adjustment(name, [line], session=s, reason="miscounted"))

    def bring_back(self, kind: str, draw: Draw) -> None:
        """Sell from a lot, and take some of it back in any way, or twice."""
        lot, quantity, put = draw(st.sampled_from(self.lots())), draw(SOME), draw(st.sampled_from(PUTS))
        line = {"lot_id": lot, "quantity": quantity}
        if sale := self.attempt("sale", lambda s: adjustment.record_adjustment("sale", [line], session=s)):
            key, back = sale["operation_id"], {"lot_id": lot, "quantity": draw(st.integers(1, quantity))}
            for _ in range(2):
                self.attempt(kind, lambda s: returns.record_return([back], session=s, handed_over_by=key, put=put))

    def send_back(self, kind: str, draw: Draw) -> None:
        lot = draw(st.sampled_from(self.lots("NOT is_made AND remaining_micros > 60000000")))
        line = {"lot_id": lot, "quantity": draw(SOME)}
        self.attempt(kind, lambda s: returns.record_return([line], session=s, kind="to_supplier"))

    def count(self, kind: str, draw: Draw) -> None:
        lots = draw(st.lists(st.sampled_from(self.lots()), min_size=1, max_size=2, unique=True))
        lines: Any = [{"lot_id": lot, "percent_left": draw(st.integers(0, 100))} for lot in lots]
        self.attempt(kind, lambda s: stocktake.record_stocktake(lines, session=s))

    def weigh(self, kind: str, draw: Draw) -> None:
        flour, grams = self.kitchen.ids["Flour"], draw(st.integers(1, 300))
        calls: dict[str, Call] = {
            "piece": lambda s: measures.record_piece_weight(flour, 1, grams, "g", session=s),
            "density": lambda s: measures.record_density(flour, 1, "cup", grams, "g", session=s),
        }
        self.attempt(kind, calls[kind])

    def make(self, kind: str, draw: Draw) -> None:
        count = len(self.kitchen.rows("SELECT id FROM operation"))
        name, ids = f"Thing {count}", self.kitchen.ids
        calls: dict[str, Call] = {
            "item": lambda s: things.record_item("ingredient", name, "g", session=s),
            "supplier": lambda s: things.record_supplier(name, session=s),
            "event": lambda s: things.record_event(name, session=s),
            "recipient": lambda s: things.record_recipient(name, session=s),
            "product": lambda s: products.record_product(ids["Flour"], name, 2, "kg", session=s),
        }
        self.attempt(kind, calls[kind.removeprefix("make ")])

    def deliver(self, kind: str, draw: Draw) -> None:
        """Deliver the latest ingredient, which may be new, from the latest supplier."""
        (item,), (key,) = (self.kitchen.rows(one)[0] for one in (LATEST, "SELECT max(id) FROM supplier"))
        lines: Any = [{"item_id": item, "quantity": one, "unit": "g"} for one in draw(st.lists(SOME, min_size=1))]
        self.attempt(kind, lambda s: delivery.record_delivery(lines[:3], session=s, supplier_id=key))

    def bill(self, kind: str, draw: Draw) -> None:
        """State the cost of a lot, mostly one that is used, or a part of it as a credit."""
        lots = [int(row.id) for row in self.kitchen.rows(BOUGHT)]
        lot, cents = draw(st.sampled_from(lots)), draw(st.integers(1, 2_000))
        line = {"lot_id": lot, **({"cost": cents} if kind == "bill" else {"amount": -Decimal(cents) / 1_000})}
        how = "invoice" if kind == "bill" else "credit"
        self.attempt(kind, lambda s: cost_statement.record_cost_statement([line], session=s, kind=how))

    def write_recipe(self, kind: str, draw: Draw) -> None:
        """Write a new recipe of flour or of the latest ingredient, or change the lines of an existing one."""
        known = {str(row.name): int(row.id) for row in self.kitchen.rows("SELECT id, name FROM recipe")}
        name, grams = draw(st.sampled_from(("Bread", "Dough", "Cake"))), draw(st.integers(1, 400))
        item = draw(st.sampled_from((self.kitchen.ids["Flour"], int(self.kitchen.rows(LATEST)[0][0]))))
        lines: Any = [{"item_id": item, "quantity": grams, "unit": "g"}]
        if name == "Dough":
            lines = [{"item_id": self.kitchen.ids["Flour"], "quantity": grams, "unit": "g"}]
        if name == "Cake" and "Bread" in known:
            lines.append({"sub_recipe_id": known["Bread"], "quantity": 1})
        self.attempt(kind, lambda s: recipes.record_recipe(name, lines, session=s, recipe_id=known.get(name)))

    def state(self, kind: str, draw: Draw) -> None:
        ids, number = self.kitchen.ids, draw(st.integers(1, 4))
        flour, bun, dough, bag = ids["Flour"], ids["Bun"], ids["Dough"], ids["Bag"]
        said = ["wheat", "milk"][: number % 3]
        calls: dict[str, Call] = {
            "yield": lambda s: recipes.record_recipe_yield(dough, bun, 10 + number, session=s),
            "makes": lambda s: recipe_makes.record_recipe_makes(
                dough, [{"finished_unit_id": bun, "quantity": 20 + number}], session=s
            ),
            "components": lambda s: goods.record_good_components(
                ids["Box"], [{"item_id": bun, "quantity": number}], session=s
            ),
            "rate": lambda s: rates.record_recipe_rate(dough, number, 1, session=s),
            "name": lambda s: names_service.record_name("Mehl", flour, session=s),
            "allergens": lambda s: allergens.record_allergens(flour, said, session=s),
            "allergens of a package": lambda s: allergens.record_allergens(flour, said, session=s, product_id=bag),
            "label": lambda s: labels.record_label_filed(bun, f"flour {number}", ["wheat"], session=s),
            "policy": lambda s: edits.record_item_change(
                flour, {"pick_policy": ("fifo", "fefo")[number % 2], "shelf_life_days": number}, session=s
            ),
            "archiving": lambda s: edits.record_item_change(flour, {"archived": number < 3}, session=s),
            "bakery": lambda s: things.record_bakery(name=f"Corner {number}", session=s),
        }
        self.attempt(kind, calls[kind.removeprefix("state ")])

    def bring_in(self, kind: str, draw: Draw) -> None:
        """Import items, recipes and goods, with lots or without."""
        document = clean() if draw(st.booleans()) else {**clean(), "inventory_items": [], "purchases": []}
        self.attempt(kind, lambda s: import_service.record_import(document, session=s))

    def undo(self, kind: str, draw: Draw) -> None:
        """Undo one of the last six, unless it has dependents or must stay."""
        if standing := self.standing()[-6:]:
            key, _ = draw(st.sampled_from(standing))
            try:
                self.reverse(key, cascade=False)
                self.heard[kind] += 1
            except DependentsError as error:
                self.heard[f"refused: {kind}: {error.code}"] += 1

    def cascade(self, kind: str, draw: Draw) -> None:
        """Undo an operation that has dependents, together with them."""
        standing = [key for key, name in self.standing() if name not in MAKING]
        for key in draw(st.permutations(standing)):
            with read_scope() as session:
                asked = check_reversal(key, session=session)
            if asked["dependents"] and not asked["stays"]:
                self.reverse(key, cascade=True)
                self.heard[kind] += 1
                return

    @invariant()
    def is_honest(self) -> None:
        """Checked after every few steps, because it takes as long as all else; at the end of a life, always."""
        self.steps += 1
        if self.steps % CHECKED_AFTER == 0:
            self.ledger_caches_and_log_agree()

    def ledger_caches_and_log_agree(self) -> None:
        with read_scope() as session:
            drift = verify_ledger(session)["drift"]
        assert drift == [], drift
        assert self.kitchen.rows(EMPTY) == []
        claimed = self.keep.ids("success")
        assert sorted(claimed) == sorted(str(row.id) for row in self.kitchen.rows("SELECT id FROM operation"))

    def undo_everything(self, by_roots: bool) -> None:
        """Undo the latest first, each alone; or the earliest first, with all its dependents."""
        self.ledger_caches_and_log_agree()
        staying, stayed = set[str](), set[str]()
        while standing := [row for row in self.standing() if row[0] not in staying]:
            key, _ = standing[0] if by_roots else standing[-1]
            try:
                self.reverse(key, cascade=by_roots)
            except StaysError as error:
                staying.add(key)
                stayed.update(error.stays)
            except DependentsError as error:
                raise AssertionError(f"the latest operation has dependents: {error}") from None
        self.ledger_caches_and_log_agree()
        assert self.kitchen.rows(SHELF) == self.at_first
        weighed = {f"item {row.slug}" for row in self.kitchen.rows(WEIGHED)}
        assert weighed <= self.kept
        assert self.kitchen.rows(f"SELECT id FROM production_run WHERE operation_id NOT IN ({UNDONE})") == []
        now_known = known(self.kitchen)
        assert self.known_at_first - now_known == set()
        left = now_known - self.known_at_first
        with read_scope() as session:
            names = load_called(session, {owner_of(row[:2]) or row[:2] for row in left})
        assert set(names.values()) <= stayed | self.kept


MAKING = {"record_item", "record_supplier", "record_recipe", "record_import"}
"""Operations that made a thing which lots and runs may refer to for good."""
ACTUAL = st.integers(2, 30)
SCALE = st.sampled_from((1, Decimal(1) / 3))
SOME = st.integers(1, 60)
CURRENCIES = st.sampled_from(("EUR", "GBP"))
UNTIL = st.sampled_from((None, 3))


def known(kitchen: Kitchen) -> set[Row]:
    """All rows of the catalogue as they are now."""
    rows = set[Row]()
    for name, shape in SHAPES.items():
        columns = ", ".join(column.name for column in shape.columns)
        for row in kitchen.rows(f"SELECT {columns} FROM {name}"):
            rows.add((name, key_of(name, row._mapping), str(tuple(row))))
    return rows


def stocked_kitchen() -> Kitchen:
    """Buns from two lots of flour, boxes of two buns, hampers of boxes; enough of each for a life."""
    kitchen = Kitchen()
    kitchen.ingredient("Flour")
    kitchen.item("material", "Carton", "each")
    kitchen.recipe("Dough", {"Flour": (Decimal("333.333"), "g")}, {"Bun": 12})
    kitchen.good("Box", {"Bun": 2, "Carton": 1}, shelf_life_days=3)
    kitchen.good("Hamper", {"Box": 1, "Bun": 3})
    kitchen.receive("Flour", 700, "g", 7)
    kitchen.receive("Flour", 9, "kg", Decimal("13.01"))
    kitchen.receive("Carton", 90, "each", 2)
    kitchen.receive("Bun", 90, "each", 9)
    ids = kitchen.ids
    bag = run_in_transaction(lambda s: products.record_product(ids["Flour"], "Type 550", 25, "kg", session=s))
    ids["Bag"] = bag["product_id"]
    run_in_transaction(lambda s: things.record_supplier("Mill", session=s))
    run_in_transaction(lambda s: rates.record_recipe_rate(ids["Dough"], 7, Decimal("0.5"), session=s))
    return kitchen

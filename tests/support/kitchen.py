"""Helpers to set up a bakery through its public services."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import text

from bake_tracker.services import assembly_service, batch_production_service
from bake_tracker.services.catalog import goods, measures, recipes, things
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.stock import receipt
from support.warm.snapshot import once

Quantity = int | Decimal | Fraction


class Kitchen:
    """Each method runs one transaction of its own on the database that the environment names."""

    def __init__(self) -> None:
        self.ids: dict[str, int] = {}

    def item(self, kind: str, name: str, unit: str = "g", **more: Any) -> int:
        result = run_in_transaction(lambda s: things.record_item(kind, name, unit, session=s, **more))
        self.ids[name] = result["item_id"]
        return result["item_id"]

    def ingredient(self, name: str, unit: str = "g", **more: Any) -> int:
        return self.item("ingredient", name, unit, **more)

    def receive(
        self, item: str, quantity: Quantity, unit: str, cost: int | Decimal | None = None, **more: Any
    ) -> dict[str, Any]:
        return dict(
            run_in_transaction(
                lambda s: receipt.record_receipt(self.ids[item], quantity, unit, session=s, total_cost=cost, **more)
            )
        )

    def density(self, item: str, volume: Quantity, volume_unit: str, weight: Quantity, weight_unit: str) -> None:
        run_in_transaction(
            lambda s: measures.record_density(self.ids[item], volume, volume_unit, weight, weight_unit, session=s)
        )

    def recipe(
        self,
        name: str,
        lines: Mapping[str, tuple[Quantity, str]],
        makes: Mapping[str, Quantity] = {},
        **more: Any,
    ) -> int:
        """``lines`` by item name, or by recipe name with the unit ``"batch"``; ``makes`` by finished-unit name."""
        rows: list[Any] = [
            {"sub_recipe_id": self.ids[of], "quantity": quantity}
            if unit == "batch"
            else {"item_id": self.ids[of], "quantity": quantity, "unit": unit}
            for of, (quantity, unit) in lines.items()
        ]
        made = run_in_transaction(lambda s: recipes.record_recipe(name, rows, session=s, **more))
        self.ids[name] = made["recipe_id"]
        for unit_name, quantity in makes.items():
            if unit_name not in self.ids:
                self.item("finished_unit", unit_name, "each")
            run_in_transaction(
                lambda s, unit_name=unit_name, quantity=quantity: recipes.record_recipe_yield(
                    self.ids[name], self.ids[unit_name], quantity, session=s
                )
            )
        return made["recipe_id"]

    def good(self, name: str, components: Mapping[str, Quantity], **more: Any) -> int:
        good_id = self.item("finished_good", name, "each", **more)
        parts: Any = [{"item_id": self.ids[part], "quantity": quantity} for part, quantity in components.items()]
        run_in_transaction(lambda s: goods.record_good_components(good_id, parts, session=s))
        return good_id

    def produce(self, recipe: str, unit: str, batches: Any, actual: Any, **more: Any) -> dict[str, Any]:
        return dict(
            run_in_transaction(
                lambda s: batch_production_service.record_batch_production(
                    self.ids[recipe], self.ids[unit], batches, actual, session=s, **more
                )
            )
        )

    def can_produce(self, recipe: str, batches: Any, **more: Any) -> dict[str, Any]:
        with read_scope() as session:
            return dict(batch_production_service.check_can_produce(self.ids[recipe], batches, session=session, **more))

    def assemble(self, good: str, quantity: Any, **more: Any) -> dict[str, Any]:
        return dict(
            run_in_transaction(lambda s: assembly_service.record_assembly(self.ids[good], quantity, session=s, **more))
        )

    def can_assemble(self, good: str, quantity: Any) -> dict[str, Any]:
        with read_scope() as session:
            return dict(assembly_service.check_can_assemble(self.ids[good], quantity, session=session))

    def stock(self, item: str) -> Decimal:
        """What the item's lots hold now, in its base unit."""
        rows = self.rows("SELECT remaining_micros FROM lot WHERE item_id = :item", item=self.ids[item])
        return sum((Decimal(row[0]).scaleb(-6) for row in rows), Decimal(0))

    def rows(self, sql: str, **parameters: Any) -> list[Any]:
        """Query the database directly, bypassing every service."""
        with read_scope() as session:
            return list(session.execute(text(sql), parameters).all())

    def simple_bakery(self) -> "Kitchen":
        """Flour 10 kg for 20.00, sugar 5 kg for 10.00, cartons; 24 cookies a batch; a box of six cookies."""
        self.ids |= once("simple bakery", lambda: Kitchen()._simple_bakery().ids)
        return self

    def _simple_bakery(self) -> "Kitchen":
        self.ingredient("Flour")
        self.ingredient("Sugar")
        self.item("material", "Carton", "each")
        self.recipe("Cookies", {"Flour": (500, "g"), "Sugar": (250, "g")}, {"Cookie": 24})
        self.good("Box", {"Cookie": 6, "Carton": 1})
        self.receive("Flour", 10, "kg", 20, received_on=date(2026, 1, 1))
        self.receive("Sugar", 5, "kg", 10, received_on=date(2026, 1, 1))
        self.receive("Carton", 100, "each", 50, received_on=date(2026, 1, 1))
        return self

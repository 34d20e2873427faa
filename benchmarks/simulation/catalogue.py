"""The bakery founded by a seed: its items, recipes and boxes, and the first delivery of everything it needs."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from .scopes import SIZES, Call
from .things import Formula, Thing
from .world import MICRO, World, needs_of, to_base

FIRST_DAY = date(2031, 1, 6)
"""In the future, because ``log verify`` checks only operations that are later than the log's first line."""
GRAMS = ("g", "g", "kg", "oz", "lb", "stick")
MILLILITRES = ("ml", "l", "cup", "tbsp", "tsp", "fl_oz")


class Catalogue:
    """A bakery's catalogue and the calls that create it; the same seed gives the same one."""

    def __init__(self, seed: int, size: str, *, is_busy: bool) -> None:
        self.rng = random.Random(f"{seed} {size}")
        self.size, self.is_busy = SIZES[size], is_busy
        self.time_zone = self.rng.choice(("UTC", "Europe/Berlin", "America/New_York"))
        self.world = World(self.time_zone, datetime.combine(FIRST_DAY, time(6), UTC))
        self.events: list[int] = []
        self.suppliers: list[int] = []
        self.bought: list[Thing] = []
        self.formulas: list[Formula] = []
        self.packed: list[Formula] = []
        self.unknowable = Formula("Unknowable", [], {})
        self.goods: list[Thing] = []
        self.need_a_day: dict[Thing, int] = {}

    def id(self) -> str:
        return str(UUID(int=self.rng.getrandbits(128), version=4))

    def founding(self) -> Iterator[tuple[Call, Any]]:
        """Yield the calls that found the bakery, each with the object that learns its id from the answer."""
        rng = self.rng
        yield self._set_up("record_bakery", {"time_zone": self.time_zone, "currency": "EUR"}), None
        for number in range(3):
            yield self._set_up("record_supplier", {"name": f"Mill {number}"}), self.suppliers
            yield self._set_up("record_event", {"name": f"Market {number}"}), self.events
        ingredients = self.size.items * 85 // 100
        for number in range(self.size.items):
            if number < ingredients:
                unit = rng.choices(("g", "ml", "each"), (70, 20, 10))[0]
                thing = Thing(f"Ingredient {number}", "ingredient", unit, shelf_life=rng.choice((None, 20, 60, 200)))
            else:
                unit = rng.choice(("each", "each", "cm"))
                thing = Thing(f"Material {number}", "material", unit)
            thing.policy = rng.choice(("fefo", "fefo", "fifo"))
            yield from self._item(thing)
            self.bought.append(thing)
            if unit in ("g", "ml") and number % 4 and number > 1:
                weight = Fraction(rng.randrange(300, 1700), rng.choice((3, 7, 10)))
                thing.g_per_ml = weight / Fraction("236.5882365")
                given = {"volume": 1, "volume_unit": "cup", "weight": weight, "weight_unit": "g"}
                yield self._set_up("record_density", {"item_id": thing.id, **given}), None
        yield from self._recipes([thing for thing in self.bought if thing.kind == "ingredient"])
        yield from self._boxes([thing for thing in self.bought if thing.kind == "material"])
        self._calculate_needs()
        for thing, need in self.need_a_day.items():
            yield self._receipt(thing, need * rng.randrange(3, 16)), None

    def _item(self, thing: Thing) -> Iterator[tuple[Call, Any]]:
        given = {"kind": thing.kind, "name": thing.name, "base_unit": thing.unit}
        more = {"pick_policy": thing.policy, "shelf_life_days": thing.shelf_life}
        thing.slug = "-".join(thing.name.lower().split())
        self.world.things.append(thing)
        yield self._set_up("record_item", given | more), thing

    def _recipes(self, ingredients: list[Thing]) -> Iterator[tuple[Call, Any]]:
        """A third are doughs and creams for other recipes; the rest make one finished unit, and some make two."""
        rng = self.rng
        popular = [1 / (rank + 3) for rank in range(len(ingredients))]
        below: list[Formula] = []
        for number in range(self.size.recipes):
            lines: list[tuple[Fraction, str, Thing | Formula]] = []
            for thing in dict.fromkeys(rng.choices(ingredients, popular, k=rng.randrange(2, 7))):
                lines.extend(self._lines(thing))
            is_base = number < self.size.recipes // 3
            for sub in rng.sample(below, min(len(below), rng.randrange(0, 2 if is_base else 3))):
                lines.append((Fraction(rng.randrange(1, 7), rng.choice((4, 6, 7))), "batch", sub))
            formula = Formula(f"Recipe {number}", lines, {})
            yield self._recipe(formula), formula
            if is_base:
                below.append(formula)
                continue
            self.formulas.append(formula)
            for made in range(1 + (number % 5 == 0)):
                unit = Thing(f"Unit {number} {made}", "finished_unit", "each", shelf_life=rng.choice((2, 3, 5, 9)))
                yield from self._item(unit)
                yield self._yield(formula, unit, rng.choice((Decimal(12), Decimal(24), Decimal("7.5"), Decimal(48))))
        stranger = next(thing for thing in ingredients if thing.unit == "g" and thing.g_per_ml is None)
        self.unknowable.lines.append((Fraction(1), "cup", stranger))
        yield self._recipe(self.unknowable), self.unknowable
        yield self._yield(self.unknowable, next(iter(self.formulas[0].makes)), Decimal(1))

    def _lines(self, thing: Thing) -> Iterator[tuple[Fraction, str, Thing]]:
        """Yield one line, sometimes a second one for the same item in another unit."""
        for _ in range(1 + (self.rng.random() < 0.1)):
            if thing.unit == "each":
                yield Fraction(self.rng.randrange(1, 6)), "each", thing
                continue
            unit = self.rng.choice(self._units(thing))
            base = Fraction(self.rng.randrange(5, 600), self.rng.choice((1, 3, 7)))
            quantity = (base / to_base(thing, Fraction(1), unit)).limit_denominator(12) or Fraction(1, 12)
            yield quantity, unit, thing

    def _units(self, thing: Thing) -> tuple[str, ...]:
        if thing.unit in ("each", "cm"):
            return ("each", "dozen") if thing.unit == "each" else ("cm", "yard")
        return (*GRAMS, *MILLILITRES) if thing.g_per_ml else GRAMS if thing.unit == "g" else MILLILITRES

    def _recipe(self, formula: Formula) -> Call:
        rows = [
            {"sub_recipe_id": of.id, "quantity": quantity}
            if isinstance(of, Formula)
            else {"item_id": of.id, "quantity": quantity, "unit": unit}
            for quantity, unit, of in formula.lines
        ]
        return self._set_up("record_recipe", {"name": formula.name, "lines": rows})

    def _yield(self, formula: Formula, unit: Thing, quantity: Decimal) -> tuple[Call, Any]:
        formula.makes[unit] = int(quantity * MICRO)
        given = {"recipe_id": formula.id, "finished_unit_id": unit.id, "quantity": quantity}
        return self._set_up("record_recipe_yield", given), None

    def _boxes(self, materials: list[Thing]) -> Iterator[tuple[Call, Any]]:
        """Boxes of units and packaging; every fifth is a hamper with another box in it."""
        rng = self.rng
        # Half of all baking is for boxes, so that there is something to pack.
        self.packed = self.formulas[: len(self.formulas) // 2]
        units = [unit for formula in self.packed for unit in formula.makes]
        for number in range(max(6, self.size.recipes // 4)):
            good = Thing(f"Box {number}", "finished_good", "each", shelf_life=rng.choice((None, 4, 8)))
            yield from self._item(good)
            parts = {unit: rng.randrange(1, 7) * MICRO for unit in rng.sample(units, rng.randrange(1, 4))}
            carton = rng.choice(materials)
            parts[carton] = MICRO if carton.unit == "each" else rng.randrange(30 * MICRO, 90 * MICRO)
            if number % 5 == 4:
                parts[self.goods[number - 1]] = MICRO
            good.parts = parts
            self.goods.append(good)
            rows = [{"item_id": part.id, "quantity": Decimal(micros).scaleb(-6)} for part, micros in parts.items()]
            yield self._set_up("record_good_components", {"finished_good_id": good.id, "components": rows}), None

    def _set_up(self, function: str, given: dict[str, Any]) -> Call:
        return Call(function, given, operation_id=self.id())

    def _calculate_needs(self) -> None:
        batches, boxes = self._range(self.size.batches), self._range(self.size.assemblies)
        a_batch = Fraction(batches[0] + batches[1], 2 * len(self.formulas)) * 2
        a_box = Fraction(boxes[0] + boxes[1], 2 * len(self.goods)) * 3
        for formula in self.formulas:
            for thing, micros in needs_of(formula, a_batch).items():
                self.need_a_day[thing] = self.need_a_day.get(thing, 0) + micros
        for good in self.goods:
            for thing, micros in good.parts.items():
                if thing.kind == "material":
                    self.need_a_day[thing] = self.need_a_day.get(thing, 0) + int(micros * a_box)

    def _range(self, of: tuple[int, int]) -> tuple[int, int]:
        low, high = of
        return (low, high) if self.is_busy or high <= 60 else (low, low + (high - low) // 10)

    def _receipt(self, thing: Thing, micros: int) -> Call:
        rng = self.rng
        unit = rng.choice(self._units(thing))
        exact = Fraction(max(micros, MICRO), MICRO) / to_base(thing, Fraction(1), unit)
        quantity: int | Decimal | Fraction = max(int(exact), 1)
        if rng.random() < 0.6:
            quantity = Decimal(int(exact * 1_000) + rng.randrange(1, 999)).scaleb(-3)
        if rng.random() < 0.2:
            quantity = Fraction(int(exact * 7) + 1, rng.choice((3, 7, 11)))
        cost = None
        if rng.random() < 0.93:
            cost = Decimal(rng.randrange(0, 10**4) * 1_009 + rng.randrange(7)).scaleb(-rng.choice((2, 3, 4, 6)))
        today = self.world.today(None)
        received_on = rng.choice((None, None, today, today - timedelta(days=rng.randrange(9))))
        expires_on = rng.choice((None, None, today + timedelta(days=rng.randrange(-1, 40))))
        code = f"SUP-{rng.randrange(50)}" if rng.random() < 0.1 else None
        given = {"item_id": thing.id, "quantity": quantity, "unit": unit, "total_cost": cost, "lot_code": code}
        days = {"received_on": received_on, "expires_on": expires_on}
        more = {"supplier_id": rng.choice((None, *self.suppliers)), "note": rng.choice((None, "at the back door"))}
        meant = {"thing": thing, "quantity": quantity, "unit": unit, "cost": cost, "code": code, **days}
        return Call("record_receipt", {**given, **days, **more}, meant, self.id())

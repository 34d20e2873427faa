"""The expected bakery: an independent model, written from the specification in integers and fractions.

It imports nothing from the product. Quantities and money are whole millionths (of g, ml, each or cm; of the currency).
Every change notes how to undo it, so that a savepoint or a transaction can be rolled back.
"""

from bisect import insort
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from .things import Deed, Done, Formula, Refused, Stock, Thing

MICRO = 10**6
DUST = 1_000
NEVER = date(9999, 12, 31)
_GALLON, _POUND = Fraction("3785.411784"), Fraction("453.59237")
UNITS = {
    "g": ("mass", Fraction(1)),
    "kg": ("mass", Fraction(1000)),
    "lb": ("mass", _POUND),
    "oz": ("mass", _POUND / 16),
    "stick": ("mass", _POUND / 4),
    "ml": ("volume", Fraction(1)),
    "l": ("volume", Fraction(1000)),
    "cup": ("volume", _GALLON / 16),
    "fl_oz": ("volume", _GALLON / 128),
    "tbsp": ("volume", _GALLON / 256),
    "tsp": ("volume", _GALLON / 768),
    "each": ("count", Fraction(1)),
    "dozen": ("count", Fraction(12)),
    "cm": ("length", Fraction(1)),
    "yard": ("length", Fraction("91.44")),
}


class World:
    """Every lot, what each operation does to it, and how to undo that."""

    def __init__(self, time_zone: str, now: datetime) -> None:
        self.zone = ZoneInfo(time_zone)
        self.now = now
        self.things: list[Thing] = []
        self.done: dict[str, Done] = {}
        self.transaction = 0
        counts = ("operations", "movements", "lots", "runs", "reversals")
        costs = ("cost_in", "cost_lost", "cost_unknown", "cost_adjusted", "cost_on_hand")
        self.totals = dict.fromkeys((*counts, *costs), 0)
        self.journal: list[Deed] = []
        self.deed = Deed(0, "", "")
        self._undo: list[Callable[[], object]] = []
        self._number = 0
        self._deeds = 0

    # transactions -----------------------------------------------------------------------------------------------------

    def mark(self) -> int:
        return len(self._undo)

    def take_back(self, mark: int) -> None:
        """Undo everything done since ``mark``, last first."""
        while len(self._undo) > mark:
            self._undo.pop()()

    def settle(self) -> None:
        """Keep everything done so far."""
        self._undo.clear()

    def add(self, total: str, amount: int) -> None:
        self.totals[total] += amount
        self._undo.append(lambda: self.totals.__setitem__(total, self.totals[total] - amount))

    def spend(self, total: str, amount: int) -> None:
        """Add to a total an amount that leaves it again when the operation is undone."""
        self.add(total, amount)
        self.deed.costs[total] = self.deed.costs.get(total, 0) + amount

    def set(self, of: Any, name: str, value: object) -> None:
        """Change a field in a way that can be undone."""
        before = getattr(of, name)
        setattr(of, name, value)
        self._undo.append(lambda: setattr(of, name, before))

    def begin(self, name: str, operation_id: str, parent: Deed | None = None) -> Deed:
        """Start an operation, which owns the changes from here on."""
        self._deeds += 1
        self.deed = deed = Deed(self._deeds, name, operation_id, parent)
        if parent:
            parent.parts.append(deed)
        self.journal.append(deed)
        self._undo.append(lambda: self.journal.remove(deed))
        return deed

    def finish(self, operation_id: str, request: object) -> None:
        """Note an operation that succeeded; the id of a nested one is not known."""
        self.add("operations", 1)
        if operation_id:
            self.done[operation_id] = Done(request, self.transaction)
            self._undo.append(lambda: self.done.pop(operation_id))

    # stock ------------------------------------------------------------------------------------------------------------

    def today(self, at: datetime | None) -> date:
        """Return the bakery's day; a naive instant is local time."""
        at = at or self.now
        return at.date() if at.tzinfo is None else at.astimezone(self.zone).date()

    def usable(self, thing: Thing, day: date, late: bool = False) -> Iterable[Stock]:
        """Return the lots that are good on a day; for a late recording, without those received after it."""
        return (lot for lot in thing.lots if lot.may_be_used(day) and not (late and lot.received_on > day))

    def available(self, thing: Thing, day: date) -> int:
        return sum(lot.left for lot in self.usable(thing, day))

    def put(
        self, thing: Thing, quantity: int, cost: int | None, day: date, expires_on: date | None, code: str | None = None
    ) -> Stock:
        """Add a new lot, numbered by its item."""
        thing.lot_count += 1
        self._number += 1
        picked = (expires_on or NEVER) if thing.policy == "fefo" else day
        code = code or f"{thing.slug}-{day:%Y%m%d}-{thing.lot_count}"
        order = (picked, day, self._number)
        lot = Stock(thing, code, day, expires_on, quantity, cost, 0, 0, order, expires_on, self.deed.number)
        self._undo.append(lambda: setattr(thing, "lot_count", thing.lot_count - 1))
        return self._add(lot)

    def split(self, lot: Stock, micros: int, place: str | None) -> Stock:
        """Split a part off a lot as a new lot, with its share of the cost."""
        _, taken, cost = self.take(lot, micros)
        root = lot.code.rpartition("/")[0] if lot.parent else lot.code
        count = lot.thing.splits.get(root, 0) + 1
        self.set(lot.thing, "splits", lot.thing.splits | {root: count})
        self._number += 1
        part = replace(lot, code=f"{root}/{count}", quantity=taken, cost=cost, left=0, cost_left=0, parent=lot, id=0)
        part.parts, part.handled_by = [], []
        self.set(lot, "parts", [*lot.parts, part])
        part.order, part.made_by, part.place = (*lot.order[:2], self._number), self.deed.number, place
        return self._add(part)

    def _add(self, lot: Stock) -> Stock:
        self.add("lots", 1)
        self.change(lot, lot.quantity, lot.cost)
        return lot

    def remember(self, lot: Stock) -> None:
        """Put a lot back that was used up or expired and forgotten, because it may be usable again."""
        lots = lot.thing.lots
        if lot not in lots:
            insort(lots, lot, key=lambda other: other.order)
            self._undo.append(lambda: lots.remove(lot))

    def change(self, lot: Stock, quantity: int, cost: int | None) -> None:
        """Change a lot by this quantity and cost."""
        self.remember(lot)
        self.set(lot, "left", lot.left + quantity)
        self.set(lot, "cost_left", None if lot.cost_left is None or cost is None else lot.cost_left + cost)
        self.deed.posted.append((lot, quantity, cost))
        self.add("movements", 1)
        self.add("cost_on_hand", cost or 0)

    def draw(
        self, needs: dict[Thing, int], day: date, late: bool
    ) -> tuple[list[tuple[Stock, int, int | None]], int | None]:
        """Draw every need of a run; return what each lot gave at what cost, and the total, unknown if any part is."""
        drawn = self.take_all(needs, day, late)
        costs = [cost for _, _, cost in drawn]
        known = sum(cost for cost in costs if cost is not None)
        if None in costs:
            self.spend("cost_unknown", known)
            return drawn, None
        return drawn, known

    def take_all(self, needs: dict[Thing, int], day: date, late: bool) -> list[tuple[Stock, int, int | None]]:
        """Take every need, in picking order."""
        if short := self.shortages(needs, day, late):
            raise Refused("short", short)
        drawn: list[tuple[Stock, int, int | None]] = []
        for thing, need in needs.items():
            missing = need
            for lot in self.usable(thing, day, late):
                if missing <= 0:
                    break
                drawn.append(self.take(lot, missing))
                missing -= drawn[-1][1]
        return drawn

    def take(self, lot: Stock, wanted: int) -> tuple[Stock, int, int | None]:
        """Take from a lot; a rest below 0.001 is taken too, and the last draw takes all the cost that is left."""
        taken = lot.left if lot.left - wanted < DUST else wanted
        cost = lot.cost_left
        if cost is not None and taken < lot.left:
            cost = round(Fraction(cost * taken, lot.left))  # to the nearest, ties to even
        self.change(lot, -taken, None if cost is None else -cost)
        return lot, taken, cost

    def shortages(self, needs: dict[Thing, int], day: date, late: bool = False) -> list[dict[str, str]]:
        """List every item with too little usable stock, by slug."""
        short = []
        for thing, need in needs.items():
            if (available := sum(lot.left for lot in self.usable(thing, day, late))) < need:
                amounts = {"needed": quantity_text(need), "available": quantity_text(available), "unit": thing.unit}
                if late and (later := self.available(thing, day) - available):
                    amounts["came_later"] = quantity_text(later)
                short.append({"slug": thing.slug, "name": thing.name, **amounts})
        return sorted(short, key=lambda one: one["slug"])

    def forget(self, before: date) -> None:
        """Forget what can no longer be used: empty lots, and those that expired before a day."""
        for thing in self.things:
            if thing.lots:
                thing.lots = [lot for lot in thing.lots if lot.left and (lot.until is None or lot.until >= before)]

    def open_lots(self) -> Iterable[Stock]:
        return (lot for thing in self.things for lot in thing.lots)

    # operations -------------------------------------------------------------------------------------------------------

    def receive(
        self,
        thing: Thing,
        quantity: int | Decimal | Fraction,
        unit: str,
        cost: int | Decimal | None,
        code: str | None,
        received_on: date | None,
        expires_on: date | None,
    ) -> tuple[Stock, dict[str, Any]]:
        """Receive a lot; its quantity is rounded up."""
        exact = to_base(thing, Fraction(quantity), unit) * MICRO
        micros = -(-exact.numerator // exact.denominator)
        cost_micros = None if cost is None else int(Fraction(cost) * MICRO)
        day = received_on or self.today(None)
        if expires_on is None and thing.shelf_life is not None:
            expires_on = day + timedelta(days=thing.shelf_life)
        lot = self.put(thing, micros, cost_micros, day, expires_on, code)
        self.spend("cost_in", cost_micros or 0)
        return lot, {
            "lot_code": lot.code,
            "item_id": thing.id,
            "item_slug": thing.slug,
            "quantity": quantity_text(micros),
            "unit": thing.unit,
            "total_cost": money_text(cost_micros),
            "unit_cost": money_text(per_unit(cost_micros, micros)),
            "received_on": day.isoformat(),
            "expires_on": expires_on.isoformat() if expires_on else None,
            **_odd_expiry(thing, day, expires_on),
        }

    def produce(
        self, formula: Formula, unit: Thing, batches: int, actual: int | Decimal, scale: Decimal, at: datetime | None
    ) -> tuple[Stock | None, dict[str, Any]]:
        """Produce: draw the ingredients, add the good part as a lot, and give the loss its share of the cost."""
        times = batches * Fraction(scale)
        day = self.today(at)
        planned = int(formula.makes[unit] * times)
        drawn, total = self.draw(needs_of(formula, times), day, at is not None)
        made = int(Fraction(actual) * MICRO)
        lost = max(planned - made, 0)
        loss = None if total is None else total * lost // planned
        output = None if total is None or loss is None else total - loss
        limits = [lot.until for lot, _, _ in drawn if lot.until is not None]
        if unit.shelf_life is not None:  # the oven starts its shelf life anew
            limits = [day + timedelta(days=unit.shelf_life)]
        expires_on = min(limits, default=None)
        lot = self.put(unit, made, output, day, expires_on) if made else None
        self.add("runs", 1)
        self.spend("cost_lost", loss or 0)
        status = "complete" if made == planned else "over_yield" if made > planned else "partial_loss"
        return lot, {
            "recipe_id": formula.id,
            "finished_unit_id": unit.id,
            "num_batches": batches,
            "scale_factor": plain(scale),
            "expected_yield": quantity_text(planned),
            "actual_yield": quantity_text(made),
            "loss_quantity": quantity_text(lost),
            "production_status": status if made else "total_loss",
            "lot_code": lot.code if lot else None,
            "total_ingredient_cost": money_text(total),
            "per_unit_cost": money_text(per_unit(output, made)) if made else None,
            "loss_cost": money_text(loss),
            "cost_complete": total is not None,
            "consumptions": consumptions(drawn),
        }

    def assemble(self, good: Thing, quantity: int, at: datetime | None) -> tuple[Stock, dict[str, Any]]:
        """Assemble boxes: they carry the cost of their contents, and expire with the first of them."""
        day = self.today(at)
        drawn, total = self.draw({part: micros * quantity for part, micros in good.parts.items()}, day, at is not None)
        limits = [lot.until for lot, _, _ in drawn if lot.until is not None]
        if good.shelf_life is not None:
            limits.append(day + timedelta(days=good.shelf_life))
        lot = self.put(good, quantity * MICRO, total, day, min(limits, default=None))
        self.add("runs", 1)
        return lot, {
            "finished_good_id": good.id,
            "quantity": quantity,
            "lot_code": lot.code,
            "total_component_cost": money_text(total),
            "per_unit_cost": money_text(per_unit(total, quantity * MICRO)),
            "cost_complete": total is not None,
            "consumptions": consumptions(drawn),
        }


def to_base(thing: Thing, quantity: Fraction, unit: str) -> Fraction:
    """Convert a quantity to the item's base unit exactly; between mass and volume only by its density."""
    (kind, factor), (wanted, _) = UNITS[unit], UNITS[thing.unit]
    if kind == wanted:
        return quantity * factor
    if thing.g_per_ml and {kind, wanted} == {"mass", "volume"}:
        return quantity * factor * (thing.g_per_ml if wanted == "mass" else 1 / thing.g_per_ml)
    raise Refused("unit_conversion_failed")


def needs_of(formula: Formula, times: Fraction) -> dict[Thing, int]:
    """Return what the batches need of every item, sub-recipes included, added exactly and rounded down once."""
    totals: dict[Thing, Fraction] = {}

    def visit(one: Formula, count: Fraction) -> None:
        for quantity, unit, of in one.lines:
            if isinstance(of, Formula):
                visit(of, count * quantity)
            else:
                totals[of] = totals.get(of, Fraction(0)) + to_base(of, quantity, unit) * count

    visit(formula, times)
    needs = {thing: int(total * MICRO) for thing, total in totals.items()}
    return {thing: micros for thing, micros in needs.items() if micros}


def consumptions(drawn: list[tuple[Stock, int, int | None]]) -> list[dict[str, Any]]:
    """List what each lot gave, by item; the lot itself stands in for an id that is not known yet."""
    told = [
        {
            "lot_id": lot,
            "lot_code": lot.code,
            "ingredient_slug": lot.thing.slug,
            "quantity": quantity_text(quantity),
            "unit": lot.thing.unit,
            "cost": money_text(cost),
        }
        for lot, quantity, cost in drawn
    ]
    return sorted(told, key=lambda one: one["ingredient_slug"])


def per_unit(cost: int | None, micros: int) -> int | None:
    return None if cost is None else round(Fraction(cost * MICRO, micros))


def plain(number: Decimal) -> str:
    """Format a decimal without exponent and trailing zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def quantity_text(micros: int) -> str:
    return plain(Decimal(f"{micros}e-6"))


def money_text(micros: int | None) -> str | None:
    if micros is None:
        return None
    whole, _, part = quantity_text(micros).partition(".")
    return f"{whole}.{part:0<2}"


def _odd_expiry(thing: Thing, day: date, expires_on: date | None) -> dict[str, Any]:
    """What an answer says of goods that keep less than half of their shelf life, or more than twice as long."""
    days = None if expires_on is None else (expires_on - day).days
    if thing.shelf_life is None or days is None or days < 0 or thing.shelf_life <= 2 * days <= 4 * thing.shelf_life:
        return {}
    return {"shelf_life_days": thing.shelf_life, "warnings": ["expiry_unlike_shelf_life"]}

"""What a bakery does besides buying, baking and packing: throw away, count, hold, move and undo."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from .catalogue import Catalogue
from .scopes import Call
from .things import Deed, Stock
from .world import MICRO

SHELF_WORK = {"adjust": 3, "count": 2, "hold": 1, "release": 1, "move": 2}
"""The kinds of work on the shelf, and how often each comes up beside the rest."""
UNDOABLE = frozenset(
    {"record_receipt", "record_batch_production", "record_assembly", "record_bake_and_pack", "record_adjustment"}
    | {"record_stocktake", "record_hold", "record_release", "record_transfer", "record_reversal"}
)
PLACES = (None, "cellar", "front", "freezer")


class Keeping(Catalogue):
    """Makes calls of these kinds; ``is_together`` while several of them are for one transaction."""

    is_together = False

    def _shelf_work(self, kind: str) -> Call:
        lots = list(self.world.open_lots())
        if not lots:
            return self._receipt(self.bought[0], MICRO)
        return {
            "adjust": self._adjustment,
            "count": self._count,
            "hold": self._hold,
            "release": self._release,
            "move": self._move,
        }[kind](lots)

    def _adjustment(self, lots: list[Stock]) -> Call:
        rng = self.rng
        lot = rng.choice(lots)
        kind = rng.choice(("waste", "waste", "spoilage", "sample", "gift", "sale", "correction", "correction"))
        is_more = kind == "correction" and rng.random() < 0.5
        by_item = not is_more and rng.random() < 0.4
        of = lot.thing if by_item else lot
        there = self.world.available(lot.thing, self.world.today(None)) if by_item else lot.left
        micros = rng.choice((there, there // 2, there // 7, rng.randrange(1, 10**7), there + rng.randrange(1, 10**6)))
        quantity = Decimal(max(micros, 1)).scaleb(-6)
        unit = rng.choice(self._units(lot.thing)) if rng.random() < 0.2 else lot.thing.unit
        if kind == "correction" and not is_more:
            quantity = -quantity
        meant = {
            "kind": kind,
            "reason": f"{kind} it is" if kind == "correction" else rng.choice((None, "fell down")),
            "event_id": rng.choice((None, None, *self.events)),
        }
        line: dict[str, Any] = {"item_id": of.id} if by_item else {"lot_id": of.id}
        line |= {"quantity": quantity} if unit == lot.thing.unit else {"quantity": quantity, "unit": unit}
        at = None if self.is_together else rng.choice((None, self.world.now))
        given = {**meant, "lines": [line], "happened_at": at}
        return Call(
            "record_adjustment", given, {**meant, "of": of, "quantity": quantity, "unit": unit, "at": at}, self.id()
        )

    def _count(self, lots: list[Stock]) -> Call:
        """Count some lots and find a few different; now and then the sheet is out of date."""
        rng = self.rng
        moved = rng.choice(("refuse", "refuse", "after", "before"))
        counted: list[tuple[Stock, Decimal, Decimal | None]] = []
        for lot in rng.sample(lots, min(len(lots), rng.randrange(1, 12))):
            found = lot.left if rng.random() < 0.6 else rng.choice((0, lot.left * 9 // 10, lot.left + 5 * MICRO))
            sheet = None if rng.random() < 0.5 else lot.left + (MICRO if rng.random() < 0.1 else 0)
            on = None if sheet is None else Decimal(sheet).scaleb(-6)
            counted.append((lot, Decimal(found).scaleb(-6), on))
        rows = [
            {"lot_id": lot.id, "counted": found} if on is None else {"lot_id": lot.id, "counted": found, "expected": on}
            for lot, found, on in counted
        ]
        meant = {"moved": moved, "notes": rng.choice((None, "in the evening"))}
        at = None if self.is_together else rng.choice((None, self.world.now))
        given = {**meant, "lines": rows, "counted_at": at}
        return Call("record_stocktake", given, {**meant, "lines": counted, "at": at}, self.id())

    def _hold(self, lots: list[Stock]) -> Call:
        few = self.rng.sample(lots, min(len(lots), self.rng.randrange(1, 4)))
        given = {"lot_ids": [lot.id for lot in few], "reason": "smells odd"}
        return Call("record_hold", given, {"lots": few, "reason": "smells odd"}, self.id())

    def _release(self, lots: list[Stock]) -> Call:
        """Release lots on hold, mostly; a new last day of use may also be for other lots."""
        rng, today = self.rng, self.world.today(None)
        held = [lot for lot in lots if lot.is_held]
        few = rng.sample(held, min(len(held), rng.randrange(1, 4))) if rng.random() < 0.9 else []
        until = rng.choice((None, None, today + timedelta(days=rng.randrange(-1, 9))))
        few = few or [rng.choice(lots)]
        meant = {"reason": "it was the bin", "until": until}
        given = {"lot_ids": [lot.id for lot in few], "reason": meant["reason"], "usable_until": until}
        return Call("record_release", given, {**meant, "lots": few}, self.id())

    def _move(self, lots: list[Stock]) -> Call:
        rng = self.rng
        lot, place = rng.choice(lots), rng.choice(PLACES)
        quantity, unit = None, lot.thing.unit
        if rng.random() < 0.5:
            quantity = Decimal(max(1, rng.choice((lot.left // 2, lot.left // 9, lot.left, lot.left + 1)))).scaleb(-6)
            unit = rng.choice(self._units(lot.thing)) if rng.random() < 0.2 else unit
        given: dict[str, Any] = {"lot_id": lot.id, "to_location": place, "quantity": quantity}
        if quantity is not None and unit != lot.thing.unit:
            given["unit"] = unit
        return Call(
            "record_transfer", given, {"lot": lot, "place": place, "quantity": quantity, "unit": unit}, self.id()
        )

    def _reversal(self) -> Call:
        """Undo something recent; now and then something already undone, or a reversal."""
        rng = self.rng
        known = [deed for deed in self.world.journal if deed.parent is None and deed.name in UNDOABLE]
        recent: list[Deed] = known[-12:] if rng.random() < 0.6 else known
        if rng.random() < 0.9:
            recent = [deed for deed in recent if not deed.is_undone and deed.name != "record_reversal"] or known
        of = rng.choice(recent)
        meant = {"reason": rng.choice(("wrong lot", "typed twice")), "cascade": rng.random() < 0.5}
        given = {**meant, "reversed_operation_id": of.id, "count_saw": "after"}  # what it gives back is there as well
        return Call("record_reversal", given, {**meant, "of": of}, self.id())

    @staticmethod
    def _reversal_check(call: Call) -> Call:
        of = call.meant["of"]
        return Call("check_reversal", {"reversed_operation_id": of.id}, {"of": of})

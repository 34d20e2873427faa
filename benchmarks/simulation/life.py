"""A bakery's days from a seed: what it buys, bakes, packs, asks, repeats, undoes and gets wrong."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .catalogue import FIRST_DAY
from .keeping import SHELF_WORK, Keeping
from .scopes import Call, Fault, Savepoint, Scope
from .things import Formula, Thing
from .world import needs_of

SCALES = (*(Decimal(1),) * 6, Decimal("0.5"), Decimal("1.5"), Decimal("0.333333"), Decimal("2.25"), Decimal("0.1"))
FAULTS = ("statement", "lock_timeout", "commit", "commit_busy", "lost_before", "lost_after")
CAUGHT = 0.4
"""How often a caller catches an operation's failure and continues in the same transaction."""


class Life(Keeping):
    """What the bakery does day by day; faults have their own generator and do not change what it tries."""

    def __init__(self, seed: int, size: str, *, with_faults: bool, is_busy: bool) -> None:
        super().__init__(seed, size, is_busy=is_busy)
        self.trouble = random.Random(f"{seed} {size} faults") if with_faults else None
        self.recent: list[tuple[str, Call]] = []

    def day(self, number: int) -> Iterator[tuple[Scope, datetime]]:
        """Yield the scopes of a day, each at its instant; each looks at the stock, so it is made when asked for."""
        rng = self.rng
        today = FIRST_DAY + timedelta(days=number)
        todo = [
            kind
            for kind, limits in (
                ("receive", self.size.receipts),
                ("bake", self.size.batches),
                ("pack", self.size.assemblies),
            )
            for _ in range(rng.randint(*self._range(limits)))
        ]
        extra = max(6, len(todo) // 4)
        kinds = {"check": 3, "replay": 3, "conflict": 1, "wrong": 3, "together": 2, "undo": 3, **SHELF_WORK}
        todo += rng.choices(list(kinds), list(kinds.values()), k=extra)
        rng.shuffle(todo)
        # Some minutes are around midnight, when the bakery's day differs from the UTC day.
        minutes = sorted(
            rng.choice((0, 3, 1_430, 1_439)) if rng.random() < 0.05 else rng.randrange(300, 1_200) for _ in todo
        )
        for place, (kind, minute) in enumerate(zip(todo, minutes, strict=True)):
            # The clock goes forward, and no two transactions have the same instant.
            local = datetime.combine(today, time(minute // 60, minute % 60, 0, place), self.world.zone)
            self.world.now = local.astimezone(UTC)
            scope = self._with_fault(self._scope(kind))
            yield scope, self.world.now
        self.recent = self.recent[-60:]

    def _with_fault(self, scope: Scope) -> Scope:
        trouble = self.trouble
        if trouble is None or scope.owner == "read_scope":
            return scope
        scope.is_deaf = trouble.random() < 0.01
        if trouble.random() < 0.06:
            kind: Any = trouble.choice(FAULTS)
            scope.fault = Fault(kind, trouble.randrange(0, 14 * len(scope.calls)), trouble.random() < 0.7)
            scope.fault.is_caught = kind == "statement" and trouble.random() < CAUGHT
        return scope

    def _scope(self, kind: str) -> Scope:
        rng = self.rng
        if kind == "check":
            return Scope([self._check()], "read_scope")
        if kind == "together":
            return self._together()
        if kind == "wrong":
            return self._of_one(self._wrong())
        if kind in ("replay", "conflict"):
            return self._of_one(self._again(is_other=kind == "conflict"))
        call = self._action(kind)
        if call.function == "record_reversal" and rng.random() < 0.4:
            return self._of_one(self._reversal_check(call), call)
        if call.function == "record_batch_production" and rng.random() < 0.08:
            check = self._production_check(call.meant["formula"], call.meant["batches"], call.meant["scale"])
            return self._of_one(check, call)
        if call.function == "record_assembly" and rng.random() < 0.08:
            return self._of_one(self._assembly_check(call.meant["good"], call.meant["quantity"]), call)
        return self._of_one(call)

    def _of_one(self, *calls: Call) -> Scope:
        return Scope(list(calls), "run_in_transaction" if self.rng.random() < 0.8 else "session_scope")

    def _together(self) -> Scope:
        """Run several operations in one transaction, some in savepoints; it ends by commit, rollback or error."""
        rng = self.rng
        steps: list[Call | Savepoint] = []
        self.is_together = True
        for _ in range(rng.randrange(2, 5)):
            kind = rng.choice(("receive", "bake", "bake", "pack")) if rng.random() < 0.7 else "undo"
            call = self._action(rng.choice(list(SHELF_WORK)) if rng.random() < 0.1 else kind)
            more = [replace(call)] if rng.random() < 0.1 else []  # a replay within its own transaction
            if rng.random() < 0.4:
                steps.append(Savepoint([call, *more], is_undone=rng.random() < 0.6))
            else:
                steps += [call, *more]
        self.is_together = False
        end: Any = rng.choices(("commit", "rollback", "raise"), (60, 20, 20))[0]
        return Scope(steps, rng.choice(("run_in_transaction", "session_scope")), end, gives_up=rng.random() < 0.3)

    def _action(self, kind: str) -> Call:
        rng = self.rng
        if kind == "receive":
            call = self._purchase()
        elif kind == "pack":
            call = self._assembly()
        elif kind == "undo":
            call = self._reversal()
        elif kind in SHELF_WORK:
            call = self._shelf_work(kind)
        elif rng.random() < 0.06:
            call = self._bake_and_pack()
        else:
            call = self._production()
        self.recent.append((kind, call))
        return call

    # receipts ---------------------------------------------------------------------------------------------------------

    def _purchase(self) -> Call:
        """Buy what is closest to used up among a few items, for some days or weeks."""
        rng, today = self.rng, self.world.today(None)
        if rng.random() < 0.05:
            return self._receipt(rng.choice(self.bought), rng.randrange(1, 10**9))
        needed = list(self.need_a_day)
        few = rng.sample(needed, min(8, len(needed)))
        thing = min(few, key=lambda one: self.world.available(one, today) / (self.need_a_day[one] + 1))
        days = 1 + 2 * len(needed) // sum(self._range(self.size.receipts))
        return self._receipt(thing, self.need_a_day[thing] * rng.randrange(1, 2 * days + 2))

    # batches and boxes ------------------------------------------------------------------------------------------------

    def _instant(self) -> datetime | None:
        """Return the time of production: none, now, or now in local time.

        Late records and counts of earlier days have a model of their own (``tests/support/life_in_time.py``).
        """
        local = self.world.now.astimezone(self.world.zone)
        at = self.rng.choice((None, None, self.world.now, local.replace(tzinfo=None)))
        return None if self.is_together else at  # at one instant, a count asks about what comes after it

    def _production(self) -> Call:
        rng = self.rng
        formula = rng.choice(self.packed if rng.random() < 0.6 else self.formulas)
        unit = rng.choice(list(formula.makes))
        scale = rng.choice(SCALES)
        batches = rng.choice((1, 1, 2, 2, 3, 4))
        if rng.random() < 0.12:  # as many as the stock allows, or one more
            batches = max(1, min(5, self._most(formula, scale)) + rng.choice((0, 1)))
        elif rng.random() < 0.03:
            batches = rng.randrange(500, 900_000)
        given, meant = self._batch(formula, unit, batches, scale)
        return Call("record_batch_production", {**given, **self._loose_ends("produced_at", meant)}, meant, self.id())

    def _batch(self, formula: Formula, unit: Thing, batches: int, scale: Decimal) -> tuple[dict[str, Any], Any]:
        rng = self.rng
        planned = int(formula.makes[unit] * batches * Fraction(scale))
        share = rng.choice((1, 1, 1, Fraction(9, 10), Fraction(1, 2), Fraction(11, 10), 0))
        actual: int | Decimal = Decimal(int(planned * share)).scaleb(-6)
        if rng.random() < 0.5 and actual:
            actual = int(actual) or 1
        shown = float(scale) if scale == Decimal("0.1") and rng.random() < 0.5 else scale
        keys = {"recipe_id": formula.id, "finished_unit_id": unit.id, "num_batches": batches}
        given = {**keys, "actual_yield": actual, "scale_factor": shown}
        return given, {"formula": formula, "unit": unit, "batches": batches, "actual": actual, "scale": scale}

    def _loose_ends(self, instant: str, meant: dict[str, Any]) -> dict[str, Any]:
        meant["at"] = self._instant()
        event = self.rng.choice((None, None, *self.events))
        return {instant: meant["at"], "event_id": event, "notes": self.rng.choice((None, "for the market"))}

    def _most(self, formula: Formula, scale: Decimal) -> int:
        day = self.world.today(None)
        needs = needs_of(formula, Fraction(scale))
        return min((self.world.available(thing, day) // need for thing, need in needs.items()), default=1)

    def _assembly(self) -> Call:
        rng, day = self.rng, self.world.today(None)
        few = rng.sample(self.goods, min(8, len(self.goods)))
        stock = self.world.available
        most = {good: min(stock(part, day) // micros for part, micros in good.parts.items()) for good in few}
        good = max(few, key=lambda one: min(most[one], 5))
        if not most[good] and rng.random() < 0.7:  # with nothing to pack, somebody bakes
            return self._production()
        return self._packing(good, most[good])

    def _packing(self, good: Thing | None = None, most: int = 0) -> Call:
        rng = self.rng
        good = good or rng.choice(self.goods)
        quantity = rng.randint(1, max(1, min(most, 8)))
        if rng.random() < 0.1:
            quantity = most + 1
        meant: dict[str, Any] = {"good": good, "quantity": quantity}
        given = {"finished_good_id": good.id, "quantity": quantity, **self._loose_ends("assembled_at", meant)}
        return Call("record_assembly", given, meant, self.id())

    def _bake_and_pack(self) -> Call:
        rng = self.rng
        good = rng.choice(self.goods)
        makers = [(one, unit) for one in self.formulas for unit in one.makes if unit in good.parts]
        formula, unit = rng.choice(makers)
        given, meant = self._batch(formula, unit, rng.randrange(1, 4), rng.choice(SCALES))
        quantity = rng.randrange(1, 4)
        given |= {"finished_good_id": good.id, "quantity": quantity, **self._loose_ends("made_at", meant)}
        return Call("record_bake_and_pack", given, {**meant, "good": good, "quantity": quantity}, self.id())

    # questions, repetitions and mistakes ------------------------------------------------------------------------------

    def _check(self) -> Call:
        if self.rng.random() < 0.5:
            return self._assembly_check(self.rng.choice(self.goods), self.rng.randrange(1, 30))
        return self._production_check(
            self.rng.choice(self.formulas), self.rng.randrange(1, 30), self.rng.choice(SCALES)
        )

    def _production_check(self, formula: Formula, batches: int, scale: Decimal) -> Call:
        given = {"recipe_id": formula.id, "num_batches": batches, "scale_factor": scale}
        return Call("check_can_produce", given, {"formula": formula, "times": batches * Fraction(scale)})

    def _assembly_check(self, good: Thing, quantity: int) -> Call:
        given = {"finished_good_id": good.id, "quantity": quantity}
        return Call("check_can_assemble", given, {"good": good, "quantity": quantity})

    def _again(self, *, is_other: bool) -> Call:
        """Use an old id once more: with the same arguments, with other spellings, or with other arguments."""
        kept = [call for _, call in self.recent if call.operation_id in self.world.done]
        if not kept:
            return self._action("receive")
        first = self.rng.choice(kept)
        if is_other:
            other = self._action(self.rng.choice(("receive", "bake", "pack")))
            return replace(other, operation_id=first.operation_id, request=other)
        return replace(first, given={name: self._otherwise(name, value) for name, value in first.given.items()})

    def _otherwise(self, name: str, value: Any) -> Any:
        if type(value) is int and not name.endswith("_id"):
            return Decimal(f"{value}.0") if self.rng.random() < 0.5 else value
        return value.quantize(Decimal("1e-6")) if isinstance(value, Decimal) else value

    strange_unit = object()
    """Stands for an existing finished unit that the recipe does not make."""

    def _wrong(self) -> Call:
        """Return a call that the product must refuse because of its arguments."""
        rng = self.rng
        nowhere = rng.randrange(10**9, 10**12)
        refusal, field, value, kind = rng.choice(
            (
                *(("validation_failed", "num_batches", value, "bake") for value in (0, -1, 1.5, True, "2", None)),
                *(("validation_failed", "actual_yield", value, "bake") for value in (-1, 2.5, Decimal("NaN"), "1")),
                *(("validation_failed", "scale_factor", value, "bake") for value in (0, -2, float("inf"), None)),
                *(("validation_failed", "quantity", value, "pack") for value in (0, -3, Decimal("1.5"), 10**7)),
                *(("validation_failed", "quantity", value, "receive") for value in (0, -3, 1.5, Decimal("Infinity"))),
                ("validation_failed", "unit", "handful", "receive"),
                ("validation_failed", "total_cost", -1, "receive"),
                ("validation_failed", "lot_code", f"{self.bought[0].slug}-20310101-1", "receive"),
                ("validation_failed", "operation_id", "not-an-id", "bake"),
                ("validation_failed", "finished_unit_id", self.strange_unit, "bake"),
                ("recipe_not_found", "recipe_id", nowhere, "bake"),
                ("finished_unit_not_found", "finished_unit_id", nowhere, "bake"),
                ("finished_unit_not_found", "finished_unit_id", self.bought[0].id, "bake"),
                ("event_not_found", "event_id", nowhere, "bake"),
                ("event_not_found", "event_id", nowhere, "pack"),
                ("finished_good_not_found", "finished_good_id", nowhere, "pack"),
                ("item_not_found", "item_id", nowhere, "receive"),
                ("supplier_not_found", "supplier_id", nowhere, "receive"),
                ("unit_conversion_failed", "unit", "", "receive"),
                ("unit_conversion_failed", "recipe_id", 0, "bake"),
            )
        )
        call = {"bake": self._production, "pack": self._packing, "receive": self._purchase}[kind]()
        if field == "operation_id":
            return replace(call, operation_id=value, refusal=refusal)
        if refusal == "unit_conversion_failed":
            value = self._impossible(call, field)
            if field == "recipe_id":
                call.given["finished_unit_id"] = next(iter(self.unknowable.makes)).id
                if rng.random() < 0.5:
                    check = {"recipe_id": value, "num_batches": 1}
                    return Call("check_can_produce", check, refusal=refusal)
        if field == "finished_unit_id" and value is self.strange_unit:
            value = next(
                unit.id for one in self.formulas for unit in one.makes if unit not in call.meant["formula"].makes
            )
        call.given[field] = value
        return replace(call, refusal=refusal, request=None)

    def _impossible(self, call: Call, field: str) -> Any:
        if field == "recipe_id":
            return self.unknowable.id
        return "cm" if call.meant["thing"].unit != "cm" else "g"

"""After random records in any order of time, the ledger agrees with an independent model of what happened when."""

import os
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from bake_tracker.clock import now
from bake_tracker.domain.errors import ConflictError, CountedSinceError, ServiceError
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.verify.everything import verify_ledger
from bake_tracker.services.batch_production_service import record_batch_production
from bake_tracker.services.database import Session, dispose_engines, read_scope, run_in_transaction
from bake_tracker.services.production.correction import record_production_correction
from bake_tracker.services.reversal import record_reversal
from bake_tracker.services.stock.adjustment import record_adjustment
from bake_tracker.services.stock.returns import record_return
from bake_tracker.services.stock.stocktake import record_stocktake
from support.databases import fresh_postgresql, fresh_sqlite
from support.depth import usually
from support.kitchen import Kitchen
from support.life_in_time import AskedError, BelowZeroError, Count, Event, Shelf, ledger_by_moment, moment_text

LIVES = int(os.environ.get("BAKE_TRACKER_TEST_LIVES", "4"))
STEPS = 25
"""Operations of a life; 800 lives are 20,000 operations."""
MICRO = 1_000_000
DAYS = 12
KINDS = ("receive", "waste", "more", "send_back", "produce", "use", "count", "count", "correct", "undo", "undo")
ANSWERS = (None, "before", "after")
Draw = Any


class LifeInTime(RuleBasedStateMachine):
    """One operation after another, dated anywhere in twelve days or now; the model must accept and refuse alike."""

    kitchen: Kitchen
    heard: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.first = now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
        self.shelf = Shelf()
        self.undoable: list[str] = []
        self.runs: dict[str, dict[str, Any]] = {}

    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        """Record something, and compare everything."""
        kind = "receive" if not self.shelf.events else data.draw(st.sampled_from(KINDS))
        before = deepcopy(self.shelf)
        try:
            getattr(self, kind)(data.draw)
            self.heard[kind] += 1
        except ServiceError as error:
            self.heard[f"refused: {kind}: {error.code}"] += 1
            self.shelf = before
        self.agrees()

    def agrees(self) -> None:
        """The ledger equals the model, at each moment and now; every count stands, and nothing was below zero."""
        assert {(lot, moment_text(at)): change for (lot, at), change in self.shelf.by_moment().items()} == (
            ledger_by_moment(self.kitchen)
        )
        left = {row[0]: row[1] for row in self.kitchen.rows("SELECT id, remaining_micros FROM lot")}
        assert {**dict.fromkeys(left, 0), **self.shelf.left()} == left
        assert self.shelf.every_count_stands()
        assert not self.shelf.is_below_zero()

    # what may happen --------------------------------------------------------------------------------------------------

    def receive(self, draw: Draw) -> None:
        """Goods of some day are there when it begins."""
        number, grams = draw(st.integers(0, DAYS - 1)), draw(st.integers(1, 500))
        day = (self.first + timedelta(days=number)).date()
        done = self.kitchen.receive("Flour", grams, "g", draw(st.sampled_from((None, 1, 7))), received_on=day)
        with read_scope() as session:
            at = load_bakery(session).start_of(day)
        self.happens(done, [(done["lot_id"], at, grams * MICRO)], None)

    def waste(self, draw: Draw) -> None:
        """Some of a lot is thrown away."""
        self.adjust(draw, "waste", -1)

    def more(self, draw: Draw) -> None:
        """Some more of a lot is found."""
        self.adjust(draw, "correction", 1)

    def adjust(self, draw: Draw, kind: str, sign: int) -> None:
        lot, grams = self.lot(draw), draw(st.integers(1, 200))
        at, saw = self.moment(draw), draw(st.sampled_from(ANSWERS))
        line: Any = {"lot_id": lot, "quantity": grams}
        expected = self.expected((lot, at or now(), sign * grams * MICRO), saw if at else None)

        def work(session: Session) -> Any:
            return record_adjustment(kind, [line], session=session, reason="found", happened_at=at, count_saw=saw)

        done = self.record(expected, work)
        happened = datetime.fromisoformat(done["happened_at"])
        self.happens(done, [(lot, happened, sign * grams * MICRO)], saw if at else None)

    def produce(self, draw: Draw) -> None:
        """Buns are baked from whatever flour there was."""
        at, saw = self.moment(draw), draw(st.sampled_from(ANSWERS))
        batches, actual = draw(st.integers(1, 3)), draw(st.integers(0, 5))
        ids = self.kitchen.ids
        done = run_in_transaction(
            lambda s: record_batch_production(
                ids["Dough"], ids["Bun"], batches, actual, session=s, produced_at=at, count_saw=saw
            )
        )
        self.runs[done["operation_id"]] = dict(done)
        self.happens(done, self.events_of(done), saw if at else None)

    def use(self, draw: Draw) -> None:
        """Buns are baked from a lot that somebody names."""
        event, saw, asked = self.drawn(draw)
        ids, used = self.kitchen.ids, [{"lot_id": event[0], "quantity": -event[2] // MICRO}]

        def work(session: Session) -> Any:
            return record_batch_production(
                ids["Dough"], ids["Bun"], 1, 3, session=session, produced_at=asked, used=used, count_saw=saw
            )

        done = self.record(self.expected(event, saw if asked else None), work)
        self.runs[done["operation_id"]] = dict(done)
        self.happens(done, self.events_of(done), saw if asked else None)

    def send_back(self, draw: Draw) -> None:
        """Flour goes back to its supplier."""
        event, saw, asked = self.drawn(draw)
        lot, _, change = event
        line = {"lot_id": lot, "quantity": -change // MICRO}

        def work(session: Session) -> Any:
            return record_return([line], session=session, kind="to_supplier", happened_at=asked, count_saw=saw)

        done = self.record(self.expected(event, saw if asked else None), work)
        self.happens(done, [(lot, datetime.fromisoformat(done["happened_at"]), change)], saw if asked else None)

    def drawn(self, draw: Draw) -> tuple[Event, Any, datetime | None]:
        """Some of a lot of flour, an answer about counts, and when, None for now."""
        flour = self.kitchen.rows("SELECT id FROM lot WHERE item_id = :item", item=self.kitchen.ids["Flour"])
        lot, grams = draw(st.sampled_from(sorted(row[0] for row in flour))), draw(st.integers(1, 200))
        at = self.moment(draw)
        return (lot, at or now(), -grams * MICRO), draw(st.sampled_from(ANSWERS)), at

    def count(self, draw: Draw) -> None:
        """One or two lots are counted."""
        at, saw = self.moment(draw), draw(st.sampled_from(ANSWERS))
        found = {}
        for lot in {self.lot(draw), self.lot(draw)}:
            held = self.shelf.held(lot, at or now()) // MICRO
            found[lot] = max(held, 0) if draw(st.booleans()) else draw(st.integers(0, 400))
        lines: Any = [{"lot_id": lot, "counted": grams} for lot, grams in found.items()]
        done = run_in_transaction(lambda s: record_stocktake(lines, session=s, counted_at=at, count_saw=saw))
        at_then = datetime.fromisoformat(done["counted_at"])
        events = [(lot, at_then, grams * MICRO - self.shelf.held(lot, at_then)) for lot, grams in found.items()]
        counts = [Count(done["operation_id"], lot, at_then, grams * MICRO) for lot, grams in found.items()]
        self.happens(done, [one for one in events if one[2]], saw if at else None, found=counts)

    def correct(self, draw: Draw) -> None:
        """A mistyped yield is corrected."""
        standing = sorted(self.runs.keys() & self.shelf.events.keys())
        if not standing:
            return
        key, actual, saw = draw(st.sampled_from(standing)), draw(st.integers(0, 5)), draw(st.sampled_from(ANSWERS))
        done = run_in_transaction(lambda s: record_production_correction(key, actual, "typo", session=s, count_saw=saw))
        self.happens(done, self.events_of(done["production"]), saw, undone=[key])

    def undo(self, draw: Draw) -> None:
        """Anything that stands is undone, if nothing depends on it."""
        standing = [key for key in self.undoable if key in self.shelf.events]
        if not standing:
            return
        key, saw = draw(st.sampled_from(standing)), draw(st.sampled_from(ANSWERS))
        done = run_in_transaction(lambda s: record_reversal(key, "mistake", session=s, count_saw=saw))
        again = done.get("production")
        self.happens(done, self.events_of(again) if again else [], saw, undone=[key], is_undoable=False)

    # the model --------------------------------------------------------------------------------------------------------

    def happens(
        self, done: Any, events: list[Event], saw: str | None, *, is_undoable: bool = True, **more: Any
    ) -> None:
        """The ledger accepted it, so the model must."""
        self.shelf.happen(done["operation_id"], events, saw=saw, **more)
        if is_undoable:
            self.undoable.append(done["operation_id"])

    def expected(self, event: Event, saw: str | None) -> type[ServiceError] | None:
        """What the model says: accepted, or refused, and why."""
        lot, at, _ = event
        came = self.kitchen.rows("SELECT received_on FROM lot WHERE id = :lot", lot=lot)[0].received_on
        if at.date().isoformat() < str(came):
            return ConflictError
        try:
            deepcopy(self.shelf).happen("asked", [event], saw=saw)
        except AskedError:
            return CountedSinceError
        except BelowZeroError:
            return ConflictError
        return None

    def record(self, expected: type[ServiceError] | None, work: Callable[[Session], Any]) -> Any:
        """Record it, and be refused exactly if the model refuses."""
        found: ServiceError | None = None
        done = None
        try:
            done = run_in_transaction(work)
        except ServiceError as error:
            found = error
        assert (found is None) == (expected is None), (expected, found)
        if found is not None:
            assert expected is CountedSinceError or not isinstance(found, CountedSinceError), found
            raise found
        return done

    def events_of(self, run: Any) -> list[Event]:
        """What a run took and made, when it happened."""
        key = run["operation_id"]
        (at,) = self.kitchen.rows("SELECT produced_at FROM production_run WHERE operation_id = :key", key=key)[0]
        moment = datetime.fromisoformat(moment_text(at) + "+00:00")
        taken = [(one["lot_id"], moment, -int(float(one["quantity"]) * MICRO)) for one in run["consumptions"]]
        made = [(run["lot_id"], moment, int(run["actual_yield"]) * MICRO)] if run["lot_id"] else []
        return [*taken, *made]

    def lot(self, draw: Draw) -> int:
        return int(draw(st.sampled_from(sorted(row[0] for row in self.kitchen.rows("SELECT id FROM lot")))))

    def moment(self, draw: Draw) -> datetime | None:
        """Now, or one of few moments, so that some fall together."""
        number = draw(st.one_of(st.none(), st.integers(0, 3 * DAYS - 1), st.integers(0, 3 * DAYS - 1)))
        return None if number is None else self.first + timedelta(hours=8 * number)


@pytest.mark.parametrize("kind", usually(["sqlite", "postgresql"], usual=["sqlite"]))
def test_the_ledger_agrees_with_a_model_of_what_happened_when(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``BAKE_TRACKER_TEST_LIVES`` sets how many lives of 25 operations."""
    make = {"sqlite": fresh_sqlite, "postgresql": fresh_postgresql}[kind]
    heard, lives = Counter[str](), 0

    class Lived(LifeInTime):
        def __init__(self) -> None:
            nonlocal lives
            super().__init__()
            home = tmp_path / str(lives := lives + 1)
            home.mkdir()
            monkeypatch.setenv("BAKE_TRACKER_DATABASE_URL", make(request, home))
            self.kitchen, self.heard = Kitchen(), heard
            self.kitchen.ingredient("Flour")
            self.kitchen.recipe("Dough", {"Flour": (50, "g")}, {"Bun": 4})

        def teardown(self) -> None:
            try:
                with read_scope() as session:
                    found = verify_ledger(session)
                assert (found["drift"], found["notes"]) == ([], [])
            finally:
                dispose_engines()

    few = settings(
        max_examples=LIVES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],  # a failing life is shown as it was, because shrinking it takes minutes
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Lived, settings=few)
    assert {*KINDS} <= heard.keys(), sorted(heard.items())

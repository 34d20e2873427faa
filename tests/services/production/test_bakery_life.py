"""A random bakery's life: stock, ledger, costs and log agree after every success, refusal and rollback."""

import logging
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from bake_tracker.domain.errors import ServiceError
from bake_tracker.services import assembly_service, batch_production_service
from bake_tracker.services.database import dispose_engines, session_scope
from support.databases import fresh_postgresql, fresh_sqlite
from support.depth import rounds
from support.kitchen import Kitchen
from support.life import Call, Keep, any_call, stocked_kitchen

LIVES = rounds(4, 10)

CACHES = """
SELECT lot.id FROM lot LEFT JOIN movement ON movement.lot_id = lot.id
GROUP BY lot.id, lot.remaining_micros, lot.remaining_cost_micros, lot.cost_micros
HAVING lot.remaining_micros <> coalesce(sum(movement.quantity_micros), 0) OR lot.remaining_micros < 0
    OR (lot.cost_micros IS NULL) <> (lot.remaining_cost_micros IS NULL)
    OR lot.remaining_cost_micros <> sum(movement.cost_micros) OR lot.remaining_cost_micros < 0
    OR (lot.remaining_micros = 0 AND lot.remaining_cost_micros <> 0)
"""
RUNS = """
SELECT operation_id, total_cost_micros, loss_cost_micros FROM production_run
UNION ALL SELECT operation_id, total_cost_micros, 0 FROM assembly_run
"""
MOVED = "SELECT operation_id, quantity_micros, cost_micros FROM movement"


class BakeryLife(RuleBasedStateMachine):
    """Scopes of one or several operations: some are refused, some rolled back, some rolled back to a savepoint."""

    kitchen: Kitchen
    keep: Keep

    @rule(call=any_call())
    def one_call_in_a_scope_of_its_own(self, call: Call) -> None:
        try:
            with session_scope() as session:
                call(self.kitchen.ids, session)
        except ServiceError:
            pass

    @rule(several=st.lists(any_call(), min_size=2, max_size=4), is_undone=st.booleans())
    def several_calls_in_one_scope(self, several: list[Call], is_undone: bool) -> None:
        """The caller continues after every refusal, and commits or rolls back the rest."""
        with session_scope() as session:
            for call in several:
                try:
                    call(self.kitchen.ids, session)
                except ServiceError:
                    continue
            if is_undone:
                session.rollback()

    @rule(first=any_call(), second=any_call())
    def a_savepoint_is_undone_and_the_rest_kept(self, first: Call, second: Call) -> None:
        with session_scope() as session:
            for call, is_undone in ((first, True), (second, False)):
                savepoint = session.begin_nested()
                try:
                    call(self.kitchen.ids, session)
                except ServiceError:
                    savepoint.rollback()
                    continue
                savepoint.rollback() if is_undone else savepoint.commit()

    @rule(recipe=st.sampled_from(("Dough", "Cream")), batches=st.integers(1, 3))
    def what_the_check_allows_the_recording_does(self, recipe: str, batches: int) -> None:
        """In the same transaction, whatever the check does not allow is refused with the same list."""
        ids, unit = self.kitchen.ids, {"Dough": "Bun", "Cream": "Puff"}[recipe]
        with session_scope() as session:
            check = batch_production_service.check_can_produce(ids[recipe], batches, session=session)
            try:
                batch_production_service.record_batch_production(ids[recipe], ids[unit], batches, 5, session=session)
                refused = []
            except ServiceError as error:
                refused = error.shortages  # type: ignore[attr-defined]  # any other refusal is a failure of this test
        assert (check["can_produce"], check["missing_ingredients"]) == (not refused, refused)

    @rule(good=st.sampled_from(("Box", "Hamper")), quantity=st.integers(1, 3))
    def what_the_check_allows_is_packed(self, good: str, quantity: int) -> None:
        """The same holds for boxes."""
        ids = self.kitchen.ids
        with session_scope() as session:
            check = assembly_service.check_can_assemble(ids[good], quantity, session=session)
            try:
                assembly_service.record_assembly(ids[good], quantity, session=session)
                refused = []
            except ServiceError as error:
                refused = error.shortages  # type: ignore[attr-defined]  # as above
        assert (check["can_assemble"], check["missing_components"]) == (not refused, refused)

    @invariant()
    def lots_are_what_the_ledger_says(self) -> None:
        assert self.kitchen.rows(CACHES) == []

    @invariant()
    def no_cost_is_lost_or_made(self) -> None:
        """For each run, the draws cost as much as output and loss together."""
        drawn: dict[str, list[int | None]] = {}
        made: dict[str, int | None] = {}
        for row in self.kitchen.rows(MOVED):
            if row.quantity_micros < 0:
                drawn.setdefault(str(row.operation_id), []).append(row.cost_micros)
            else:
                made[str(row.operation_id)] = row.cost_micros
        for operation_id, total, loss in self.kitchen.rows(RUNS):
            costs = drawn[str(operation_id)]
            known = None if None in costs else -sum(cost for cost in costs if cost is not None)
            assert total == known
            if total is not None:
                assert total == loss + (made.get(str(operation_id), 0) or 0)

    @invariant()
    def the_log_claims_what_the_operation_table_holds(self) -> None:
        """Every row has exactly one success line, and every success line has a row."""
        claimed = self.keep.ids("success")
        held = [str(row.id) for row in self.kitchen.rows("SELECT id FROM operation")]
        assert sorted(claimed) == sorted(held)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_stock_ledger_costs_and_log_agree_through_a_bakerys_life(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: Any
) -> None:
    """A few lives of fifteen steps run on databases of their own, checked after every step."""
    make = {"sqlite": fresh_sqlite, "postgresql": fresh_postgresql}[kind]
    logger, lives = logging.getLogger("bake_tracker.services"), []

    class Life(BakeryLife):
        def __init__(self) -> None:
            super().__init__()
            home = tmp_path / str(len(lives))
            home.mkdir()
            monkeypatch.setenv("BAKE_TRACKER_DATABASE_URL", make(request, home))
            self.keep = Keep()
            lives.append(self.keep)
            logger.addHandler(self.keep)
            self.kitchen = stocked_kitchen()

        def teardown(self) -> None:
            logger.removeHandler(self.keep)
            dispose_engines()

    few = settings(
        max_examples=LIVES,
        stateful_step_count=15,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Life, settings=few)
    told = Counter(outcome for keep in lives for outcome, _ in keep.lines)
    assert len(lives) >= LIVES
    assert min(told[outcome] for outcome in ("success", "rolled_back", "insufficient_components")) > 2, told

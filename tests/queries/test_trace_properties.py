"""After any operations, forward and backward traces agree, and every lot's balance closes exactly."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import invariant, run_state_machine_as_test
from sqlalchemy.orm import Session

from bake_tracker.domain.stock.trace import Edge
from bake_tracker.queries.stock.recall import load_recall
from bake_tracker.queries.stock.trace import trace_back, trace_forward
from bake_tracker.services.database import dispose_engines, read_scope
from support.databases import fresh_postgresql, fresh_sqlite
from support.life_undone import Life

LIVES = 3
STEPS = 12


def ends(walk: Callable[..., list[Edge]], session: Session, lot_id: int, undone: bool) -> set[tuple[str, int, Any]]:
    return {(edge.operation_id, edge.from_lot_id, edge.into_lot_id) for edge in walk(session, lot_id, undone=undone)}


class Traced(Life):
    """A life at whose end every lot is traced in both directions."""

    @invariant()
    def ledger_caches_and_log_agree(self) -> None:
        """The machine that this class extends already verifies this after every step."""

    def assert_forward_and_back_are_inverse(self, lots: list[int]) -> None:
        with read_scope() as session:
            for undone in (False, True):
                forward = {lot: ends(trace_forward, session, lot, undone) for lot in lots}
                back = {lot: ends(trace_back, session, lot, undone) for lot in lots}
                reaches = {(lot, into) for lot in lots for _, _, into in forward[lot] if into is not None}
                assert reaches == {(source, lot) for lot in lots for _, source, _ in back[lot]}
                made = {edge for edges in forward.values() for edge in edges if edge[2] is not None}
                assert made == {edge for edges in back.values() for edge in edges}

    def assert_every_balance_closes(self, lots: list[int]) -> None:
        with read_scope() as session:
            for lot in lots:
                recall = load_recall(session, lot)
                assert recall["is_balanced"], recall["balance"]
                assert {one["remainder"] for one in recall["balance"]} == {"0"}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_traces_are_inverse_and_every_balance_closes_whatever_is_recorded(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few lives of all operations, undone or not; at the end each lot is traced and balanced."""
    make = {"sqlite": fresh_sqlite, "postgresql": fresh_postgresql}[kind]
    lives, heard = [], Counter[str]()

    class Lived(Traced):
        def __init__(self) -> None:
            super().__init__()
            home = tmp_path / str(len(lives))
            home.mkdir()
            monkeypatch.setenv("BAKE_TRACKER_DATABASE_URL", make(request, home))
            self.move_in()
            self.heard = heard
            lives.append(home)

        def teardown(self) -> None:
            try:
                lots = [int(row.id) for row in self.kitchen.rows("SELECT id FROM lot")]
                self.assert_forward_and_back_are_inverse(lots)
                self.assert_every_balance_closes(lots)
            finally:
                dispose_engines()

    few = settings(
        max_examples=LIVES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Lived, settings=few)
    assert len(lives) >= LIVES, heard
    assert {"receive", "produce", "transfer of a part"} <= heard.keys(), heard

"""The stock as it was: whatever is recorded later, an instant's answer stays what was seen then."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from bake_tracker.clock import now
from bake_tracker.domain.errors import ServiceError
from bake_tracker.domain.money import format_money
from bake_tracker.domain.units import format_micros
from bake_tracker.queries.stock.as_of import Instant, load_stock_as_of
from bake_tracker.services.database import dispose_engines, read_scope
from support.databases import fresh_postgresql, fresh_sqlite
from support.depth import rounds
from support.life_undone import Life

LIVES, STEPS = {"sqlite": rounds(3, 30), "postgresql": rounds(1, 5)}, 12
Held = list[tuple[str, str, str | None]]
NEWEST = (
    "SELECT id, recorded_at, name FROM operation WHERE parent_id IS NULL ORDER BY recorded_at DESC, id DESC LIMIT 1"
)


def as_of(at: datetime, by: Literal["recorded", "happened"] = "recorded") -> Held:
    with read_scope() as session:
        items = load_stock_as_of(session, Instant(at, by))["items"]
    return sorted(((lot["lot_code"], lot["quantity"], lot["value"]) for item in items for lot in item["lots"]), key=str)


class Remembered(Life):
    """A life that remembers what was in stock after every step, and often undoes its latest operation."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[datetime, Held]] = []
        self.undone_at_once = 0

    def in_stock(self) -> Held:
        rows = self.kitchen.rows(
            "SELECT code, remaining_micros, remaining_cost_micros FROM lot WHERE remaining_micros > 0"
        )
        return sorted(((str(row[0]), format_micros(row[1]), format_money(row[2])) for row in rows), key=str)

    @invariant()
    def ledger_caches_and_log_agree(self) -> None:
        """The stock as of now is what is there now, by both times; an operation and its undo leave no trace."""
        at, stock = now(), self.in_stock()
        assert as_of(at) == as_of(at, "happened") == stock
        self.seen.append((at, stock))
        if len(self.seen) % 2:
            self.undo_the_newest(stock)

    def undo_the_newest(self, stock: Held) -> None:
        ((key, recorded_at, name),) = self.kitchen.rows(NEWEST)
        if str(key) in self.prepared or name == "record_production_correction":
            return  # undoing a correction also takes back the run that it corrected
        began = recorded_at if isinstance(recorded_at, datetime) else datetime.fromisoformat(str(recorded_at))
        began = began if began.tzinfo else began.replace(tzinfo=UTC)
        try:
            done = self.reverse(str(key), cascade=False)
        except ServiceError:
            return
        self.undone_at_once += not done["also_reversed"]
        assert as_of(began - timedelta(microseconds=1)) == as_of(now()) == self.in_stock()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_instant_stays_as_it_was_seen_whatever_is_recorded_later(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few lives of all operations, undone or not; at the end every instant is asked for again."""
    make: Callable[..., str] = {"sqlite": fresh_sqlite, "postgresql": fresh_postgresql}[kind]
    lives, heard = [], Counter[str]()
    looked, undone = 0, 0

    class Lived(Remembered):
        def __init__(self) -> None:
            super().__init__()
            home = tmp_path / str(len(lives))
            home.mkdir()
            monkeypatch.setenv("BAKE_TRACKER_DATABASE_URL", make(request, home))
            self.move_in()
            self.heard = heard
            lives.append(home)

        def teardown(self) -> None:
            nonlocal looked, undone
            try:
                for at, stock in self.seen:
                    assert as_of(at) == stock
                looked, undone = looked + len(self.seen), undone + self.undone_at_once
            finally:
                dispose_engines()

    few = settings(
        max_examples=LIVES[kind],
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Lived, settings=few)
    assert looked >= LIVES[kind] * STEPS, heard
    assert undone >= LIVES[kind], heard

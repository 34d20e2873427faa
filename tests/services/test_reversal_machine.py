"""After random buying, baking, packing, holding and moving, undoing everything restores the bakery."""

import logging
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from bake_tracker.services.database import dispose_engines
from support.databases import fresh_postgresql, fresh_sqlite
from support.depth import usually
from support.life import Keep
from support.life_undone import DECK, SHELF, Life, known, stocked_kitchen

LIVES = int(os.environ.get("BAKE_TRACKER_TEST_LIVES", "5"))
STEPS = 30

UNDONE = (
    *("record_receipt", "record_batch_production", "record_assembly", "record_bake_and_pack"),
    *("record_production_correction", "record_hold", "record_release", "record_recall", "record_transfer"),
    *(
        "record_adjustment",
        "record_stocktake",
        "record_cost_statement",
        "record_density",
        "record_piece_weight",
        "record_delivery",
    ),
    *("record_item", "record_supplier", "record_event", "record_recipient", "record_product", "record_recipe"),
    *(
        "record_recipe_yield",
        "record_recipe_makes",
        "record_good_components",
        "record_recipe_rate",
        "record_name",
        "record_allergens",
    ),
    *("record_label_filed", "record_bakery", "record_import", "record_return"),
    *("record_item_change", "record_bakery_correction"),
)


@pytest.mark.parametrize("kind", usually(["sqlite", "postgresql"], usual=["sqlite"]))
def test_after_undoing_everything_every_lot_cost_and_count_is_as_at_the_start(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: Any
) -> None:
    """A few lives on databases of their own do and undo everything possible, and are fully verified.

    ``BAKE_TRACKER_TEST_LIVES`` sets how many.
    """
    make = {"sqlite": fresh_sqlite, "postgresql": fresh_postgresql}[kind]
    logger, lives, heard = logging.getLogger("bake_tracker.services"), [], Counter[str]()

    class Lived(Life):
        def __init__(self) -> None:
            super().__init__()
            home = tmp_path / str(len(lives))
            home.mkdir()
            monkeypatch.setenv("BAKE_TRACKER_DATABASE_URL", make(request, home))
            self.keep, self.heard, self.kept = Keep(), heard, set()
            lives.append(self.keep)
            logger.addHandler(self.keep)
            self.kitchen = stocked_kitchen()
            self.prepared = {str(row.id) for row in self.kitchen.rows("SELECT id FROM operation")}
            self.at_first, self.known_at_first = self.kitchen.rows(SHELF), known(self.kitchen)

        def teardown(self) -> None:
            try:
                self.undo_everything(by_roots=len(lives) % 2 == 0)
            finally:
                logger.removeHandler(self.keep)
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
    assert len(lives) >= LIVES
    required = {*DECK, "cascade", *(f"undone: {name}" for name in UNDONE)}
    missing = sorted(required - heard.keys())
    assert missing == [], (missing, *sorted(heard.items()))

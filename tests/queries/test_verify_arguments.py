"""``verify`` recalculates what operations that are not sealed yet say about themselves."""

from typing import Any

import pytest
from sqlalchemy import text

from bake_tracker.queries.verify.everything import verify_ledger
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.stock.handling import record_release, record_transfer
from support.kitchen import Kitchen
from support.life_of_stock import fill_the_life_of_stock
from support.tampering import drift_after
from support.warm.snapshot import once


@pytest.fixture
def lived(kitchen: Kitchen) -> Kitchen:
    """Every kind of row that repeats an argument, and nothing sealed."""
    kitchen.ids |= once("a life of stock, and a box", lambda: _live(kitchen))
    return kitchen


def _live(kitchen: Kitchen) -> dict[str, int]:
    kitchen.simple_bakery()
    fill_the_life_of_stock(kitchen)
    kitchen.assemble("Box", 1, notes="for the fair")
    (held,) = kitchen.rows("SELECT id FROM lot WHERE on_hold ORDER BY id LIMIT 1")[0]
    run_in_transaction(lambda s: record_release([held], "fine after all", session=s))
    run_in_transaction(lambda s: record_transfer(held, "Roof", session=s, reason="dry"))
    return kitchen.ids


CHANGES: dict[str, tuple[str, str]] = {
    "arguments": ("UPDATE operation SET arguments = '{}' WHERE name = 'record_adjustment'", "fingerprint of a call"),
    "fingerprint": ("UPDATE operation SET fingerprint = 'f' WHERE name = 'record_item'", "fingerprint of a call"),
    "kind": ("UPDATE adjustment SET kind = 'gift' WHERE kind = 'waste'", "adjustment kind"),
    "reason": ("UPDATE adjustment SET reason = 'sold' WHERE kind = 'waste'", "adjustment reason"),
    "count": ("UPDATE stocktake SET notes = 'Tuesday'", "stocktake notes"),
    "document": ("UPDATE delivery SET document = '8'", "delivery document"),
    "hold": ("UPDATE lot_hold SET reason = 'none' WHERE action = 'hold'", "lot_hold reason"),
    "action": ("UPDATE lot_hold SET action = 'hold' WHERE action = 'release'", "lot_hold action"),
    "place": ("UPDATE transfer SET to_location = 'Shop' WHERE reason = 'dry'", "transfer to_location"),
    "undo": ("UPDATE reversal SET reason = 'because'", "reversal reason"),
    "run": ("UPDATE production_run SET num_batches = num_batches + 1", "production_run num_batches"),
    "loss": ("UPDATE production_run SET loss_reason = 'eaten'", "production_run loss_reason"),
    "boxes": ("UPDATE assembly_run SET notes = 'for a wedding'", "assembly_run notes"),
    "receipt": ("UPDATE lot SET product_id = 99 WHERE is_made = (1 = 0)", "lot product_id"),
}


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_a_changed_row_that_is_not_sealed_yet_is_named(lived: Kitchen, change: str) -> None:
    """The row repeats what the arguments say, and the fingerprint repeats the arguments."""
    statement, what = CHANGES[change]
    found = drift_after(statement)
    assert what in {one["what"] for one in found}


def test_an_operation_renamed_is_named(lived: Kitchen) -> None:
    """The fingerprint covers the name."""
    found: list[Any] = drift_after("UPDATE operation SET name = 'record_event' WHERE name = 'record_supplier'")
    assert "fingerprint of a call" in {one["what"] for one in found}


def test_everything_that_was_recorded_says_what_its_call_said(lived: Kitchen) -> None:
    """There is no finding, whatever the arguments left out."""
    lived.produce("Cookies", "Cookie", 1, 20, scale_factor=0.5, notes=None)
    with read_scope() as session:
        assert verify_ledger(session)["drift"] == []
        assert session.execute(text("SELECT count(*) FROM seal")).scalar_one() == 0

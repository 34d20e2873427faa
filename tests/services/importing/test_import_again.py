"""Import again: rows of an undone import are imported again, once."""

from bake_tracker.services.database import run_in_transaction
from bake_tracker.services.reversal import record_reversal
from support.import_files import clean, counts, record, stored
from support.kitchen import Kitchen


def undo(operation_id: str) -> None:
    run_in_transaction(lambda s: record_reversal(operation_id, "wrong file", session=s))


def test_the_lots_of_an_import_that_was_undone_come_in_again(kitchen: Kitchen) -> None:
    """This works after every undo; an import in between adds nothing."""
    first = record(clean())
    undo(str(first["operation_id"]))
    assert kitchen.rows("SELECT sum(remaining_micros) FROM lot") == [(0,)]
    for _ in range(2):
        again = record(clean())
        assert counts(again)["inventory_items"] == (5, 0, 0)
        assert again["added_count"] == 15  # including what no lot uses, which the undo removed too
        before = stored(kitchen)
        assert record(clean())["added_count"] == 0
        assert stored(kitchen) == {**before, "operation": before["operation"] + 1}
        undo(str(again["operation_id"]))


def test_one_lot_that_was_undone_comes_in_again_alone(kitchen: Kitchen) -> None:
    """The other lots stay as they are."""
    record(clean())
    (receipt,) = kitchen.rows("SELECT operation_id FROM lot ORDER BY id LIMIT 1")[0]
    undo(str(receipt))
    assert counts(record(clean()))["inventory_items"] == (1, 4, 0)
    assert counts(record(clean()))["inventory_items"] == (0, 5, 0)

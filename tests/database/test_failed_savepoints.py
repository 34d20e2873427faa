"""An operation whose savepoint can be neither released nor rolled back takes its whole transaction with it."""

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError, PendingRollbackError

from bake_tracker.domain.errors import ItemNotFoundError
from bake_tracker.services.database import engine_for, session_scope
from bake_tracker.services.stock.receipt import record_receipt
from support.kitchen import Kitchen


def fail_at(statement: str) -> None:
    """Make every statement that begins like this fail before it reaches the database."""

    def refuse(_connection: object, _cursor: object, sent: str, *_: object) -> None:
        if sent.startswith(statement):
            raise OperationalError(sent, None, Exception("the line is noisy"))

    event.listen(engine_for(), "before_cursor_execute", refuse)


def test_a_failed_release_cannot_be_kept_by_catching_the_error(kitchen: Kitchen) -> None:
    """Its line says error, so COMMIT is refused and none of it is stored."""
    flour = kitchen.ingredient("Flour")
    fail_at("RELEASE")
    with pytest.raises(PendingRollbackError), session_scope() as session, pytest.raises(OperationalError):
        record_receipt(flour, 1, "kg", session=session)
    assert kitchen.rows("SELECT * FROM lot") == kitchen.rows("SELECT * FROM movement") == []
    assert kitchen.rows("SELECT name FROM operation") == [("record_item",)]


def test_a_failed_rollback_to_a_savepoint_cannot_be_kept_either(kitchen: Kitchen) -> None:
    """If the ROLLBACK TO after a refusal fails, the transaction can only be rolled back."""
    flour = kitchen.ingredient("Flour")
    fail_at("ROLLBACK TO")
    with pytest.raises(PendingRollbackError), session_scope() as session:
        with pytest.raises((ItemNotFoundError, OperationalError)):
            record_receipt(flour + 1, 1, "kg", session=session)
        record_receipt(flour, 1, "kg", session=session)
    assert kitchen.rows("SELECT * FROM lot") == []


def test_an_outer_savepoint_that_is_undone_takes_the_failed_one_with_it(kitchen: Kitchen) -> None:
    """After that the transaction is usable again."""
    flour = kitchen.ingredient("Flour")
    with session_scope() as session:
        outer = session.connection().begin_nested()
        with pytest.raises(OperationalError):
            fail_at("RELEASE")
            record_receipt(flour, 1, "kg", session=session)
        outer.rollback()
    assert kitchen.rows("SELECT * FROM lot") == []

"""Every operation locks the bakery before any item, so that no two wait for each other."""

import re
from typing import Any

import pytest

from bake_tracker.domain.errors import ServiceError
from bake_tracker.services.database import run_in_transaction
from bake_tracker.services.reversal import record_reversal
from support.kitchen import Kitchen
from support.web import statements
from support.writers import CALLS, WRITERS

LOCKED = re.compile(r"\bFROM (bakery|item)\b.*\bFOR (?:NO KEY )?UPDATE", re.DOTALL)


def locked(sent: list[str]) -> list[str]:
    return [found[1] for found in map(LOCKED.search, sent) if found]


@pytest.mark.parametrize("writer", sorted(CALLS))
def test_the_bakery_is_locked_before_any_item(
    postgresql_url: str, writer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This holds for every writer and for its undo."""
    kitchen = Kitchen().simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24)
    write = WRITERS[writer]
    with statements() as sent:

        def begin(*given: Any, **named: Any) -> Any:
            sent.clear()  # what the call prepared in the same transaction
            return write(*given, **named)

        monkeypatch.setattr(f"{write.__module__}.{writer}", begin)
        done = run_in_transaction(lambda session: CALLS[writer](kitchen, session))
    assert locked(sent) == sorted(locked(sent))
    with statements() as sent:
        try:
            run_in_transaction(
                lambda session: record_reversal(done["operation_id"], "mistyped", session=session, cascade=True)
            )
        except ServiceError:
            return  # some have nothing to undo
    assert locked(sent) == sorted(locked(sent))

"""A two-phase commit that another program decides: the log waits, and a repair writes what the row says."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from bake_tracker.database import prepared_outcomes
from bake_tracker.log.append import AppendHandler
from bake_tracker.services.catalog import things
from bake_tracker.services.database import make_engine, read_scope
from bake_tracker.services.reconcile.repair import repair_log
from bake_tracker.services.reconcile.verification import verify_log
from support.log.lines import fields
from support.log.outcome_scenarios import SERVICES


def outcomes(log: pytest.LogCaptureFixture) -> list[str]:
    return [str(fields(record)["outcome"]) for record in log.records if fields(record)["outcome"] != "started"]


@pytest.mark.parametrize("ending", ["COMMIT", "ROLLBACK"])
def test_another_process_decides_and_a_repair_tells(
    postgresql_url: str,
    ending: str,
    tmp_path: Path,
    log: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While it is prepared there is no row to miss; once it is committed, verify lists it and the repair writes it."""
    monkeypatch.setattr("bake_tracker.services.reconcile.verification.LINE_IS_LATE_S", (0,))
    engine, path = make_engine(postgresql_url), tmp_path / "log.jsonl"
    handler = AppendHandler(path)
    SERVICES.addHandler(handler)
    try:
        with Session(engine) as session:
            things.record_item("ingredient", "Rye", "g", session=session)
            session.commit()
            things.record_item("ingredient", "Flour", "g", session=session)
            session.execute(text("PREPARE TRANSACTION 'bake'"))
    finally:
        SERVICES.removeHandler(handler)
        handler.close()
    engine.dispose()
    assert outcomes(log) == ["success", "prepared"]
    monkeypatch.setattr(prepared_outcomes, "_parked", {})  # as in another process
    with read_scope() as session:
        assert verify_log(session, path)["missing"] == []
    other = create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    with other.connect() as connection:
        connection.execute(text(f"{ending} PREPARED 'bake'"))
    other.dispose()
    assert outcomes(log) == ["success", "prepared"]
    with read_scope() as session:
        repaired: Any = repair_log(session, path)["repaired"]
    assert [one["operation"] for one in repaired] == (["record_item"] if ending == "COMMIT" else [])

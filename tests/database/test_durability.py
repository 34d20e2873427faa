"""A success on PostgreSQL says where it stands in the write-ahead log, and who keeps it."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from bake_tracker.database.durability import awaits_standby, least_durability, read_written_at
from bake_tracker.log.events import LINE_FIELDS
from bake_tracker.services.catalog.things import record_supplier
from bake_tracker.services.database import run_in_transaction, session_scope
from support.kitchen import Kitchen
from support.log.lines import failing, fields, last, some
from support.log.outcome_shapes import DRIVERS, engine_of, is_installed, play

NEW = ("xid", "lsn", "timeline", "durability")
LSN = "pg_current_wal_insert_lsn()"


@pytest.mark.parametrize(
    ("settings", "least", "awaits"),
    [
        ("on on ", "disk", False),
        ("on off ", "memory", False),
        ("on off second", "memory", False),
        ("off on ", "memory", False),
        ("on local second", "disk", False),
        ("on on FIRST 1 (second, third)", "disk", True),
        ("on remote_write second", "disk", True),
        ("on remote_apply *", "disk", True),
        ("off on second", "memory", True),
    ],
)
def test_the_settings_say_what_a_commit_promises(settings: str, least: str, *, awaits: bool) -> None:
    """A standby is promised only if the COMMIT waits for it."""
    assert (least_durability(settings), awaits_standby(settings)) == (least, awaits)


def test_the_servers_answer_is_read() -> None:
    """The timeline stands in the name of a file, in hexadecimal digits."""
    assert read_written_at("4294967301 1A/2B0 0000001F on on a b") == ((4294967301, "1A/2B0", 31), "on on a b")


def test_every_field_is_the_logs_own() -> None:
    """A caller's field of this name gets another one, and the reference has all of them."""
    page = (Path(__file__).parents[2] / "docs" / "reference" / "log-lines.md").read_text("utf-8")
    assert [name for name in NEW if name not in LINE_FIELDS or f"`{name}`" not in page] == []


@pytest.mark.parametrize("driver", [one for one in DRIVERS["postgresql"] if is_installed(one)])
def test_a_success_names_its_transaction_and_its_place(
    postgresql_url: str, log: pytest.LogCaptureFixture, driver: str
) -> None:
    """This server would lose it in a power failure, which the line says."""
    engine = engine_of(driver, postgresql_url)

    def run() -> None:
        with Session(engine) as session:
            xid, before = session.execute(text(f"SELECT pg_current_xact_id()::text, {LSN}::text")).one()
            record_supplier("Mill", session=session)
            session.commit()
            line = last(log)
            lies_between = f"'{line['lsn']}'::pg_lsn > '{before}' AND '{line['lsn']}'::pg_lsn < {LSN}"
            assert session.execute(text(f"SELECT {lies_between}")).scalar_one()
            found = some(line, "outcome", "xid", "timeline", "durability")
            assert found == {"outcome": "success", "xid": int(xid), "timeline": 1, "durability": "memory"}

    play(driver, cast(Any, SimpleNamespace(engine=engine, second_engine=engine)), run)
    engine.dispose()


def test_only_a_success_says_so(kitchen: Kitchen, log: pytest.LogCaptureFixture) -> None:
    """A replay wrote nothing, so it does not say so, and neither does a refusal; on SQLite nothing does."""
    run_in_transaction(lambda session: record_supplier("Mill", session=session))
    done = last(log)
    is_postgresql = session_name() == "postgresql"
    assert [name in done for name in NEW] == [is_postgresql] * len(NEW)
    if is_postgresql:
        assert re.fullmatch(r"[0-9A-F]+/[0-9A-F]+", done["lsn"])
    run_in_transaction(lambda session: record_supplier("Mill", session=session, operation_id=done["operation_id"]))
    with failing(Exception), session_scope() as session:
        record_supplier("Mill", session=session)
    with session_scope() as session:
        record_supplier("Dairy", session=session)
        session.rollback()
    outcomes = {line["outcome"]: set(NEW) & set(line) for line in map(fields, log.records) if "outcome" in line}
    assert outcomes["replayed"] == outcomes["conflict"] == set()
    assert outcomes["rolled_back"] == ({"xid", "lsn", "timeline"} if is_postgresql else set())


def test_a_two_phase_commit_leaves_open_who_keeps_it(postgresql_url: str, log: pytest.LogCaptureFixture) -> None:
    """The session that sends COMMIT PREPARED decides; the other fields are those of the transaction."""
    engine = engine_of("psycopg", postgresql_url)
    with Session(engine, twophase=True) as session:
        record_supplier("Mill", session=session)
        session.commit()
    engine.dispose()
    ends = [fields(record) for record in log.records if fields(record)["outcome"] in ("prepared", "success")]
    assert [(line["outcome"], [name for name in NEW if name in line]) for line in ends] == [
        ("prepared", ["xid", "lsn", "timeline"]),
        ("success", ["xid", "lsn", "timeline"]),
    ]


def test_a_commit_sent_as_text_says_so_too(postgresql_url: str, log: pytest.LogCaptureFixture) -> None:
    """The settings are those of its own transaction."""
    with session_scope() as session:
        record_supplier("Mill", session=session)
        session.execute(text("COMMIT"))
        assert last(log)["durability"] == "memory"


def session_name() -> str:
    with session_scope() as session:
        return session.get_bind().dialect.name

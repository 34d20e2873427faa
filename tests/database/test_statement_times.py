"""Where the time of an operation goes, and what a statement looks like on a line."""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event, text

from bake_tracker.database.fair_lock import FairLock
from bake_tracker.database.statement_times import MAX_SHAPE, Times, begin_times, current_times, end_times, shape_of
from bake_tracker.domain.log.tree import TIMES
from bake_tracker.log.events import LINE_FIELDS
from bake_tracker.services.database import engine_for, run_in_transaction, session_scope
from support.kitchen import Kitchen
from support.log.lines import SERVICES, cookies, fields, last

MS = 1_000_000


@pytest.mark.parametrize(
    ("statement", "shape"),
    [
        ("SELECT a\n  FROM t\n WHERE a = ?", "SELECT a FROM t WHERE a = ?"),
        ("SELECT 1 FROM t2 WHERE b = 'it''s -- /* secret */' AND c = 12.5", "SELECT ? FROM t2 WHERE b = ? AND c = ?"),
        ("SELECT a FROM t WHERE a IN (?, ?, ?)", "SELECT a FROM t WHERE a IN (...)"),
        ("INSERT INTO t (a, b) VALUES (%(a)s, %(b)s), (%(a)s, %(b)s)", "INSERT INTO t (a, b) VALUES (...)"),
        ("SELECT id FROM o WHERE id IN ('1', '2')", "SELECT id FROM o WHERE id IN (...)"),
        ("SELECT a /*operation='record_receipt'*/ FROM t", "SELECT a FROM t"),
        (r"SELECT E'it\'s secret' FROM t", "SELECT ? FROM t"),
        ("SELECT $tag$secret$tag$, $1", "SELECT ?, $1"),
        ("SELECT a /* it's */ FROM t -- it's\n WHERE b = 'secret'", "SELECT a FROM t WHERE b = ?"),
        ("SELECT \"it's 1\" FROM t WHERE b = 'never closed", 'SELECT "it\'s ?" FROM t WHERE b = ?'),
    ],
)
def test_a_shape_has_no_values(statement: str, shape: str) -> None:
    """It has neither texts nor numbers, and lists of any length have one shape."""
    assert shape_of(statement) == shape


def test_a_shape_is_of_limited_length() -> None:
    """A long statement is cut."""
    assert len(shape_of("SELECT " + ", ".join(f"column_{letter}x" for letter in "abcdefgh" * 50))) == MAX_SHAPE


def test_what_took_less_than_a_millisecond_is_left_out() -> None:
    """A line says only what explains something."""
    times = Times()
    times.statements = 900_000
    assert times.fields() == {}
    times.statements += 1_200_400
    times.note_slow("SELECT c", 1_200_400, may_wait=True)
    assert times.fields() == {"sql_ms": 2.1, "slowest_sql": "SELECT c", "slowest_sql_ms": 1.2}


def test_a_locking_statement_is_a_wait() -> None:
    """On PostgreSQL it waits for other transactions; so does the claim of an operation's id."""
    for statement, waits in (
        ("SELECT id FROM item FOR NO KEY UPDATE", 2.0),
        ("INSERT INTO operation (id) VALUES (%s)", 2.0),
        ("INSERT INTO operation_note (id) VALUES (%s)", None),
        ("UPDATE item SET a = ?", None),
    ):
        times = Times()
        times.note_slow(statement, 2 * MS, may_wait=True)
        assert times.fields().get("lock_wait_ms") == waits, statement
    times = Times()
    times.note_slow("INSERT INTO operation (id) VALUES (?)", 2 * MS, may_wait=False)
    assert "lock_wait_ms" not in times.fields()  # SQLite waited in BEGIN, if at all


def test_an_operation_includes_those_inside_it() -> None:
    """Its duration and its number of statements do so too."""
    outer, begun = begin_times()
    outer.statements = 2 * MS
    outer.note_slow("SELECT a", 2 * MS, may_wait=True)
    inner = begin_times()
    inner[0].statements, inner[0].lock_wait = 3 * MS, MS
    inner[0].note_slow("SELECT b", 3 * MS, may_wait=True)
    end_times(inner)
    assert outer.fields() == {
        "lock_wait_ms": 1.0,
        "sql_ms": 5.0,
        "slowest_sql": "SELECT b",
        "slowest_sql_ms": 3.0,
    }
    end_times((outer, begun))
    assert current_times() is None


def test_every_time_is_a_field_of_its_own() -> None:
    """A caller's context cannot override it."""
    assert set(TIMES) <= LINE_FIELDS


@pytest.fixture
def bakery(kitchen: Kitchen, log: pytest.LogCaptureFixture, caplog: pytest.LogCaptureFixture) -> Kitchen:
    """Flour and sugar for twenty batches of cookies, and an empty log."""
    kitchen.simple_bakery()
    log.clear()
    caplog.set_level(logging.INFO, logger=SERVICES)
    return kitchen


def test_an_operation_says_how_long_it_waited_for_another(
    bakery: Kitchen, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for a transaction that holds what it needs: SQLite's one writer, or PostgreSQL's locked rows."""
    real_ns, later_ns, queued = time.perf_counter_ns, [0], threading.Event()
    acquire = FairLock.acquire

    def acquire_seen(lock: FairLock, holder: object, timeout_s: float) -> bool:
        queued.set()
        return acquire(lock, holder, timeout_s)

    def is_waiting() -> bool:
        if engine_for().name == "sqlite":
            return queued.is_set()
        own = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
        return bool(bakery.rows(f"{own} AND wait_event_type = 'Lock'"))

    monkeypatch.setattr(time, "perf_counter_ns", lambda: real_ns() + later_ns[0])
    with ThreadPoolExecutor(1) as thread:
        with session_scope() as session:
            session.execute(text("UPDATE item SET slug = slug"))
            monkeypatch.setattr(FairLock, "acquire", acquire_seen)
            baking = thread.submit(run_in_transaction, lambda other: cookies(bakery, other))
            while not is_waiting():
                assert not baking.done()
                time.sleep(0.005)
            later_ns[0] = 2_000 * MS
        baking.result()
    line = last(caplog)
    assert line["outcome"] == "success"
    assert 2_000 <= line["lock_wait_ms"] <= line["duration_ms"]
    if engine_for().name == "sqlite":
        assert line["lock_wait_ms"] <= line["begin_wait_ms"] <= line["duration_ms"]
    else:
        assert line["lock_wait_ms"] <= line["sql_ms"] <= line["duration_ms"]
        assert line["slowest_sql"].startswith("SELECT")
        assert "FOR NO KEY UPDATE" in line["slowest_sql"]


def test_the_slowest_statement_and_the_commit_are_told(
    bakery: Kitchen, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock here moves on two milliseconds whenever it is read."""
    now_ns = iter(range(0, 10**12, 2 * MS))
    monkeypatch.setattr("bake_tracker.database.transaction_outcomes.time.perf_counter_ns", lambda: next(now_ns))
    with session_scope() as session:
        cookies(bakery, session)
    line = last(caplog)
    assert line["sql_ms"] == 2 * line["sql_count"]
    assert (line["slowest_sql_ms"], line["commit_ms"]) == (2, 2)
    assert line["slowest_sql"].startswith(("SELECT", "INSERT"))


def test_nothing_is_timed_if_no_line_is_written(bakery: Kitchen, caplog: pytest.LogCaptureFixture) -> None:
    """With the logger off, no clock is read for a statement."""
    timed: list[bool] = []
    event.listen(engine_for(), "before_cursor_execute", lambda *_: timed.append(current_times() is not None))
    with session_scope() as session:
        cookies(bakery, session)
    assert all(timed)
    assert timed
    timed.clear()
    with caplog.at_level(logging.CRITICAL, logger=SERVICES), session_scope() as session:
        cookies(bakery, session)
    assert timed
    assert not any(timed[1:])
    assert [fields(record)["outcome"] for record in caplog.records] == ["success"]

"""A server that was demoted lets nobody write: writers look for another one, and readers carry on."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import InternalError, NotSupportedError
from sqlalchemy.orm import Session

from bake_tracker.database import scopes
from bake_tracker.database.attempts import is_from_reading_server, is_retryable
from bake_tracker.database.postgresql.urls import names_several_hosts, read_postgresql_url
from bake_tracker.domain.access import Role
from bake_tracker.domain.errors import DatabaseUnavailableError, ValidationError
from bake_tracker.services.catalog import things
from bake_tracker.services.database import dispose_engines, engine_for, read_scope, run_in_transaction
from support.log.lines import fields
from support.web import Web

Demote = Callable[[bool], None]
GIVES_UP_AFTER = scopes.MAX_ATTEMPTS + 2
"""More pauses than a writer makes that meets locks."""


@pytest.fixture
def demote(postgresql_url: str) -> Iterator[Demote]:
    """Let nobody write in new connections, as a standby would; or let them write again."""
    name = make_url(postgresql_url).database
    admin = create_engine(postgresql_url.replace(f"/{name}", "/postgres"), isolation_level="AUTOCOMMIT")

    def demote_it(is_demoted: bool) -> None:
        value = "on" if is_demoted else "off"
        with admin.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = {value}"))
        if is_demoted:
            dispose_engines()

    yield demote_it
    admin.dispose()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited between attempts; a clock that only these pauses move says when to give up."""
    waited: list[float] = []
    monkeypatch.setattr("bake_tracker.database.scopes.RETRY_FOR_S", GIVES_UP_AFTER)
    monkeypatch.setattr("bake_tracker.database.scopes.time.sleep", waited.append)
    monkeypatch.setattr("bake_tracker.database.scopes.time.monotonic", lambda: len(waited))
    return waited


def a_fair(session: Session) -> Any:
    return things.record_event("Fair", session=session)


def told(log: pytest.LogCaptureFixture) -> list[tuple[Any, ...]]:
    lines = [fields(record) for record in log.records]
    return [(line["outcome"], line["attempt"], line["operation_id"]) for line in lines if line["outcome"] != "started"]


def test_a_writer_waits_until_the_server_can_be_written_again(
    demote: Demote, pauses: list[float], monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    """The reason is on the line of each attempt, all under one operation id, and readers carry on meanwhile."""
    demote(True)

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == scopes.MAX_ATTEMPTS + 1:
            demote(False)
        with read_scope() as session:
            assert session.scalar(text("SELECT count(*) FROM event")) == 0

    monkeypatch.setattr("bake_tracker.database.scopes.time.sleep", pause)
    done = run_in_transaction(a_fair)
    assert [line[:2] for line in told(log)] == [*(("retried", number) for number in range(1, 14)), ("success", 14)]
    assert {line[2] for line in told(log)} == {done["operation_id"]}
    assert "cannot execute INSERT in a read-only transaction" in fields(log.records[1])["error"]


def test_a_writer_gives_up_when_the_time_is_over(demote: Demote, pauses: list[float]) -> None:
    """The refusal has the reason and what to do; it is a 503 for programs, and reading goes on."""
    web = Web().let_in()
    baker = web.program(Role.BAKER)
    demote(True)
    reason = "only lets people read now, because it is a standby or set to read only; nothing was recorded"
    with pytest.raises(DatabaseUnavailableError, match=reason):
        run_in_transaction(a_fair)
    assert len(pauses) == GIVES_UP_AFTER
    answer = baker.post("/api/v1/events", json={"name": "Fair"})
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert answer.headers["retry-after"] == "1"
    assert reason in answer.json()["detail"]
    assert baker.get("/api/v1/events").json()["events"] == []


def test_every_pooled_connection_to_a_demoted_server_is_given_up(demote: Demote, pauses: list[float]) -> None:
    """One refusal is enough: the other connections are not tried one by one."""
    demote(True)
    engine = engine_for()
    with engine.connect() as one, engine.connect() as two:
        before = {one.scalar(text("SELECT pg_backend_pid()")), two.scalar(text("SELECT pg_backend_pid()"))}
    demoted: list[Any] = []

    def work(session: Session) -> Any:
        demoted.append(session.scalar(text("SELECT pg_backend_pid()")))
        demote(False)
        return a_fair(session)

    run_in_transaction(work)
    assert demoted[0] in before
    assert demoted[1] not in before
    assert len(demoted) == 2


def test_of_several_hosts_the_one_that_can_be_written_is_used(
    demote: Demote, postgresql_url: str, use: Callable[[str], str], pauses: list[float], tmp_path: Any
) -> None:
    """A host that is away is passed over; while none can be written, a writer waits, even one that has just begun."""
    parsed = make_url(postgresql_url)
    several = parsed.set(query={"host": f"{tmp_path},{parsed.query['host']}"}).render_as_string(False)
    use(several)
    run_in_transaction(lambda session: things.record_event("Feast", session=session))
    demote(True)
    with pytest.raises(DatabaseUnavailableError, match="no host in the URL lets anybody write now"):
        run_in_transaction(a_fair)
    assert len(pauses) == GIVES_UP_AFTER
    demote(False)
    assert run_in_transaction(a_fair)["slug"] == "fair"


def test_a_reader_that_writes_is_a_fault_and_not_a_server_s(postgresql_url: str) -> None:
    """Nothing is retried, and no connection is given up."""
    with pytest.raises(InternalError, match="read-only transaction") as fault, read_scope() as session:
        session.execute(text("DELETE FROM event"))
    assert not is_retryable(fault.value)


def test_a_standby_refuses_serializable_transactions_in_its_own_words() -> None:
    """It says so before anybody writes, with the state of whatever is not supported."""
    said = psycopg.errors.FeatureNotSupported("cannot use serializable mode in a hot standby")
    other = psycopg.errors.FeatureNotSupported("cannot use a feature")
    assert [is_from_reading_server(NotSupportedError("", {}, error)) for error in (said, other)] == [True, False]


@pytest.mark.parametrize(
    ("url", "query"),
    [
        ("postgresql://ann@a:5432,b:5433/bakery", {"host": ("a:5432", "b:5433")}),
        ("postgres://ann:p%2Cw@a,b/bakery?sslmode=require", {"host": ("a", "b"), "sslmode": "require"}),
        ("postgresql+psycopg://a,b:5433,c", {"host": ("a", "b:5433", "c")}),
        ("postgresql://ann@/bakery?host=a:5432&host=b:5433", {"host": ("a:5432", "b:5433")}),
        ("postgresql://ann@/bakery?host=a,b&port=5432,5433", {"host": "a,b", "port": "5432,5433"}),
    ],
)
def test_several_hosts_can_be_named_in_both_forms(url: str, query: dict[str, Any]) -> None:
    """Libpq's form becomes SQLAlchemy's; neither a comma in a password nor one in a name is another host."""
    read = read_postgresql_url(url)
    assert (dict(read.query), names_several_hosts(read)) == (query, True)
    assert names_several_hosts(read_postgresql_url("postgresql://a%2Cb:c%2Cd@host/e,f")) is False


@pytest.mark.parametrize("hosts", ["a:0,b", "a,b:70000", "a,", "a:x,b", "[::1]:5432,b"])
def test_a_wrong_host_among_several_is_refused(hosts: str) -> None:
    """The refusal shows the form."""
    with pytest.raises(ValidationError, match="must name its hosts as in postgresql://USER@HOST:5432,HOST:5432/NAME"):
        read_postgresql_url(f"postgresql://ann@{hosts}/bakery")

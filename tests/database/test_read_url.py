"""BAKE_TRACKER_READ_URL: readers use a standby, and still see everything that was committed before they asked."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bake_tracker.database import scopes, standbys
from bake_tracker.domain.access import Role
from bake_tracker.domain.errors import DatabaseUnavailableError, ValidationError
from bake_tracker.services.catalog import things
from bake_tracker.services.database import dispose_engines, keep_readers_apart, prepare, read_scope, run_in_transaction
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.two_servers import BINARIES, TwoServers, two_servers_with_a_template
from support.warm.waiting import PATIENCE_S
from support.web import Web


@pytest.fixture(scope="module")
def servers() -> Iterator[TwoServers]:
    """A primary with an empty bakery called ``template``, and its standby."""
    with two_servers_with_a_template() as pair:
        yield pair


@pytest.fixture
def pair(
    servers: TwoServers, use: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> TwoServers:
    """The same, with a fresh bakery in both URLs; a standby that was away is asked again at once."""
    name = f"bakery_{abs(hash(request.node.name)):x}"
    servers.primary.ask(f"CREATE DATABASE {name} TEMPLATE template")
    servers.wait_for_the_standby()
    use(servers.primary.url_of(name))
    monkeypatch.setenv("BAKE_TRACKER_READ_URL", servers.standby.url_of(name))
    monkeypatch.setattr(standbys, "LEFT_ALONE_FOR_S", 0)
    monkeypatch.setattr(standbys, "WAITS_FOR_S", PATIENCE_S)
    return servers


@pytest.fixture
def database_url(pair: TwoServers) -> str:
    """The fresh bakery, for fixtures of any database."""
    return ""


def record(name: str) -> None:
    run_in_transaction(lambda session: things.record_event(name, session=session))


def events(url: str | None = None) -> tuple[int, list[str]]:
    """The port of the server that was read, and what it showed."""
    with read_scope(url) as session:
        slugs = session.scalars(text("SELECT slug FROM event ORDER BY id")).all()
        return session.scalar(text("SELECT inet_server_port()")) or 0, list(slugs)


def test_a_reader_sees_at_the_standby_what_was_just_committed(pair: TwoServers) -> None:
    """The reader waits until the commit has arrived there; commands, which name their database, do so too."""
    for number in range(1, 20):
        record(f"Fair {number}")
        at, seen = events()
        assert (at, len(seen)) == (pair.standby.port, number)
    with read_scope(of_primary=True) as session:  # to compare rows with the log
        assert session.scalar(text("SELECT inet_server_port()")) == pair.primary.port
    with read_scope() as session, pytest.raises(Exception, match="read-only transaction"):
        session.execute(text("DELETE FROM event"))


def test_a_program_sees_over_http_what_it_has_just_recorded(pair: TwoServers) -> None:
    """A server reads from the standby with connections of their own, and is ready while the primary is away."""
    web = Web().let_in()
    baker = web.program(Role.BAKER)
    for number in range(1, 6):
        assert baker.post("/api/v1/events", json={"name": f"Fair {number}"}).status_code == 201
        assert len(baker.get("/api/v1/events").json()["events"]) == number
    keep_readers_apart()
    assert web.client().get("/readyz").status_code == 200
    assert events()[0] == pair.standby.port
    pair.primary.stop()
    assert web.client().get("/readyz").status_code == 200
    pair.primary.start()
    pair.wait_for_the_standby()


def test_a_standby_that_is_behind_is_passed_over(pair: TwoServers, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader then reads from the primary; the standby is asked again when it may have caught up."""
    assert events() == (pair.standby.port, [])
    pair.primary.stop_sending()
    monkeypatch.setattr(standbys, "LEFT_ALONE_FOR_S", 1_000)
    monkeypatch.setattr(standbys, "WAITS_FOR_S", 0.02)
    record("Fair")
    assert events() == (pair.primary.port, ["fair"])
    pair.primary.send_again()
    pair.wait_for_the_standby()
    assert events() == (pair.primary.port, ["fair"])
    standbys._left_alone_until.clear()
    assert events() == (pair.standby.port, ["fair"])


def test_a_standby_that_is_away_is_passed_over(pair: TwoServers, bake: CommandLine) -> None:
    """Nobody notices, whether it has been read from or not."""
    record("Fair")
    assert events()[0] == pair.standby.port
    pair.standby.stop()
    assert events() == (pair.primary.port, ["fair"])
    assert bake("stock").code == 0
    pair.standby.start()
    pair.wait_for_the_standby()
    assert events() == (pair.standby.port, ["fair"])


def test_while_the_primary_is_away_the_standby_shows_what_it_has(
    pair: TwoServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It must have been seen to belong to that primary; a new process cannot know, and nobody can write."""
    record("Fair")
    assert events()[0] == pair.standby.port
    pair.primary.stop()
    monkeypatch.setattr(scopes, "RETRY_FOR_S", 0)
    assert events() == (pair.standby.port, ["fair"])
    with pytest.raises(DatabaseUnavailableError, match="Connection refused"):
        record("Feast")
    dispose_engines()
    with pytest.raises(DatabaseUnavailableError, match="Connection refused"):
        events()
    pair.primary.start()
    pair.wait_for_the_standby()
    record("Feast")
    assert events() == (pair.standby.port, ["fair", "feast"])


def test_a_dump_is_taken_from_the_server_that_is_read(
    pair: TwoServers, bake: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Only that one has the snapshot; it is restored to whichever host of the URL can be written."""
    monkeypatch.setenv("PATH", str(BINARIES), prepend=":")
    record("Fair")
    said = bake("backup", str(tmp_path / "fair.dump"), "--no-seal")
    assert (said.code, said.err) == (0, "")
    hosts = f"127.0.0.1:{pair.standby.port},127.0.0.1:{pair.primary.port}"
    other = f"postgresql://postgres@{hosts}/restored"
    pair.primary.ask("CREATE DATABASE restored")
    said = bake("--database", other, "restore", str(tmp_path / "fair.dump"))
    assert (said.code, said.err) == (0, "")
    assert events(other) == (pair.primary.port, ["fair"])


def test_another_bakery_is_not_a_standby(pair: TwoServers, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal names both; another database than the setting's own is never read from the standby."""
    pair.primary.ask("CREATE DATABASE other")
    other = pair.primary.url_of("other")
    prepare(other)
    pair.wait_for_the_standby()
    assert events(other)[0] == pair.primary.port
    monkeypatch.setenv("BAKE_TRACKER_READ_URL", pair.standby.url_of("other"))
    with pytest.raises(DatabaseUnavailableError, match=r"READ_URL names .*/other\b.* holds another bakery"):
        events()


def test_a_server_on_another_timeline_is_passed_over(pair: TwoServers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two primaries at once: what was written to the wrong one is not shown, however far it has come."""
    record("Fair")
    assert events()[0] == pair.standby.port
    pair.standby.promote()
    pair.standby.ask("DROP DATABASE template")
    monkeypatch.setattr(standbys, "WAITS_FOR_S", 0)
    assert events() == (pair.primary.port, ["fair"])
    pair.replicate()
    monkeypatch.setattr(standbys, "WAITS_FOR_S", PATIENCE_S)
    assert events() == (pair.standby.port, ["fair"])


def test_a_sqlite_file_has_no_standby(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal says what to do."""
    monkeypatch.setenv("BAKE_TRACKER_READ_URL", "postgresql://ann@a/bakery")
    with pytest.raises(ValidationError, match="READ_URL: needs PostgreSQL, as a SQLite file has no standby"):
        events()


def test_bake_servers_shows_both(pair: TwoServers, bake: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table says what and where each is, and how far the standby is behind; then why a primary is away."""
    Kitchen().simple_bakery()
    pair.wait_for_the_standby()
    said = bake("servers", "--json")
    assert said.code == 0
    shown = [(one["used_for"], one["state"], one["address"], one["behind_bytes"] is None) for one in said.json]
    assert shown == [
        ("writing", "primary", f"127.0.0.1:{pair.primary.port}", True),
        ("reading", "standby", f"127.0.0.1:{pair.standby.port}", False),
    ]
    monkeypatch.setenv("BAKE_TRACKER_DATABASE_URL", "postgresql://baker@127.0.0.1:1/bakery")
    said = bake("servers")
    assert said.code == 1
    assert [line.split()[:2] for line in said.out.splitlines()[1:]] == [["writing", "away"], ["reading", "standby"]]
    assert "; start the server, or check the host and port in the URL" in said.err


def test_bake_servers_shows_what_cannot_be_written(
    pair: TwoServers, bake: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a URL for reading there is one row."""
    monkeypatch.delenv("BAKE_TRACKER_READ_URL")
    said = bake("--database", pair.standby.url_of("template"), "servers")
    assert (said.code, said.out.splitlines()[1].split()[:4]) == (1, ["writing", "and", "reading", "standby"])


def test_bake_servers_shows_a_file(bake: CommandLine, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can be written, and has no server."""
    monkeypatch.delenv("BAKE_TRACKER_READ_URL")
    said = bake("--database", sqlite_url, "servers")
    assert (said.code, said.out.splitlines()[1].split()[:4]) == (0, ["writing", "and", "reading", "file"])

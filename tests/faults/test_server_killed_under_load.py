"""PostgreSQL is killed under load and started again: by ``kill -9``, by a crashing backend, by an immediate restart."""

import random
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from bake_tracker.services.database import dispose_engines, prepare
from support.command_line import CommandLine
from support.depth import usually
from support.faults.own_server import OwnServer
from support.faults.under_fault import (
    ROUNDS,
    Before,
    assert_nothing_lost_or_doubled,
    lines,
    listen_for,
    load,
    stocked_bakery,
    wait_for_the_server,
)
from support.postgresql import postgresql_running

WRITERS = 3


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    """A server with a migrated database called ``template``."""
    with postgresql_running() as running:
        server = OwnServer(running)
        server.create_database("template")
        prepare(server.url_of("template"))
        dispose_engines()
        yield server


@pytest.fixture
def database_url(server: OwnServer, use: Callable[[str], str], request: pytest.FixtureRequest) -> str:
    """A fresh bakery on that server."""
    name = f"bakery_{abs(hash(request.node.name)):x}"
    server.create_database(name, template="template")
    return use(server.url_of(name))


@pytest.mark.parametrize(
    "how", usually(["kill_everything", "kill_a_backend", "restart_at_once"], usual=["kill_everything"])
)
def test_acknowledged_work_survives_the_servers_death(
    server: OwnServer, bake: CommandLine, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The writers survive and retry with the same ids: every turn is recorded once, and all of them continue."""
    kitchen = stocked_bakery(bake)
    chance, counts = random.Random(how), Counter[str]()
    for _ in range(ROUNDS):
        before = Before.of(kitchen)
        dispose_engines()  # this process's own connections would die as well
        with load(kitchen, WRITERS, chance) as busy:
            listen_for(busy, chance.uniform(0, 0.3))
            getattr(server, how)()
            for heard in busy:
                heard.wait_for_a_turn()
        wait_for_the_server(kitchen)
        turns = [turn for heard in busy for turn in heard.turns]
        done = [operation_id for heard in busy for operation_id in heard.done]
        counts.update(assert_nothing_lost_or_doubled(kitchen, bake, before, turns, done))
        counts["failed calls"] += sum(len(heard.failures) for heard in busy)
    told = Counter(line.get("outcome") for line in lines(bake.log_file))
    counts.update({outcome: told[outcome] for outcome in ("retried", "unknown", "replayed")})
    with capsys.disabled():
        print(f"\n{ROUNDS} rounds of {how}: {dict(counts)}")  # noqa: T201

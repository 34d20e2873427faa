"""Under load, the standby becomes the primary: writers who name both servers in their URL find it by themselves."""

import random
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from bake_tracker.services.database import dispose_engines, prepare
from support.command_line import CommandLine
from support.depth import rounds, usually
from support.faults.under_fault import (
    Before,
    assert_nothing_lost_or_doubled,
    lines,
    listen_for,
    load,
    stocked_bakery,
    wait_for_the_server,
)
from support.two_servers import TwoServers, two_servers_running
from support.warm.waiting import wait_until

WRITERS = 3
WRITING = "SELECT 1 FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()"


@pytest.fixture(scope="module")
def pair() -> Iterator[TwoServers]:
    """A primary, with an empty bakery called ``template``, and its synchronous standby."""
    with two_servers_running(is_synchronous=True) as pair:
        pair.primary.ask("CREATE DATABASE template")
        prepare(pair.primary.url_of("template"))
        dispose_engines()
        yield pair


@pytest.fixture
def database_url(pair: TwoServers, use: Callable[[str], str], request: pytest.FixtureRequest) -> str:
    """A fresh bakery on both; the URL names the servers without saying which is the primary."""
    name = f"bakery_{abs(hash(request.node.name)):x}"
    pair.primary.ask(f"CREATE DATABASE {name} TEMPLATE template")
    hosts = ",".join(f"127.0.0.1:{port}" for port in sorted((pair.primary.port, pair.standby.port)))
    return use(f"postgresql://postgres@{hosts}/{name}")


def demote(pair: TwoServers) -> None:
    """The primary stays up and lets people read, and the standby takes over what it has written."""
    pair.primary.set(default_transaction_read_only="on")
    wait_until(lambda: not pair.primary.ask(WRITING))
    pair.wait_for_the_standby()
    pair.standby.promote()
    pair.primary, pair.standby = pair.standby, pair.primary


@pytest.mark.parametrize("how", usually([demote, TwoServers.fail_over], usual=[demote]))
def test_writers_find_the_new_primary(
    pair: TwoServers, bake: CommandLine, how: Callable[[TwoServers], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing acknowledged is lost, nothing is recorded twice, and no writer is refused; the log says why it waited.

    ``--thorough`` plays 20 rounds of each.
    """
    kitchen = stocked_bakery(bake)
    chance, counts = random.Random(how.__name__), Counter[str]()
    for _ in range(rounds(1, 20)):
        before = Before.of(kitchen)
        dispose_engines()
        with load(kitchen, WRITERS, chance) as busy:
            listen_for(busy, chance.uniform(0, 0.3))
            how(pair)
            for _ in range(2):  # the first may have been done before
                for heard in busy:
                    heard.wait_for_a_turn()
        wait_for_the_server(kitchen)
        turns = [turn for heard in busy for turn in heard.turns]
        done = [operation_id for heard in busy for operation_id in heard.done]
        counts.update(assert_nothing_lost_or_doubled(kitchen, bake, before, turns, done))
        counts["failed calls"] += sum(len(heard.failures) for heard in busy)
        dispose_engines()
        pair.replicate(is_synchronous=True)
    told = lines(bake.log_file)
    retried = [line["error"] for line in told if line.get("outcome") == "retried"]
    counts.update(line["outcome"] for line in told if line.get("outcome") in ("retried", "unknown", "replayed"))
    counts["met a server that lets people read"] = sum("read-only" in error for error in retried)
    with capsys.disabled():
        print(f"\n{rounds(1, 20)} rounds of {how.__name__}: {dict(counts)}")  # noqa: T201
    assert counts["failed calls"] == 0
    assert retried
    assert (how is demote) <= (counts["met a server that lets people read"] > 0)

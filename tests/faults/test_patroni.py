"""A switchover by Patroni under load. On demand, as it needs Patroni, etcd and PostgreSQL from Debian and a minute:

``apt-get install patroni etcd-server postgresql``, then ``BAKE_TRACKER_PATRONI=1 pytest tests/faults/test_patroni.py``.
"""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator

import psycopg
import pytest

from bake_tracker.services.database import dispose_engines, prepare
from support.command_line import CommandLine
from support.depth import rounds
from support.faults.patroni import BINARIES, PROGRAMS, Cluster, patroni_running
from support.faults.under_fault import (
    Before,
    assert_nothing_lost_or_doubled,
    lines,
    listen_for,
    load,
    stocked_bakery,
)

pytestmark = pytest.mark.skipif("BAKE_TRACKER_PATRONI" not in os.environ, reason="NOT TESTED: on demand")
WRITERS = 3


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Two servers that Patroni looks after."""
    assert all(PROGRAMS), "apt-get install patroni etcd-server"
    assert BINARIES, "apt-get install postgresql"
    with patroni_running() as cluster:
        yield cluster


@pytest.fixture
def database_url(cluster: Cluster, use: Callable[[str], str]) -> str:
    """A fresh bakery on both; the URL names the servers without saying which is the primary."""
    hosts = ",".join(f"127.0.0.1:{port}" for port in cluster.ports)
    url = f"postgresql://postgres@{hosts}/bakery"
    admin = url.replace("/bakery", "/postgres?target_session_attrs=read-write")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("CREATE DATABASE bakery")
    prepare(url)
    return use(url)


def test_writers_carry_on_through_a_switchover(
    cluster: Cluster, bake: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing acknowledged is lost, nothing is recorded twice, and no writer is refused."""
    kitchen = stocked_bakery(bake)
    chance, counts = random.Random(3), Counter[str]()
    for _ in range(rounds(2, 20)):
        before = Before.of(kitchen)
        dispose_engines()
        with load(kitchen, WRITERS, chance) as busy:
            listen_for(busy, chance.uniform(0, 0.5))
            cluster.switch_over()
            for _ in range(2):  # the first may have been done before
                for heard in busy:
                    heard.wait_for_a_turn()
        turns = [turn for heard in busy for turn in heard.turns]
        done = [operation_id for heard in busy for operation_id in heard.done]
        counts.update(assert_nothing_lost_or_doubled(kitchen, bake, before, turns, done))
        counts["refused"] += sum(len(heard.failures) for heard in busy)
    told = lines(bake.log_file)
    counts.update(line["outcome"] for line in told if line.get("outcome") in ("retried", "unknown", "replayed"))
    with capsys.disabled():
        print(f"\n{rounds(2, 20)} switchovers: {dict(counts)}")  # noqa: T201
    assert (counts["refused"], counts["retried"] > 0) == (0, True)

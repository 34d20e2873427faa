"""``kill -9`` of several writers while they work, one after another: the others continue."""

import random
from collections import Counter

import pytest

from support.command_line import CommandLine
from support.faults.under_fault import (
    ROUNDS,
    Before,
    assert_nothing_lost_or_doubled,
    listen_for,
    load,
    stocked_bakery,
    wait_for_the_server,
)

WRITERS = 3
MAX_LIFE_S = 0.3


def test_writers_killed_under_load_lose_and_double_nothing(
    bake: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Acknowledged turns are recorded; the rest, repeated with their operation ids, are recorded once."""
    bakery = stocked_bakery(bake)
    chance, counts = random.Random(ROUNDS), Counter[str]()
    for _ in range(ROUNDS):
        before = Before.of(bakery)
        with load(bakery, WRITERS, chance) as busy:
            while busy_still := [heard for heard in busy if heard.process.is_alive()]:
                listen_for(busy_still, chance.uniform(0, MAX_LIFE_S))
                killed = busy_still.pop()
                killed.process.kill()
                killed.process.join()
                for survivor in busy_still:
                    survivor.wait_for_a_turn()
        wait_for_the_server(bakery)
        assert [heard.failures for heard in busy] == [[]] * WRITERS
        turns = [turn for heard in busy for turn in heard.turns]
        done = [operation_id for heard in busy for operation_id in heard.done]
        counts.update(assert_nothing_lost_or_doubled(bakery, bake, before, turns, done))
    with capsys.disabled():
        print(f"\n{ROUNDS} rounds of {WRITERS} writers killed: {dict(counts)}")  # noqa: T201

"""The load test of the server runs and judges correctly; ``benchmarks/web/load.py`` has the real size."""

import pytest
from sqlalchemy import text

from bake_tracker.services.database import run_in_transaction
from benchmarks.concurrency import open_bakery, receive_flour
from benchmarks.web.bakers import G, Told
from benchmarks.web.load import oversold
from support.scripts import run_benchmark


@pytest.mark.thorough
def test_a_few_bakers_at_a_real_server_sell_nothing_twice(postgresql_server: str) -> None:
    """Checks and recordings are timed and counted, and the remaining stock agrees with every answer."""
    few = ("--bakers", "4", "--requests", "4", "--rounds", "1", "--workers", "1")
    lines = run_benchmark("web.load", *few, "--url", postgresql_server).splitlines()
    assert lines[-1] == "0 errors, 0 oversold, nothing lost or doubled; ledger and log agree"
    assert [line.split()[2] for line in lines if line.startswith("one row ")][:1] == ["16"]
    assert [line.endswith("they agree.") for line in lines if line.startswith(("bake verify", "bake log verify"))] == [
        True,
        True,
    ]


def test_a_double_sale_and_a_wrong_answer_are_named(postgresql_url: str) -> None:
    """It reports a lot that differs from its movements, and an item with less left than the callers were told."""
    bakery = run_in_transaction(open_bakery)
    run_in_transaction(lambda session: receive_flour(session, bakery, 5))
    told = Told()
    told.shelf[bakery.flour] = 5_000 * G
    assert oversold(postgresql_url, told, bakery) == []
    run_in_transaction(lambda session: session.execute(text("UPDATE lot SET remaining_micros = 1")))
    wrong = oversold(postgresql_url, told, bakery)
    assert [one.split(":")[0] for one in wrong] == [
        "1 lots",
        f"item {bakery.flour} has 1 millionths on hand, but 5000000000 by the answers",
    ]

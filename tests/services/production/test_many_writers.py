"""Many writers on one stock: ledger, counts, costs, log and every caller's answers agree."""

import threading
from pathlib import Path

import pytest

from bake_tracker.services.database import database_url as resolved
from bake_tracker.services.database import run_in_transaction
from bake_tracker.services.operation import Operation
from bake_tracker.services.production.bake_and_pack import record_bake_and_pack
from bake_tracker.services.stock import ledger
from benchmarks.concurrency import busy_threads, disagreements, told
from support.kitchen import Kitchen
from support.log.lines import SERVICES, fields

THREADS = 12
SECONDS = 3


def test_twelve_threads_bake_pack_and_receive_and_everything_agrees(database_url: str, tmp_path: Path) -> None:
    """This runs for some seconds; ``python -m benchmarks.concurrency minute`` runs for a minute."""
    log = tmp_path / "many.jsonl"
    heard = busy_threads(resolved(database_url), log, THREADS, SECONDS)
    assert disagreements(resolved(database_url), log, heard) == []
    assert told(log)["error"] == 0
    assert len(heard.acknowledged) > THREADS


def test_baking_and_packing_at_once_holds_all_its_items_in_one_order(
    kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cartons are older than cookies: packing after baking would otherwise lock them while holding newer items."""
    kitchen.item("material", "Carton", "each")
    kitchen.ingredient("Flour")
    kitchen.recipe("Cookies", {"Flour": (500, "g")}, {"Cookie": 24})
    kitchen.good("Box", {"Cookie": 6, "Carton": 1})
    kitchen.receive("Flour", 1, "kg")
    kitchen.receive("Carton", 10, "each")
    held: list[list[int]] = []
    lock = ledger.lock_items

    def noting(operation: Operation, item_ids: set[int]) -> None:
        held.append(sorted(item_ids))
        lock(operation, item_ids)

    monkeypatch.setattr("bake_tracker.services.stock.ledger.lock_items", noting)
    monkeypatch.setattr("bake_tracker.services.production.bake_and_pack.lock_items", noting)
    ids = kitchen.ids
    run_in_transaction(lambda s: record_bake_and_pack(ids["Cookies"], ids["Cookie"], 1, 24, ids["Box"], 2, session=s))
    assert held[0] == sorted(ids[name] for name in ("Carton", "Flour", "Cookie", "Box"))
    assert all(set(later) <= set(held[0]) for later in held[1:])


def test_bakers_and_packers_of_one_shelf_never_close_a_circle(kitchen: Kitchen, log: pytest.LogCaptureFixture) -> None:
    """Baking with packing, beside packing alone, never deadlocks in fifty rounds, so nothing is retried."""
    kitchen.item("material", "Carton", "each")
    kitchen.ingredient("Flour")
    kitchen.recipe("Cookies", {"Flour": (500, "g")}, {"Cookie": 24})
    kitchen.good("Box", {"Cookie": 6, "Carton": 1})
    kitchen.receive("Flour", 100, "kg")
    kitchen.receive("Carton", 1000, "each")
    kitchen.receive("Cookie", 1000, "each")
    ids, broke = kitchen.ids, []

    def both() -> None:
        for _ in range(25):
            run_in_transaction(
                lambda s: record_bake_and_pack(ids["Cookies"], ids["Cookie"], 1, 24, ids["Box"], 2, session=s)
            )

    def packing() -> None:
        for _ in range(25):
            kitchen.assemble("Box", 1)

    def work(job: object) -> None:
        try:
            job()  # type: ignore[operator]
        except Exception as error:
            broke.append(error)

    threads = [threading.Thread(target=work, args=(job,)) for job in (both, packing)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broke == []
    assert kitchen.stock("Box") == 75
    errors = [str(fields(r).get("error")) for r in log.records if r.name.startswith(SERVICES)]
    assert [error for error in errors if "eadlock" in error] == []

"""The log by HTTP: lines page by page, trees with what they consumed, and how operations ended."""

import json
from pathlib import Path

import pytest
from kitchen import Kitchen
from starlette.testclient import TestClient
from web import Web

from bake_tracker.domain.access import Role

pytestmark = pytest.mark.one_database

OUTCOMES = ("success", "insufficient_inventory", "success", "rolled_back", "success", "success", "conflict")


@pytest.fixture
def viewer(kitchen: Kitchen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """Whoever reads a log of seven bakings, of which five ended in the same instant, and of half a line."""
    kitchen.simple_bakery()
    baked = kitchen.produce("Cookies", "Cookie", 1, 24)
    (ids,) = kitchen.rows("SELECT id, transaction_id FROM operation WHERE id = :id", id=baked["operation_id"])
    lines = [
        {
            "timestamp": f"2026-11-23T10:00:0{min(number, 2)}.000000Z",
            "level": "INFO" if outcome == "success" else "WARNING",
            "operation": "record_batch_production",
            "outcome": outcome,
            "operation_id": str(ids[0]) if number == 0 else f"0192f0c1-6a43-7d0e-9a51-3f1f5c0b8a{number:02}",
            "transaction_id": str(ids[1]) if number == 0 else f"0192f0c1-6a43-7d0e-9a51-3f1f5c0b8b{number:02}",
            "duration_ms": number,
            "number": number,
        }
        for number, outcome in enumerate(OUTCOMES)
    ]
    file = tmp_path / "told.log.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"half', "utf-8")
    monkeypatch.setenv("BAKE_TRACKER_LOG_FILE", str(file))
    return Web().let_in().program(Role.VIEWER)


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_every_line_is_on_one_page(viewer: TestClient, limit: int) -> None:
    """Newest first, those of the same instant too."""
    numbers: list[int] = []
    after: str | None = None
    while after is not None or not numbers:
        query = {"limit": str(limit), **({"after": after} if after else {})}
        page = viewer.get("/api/v1/log/lines", params=query).json()
        numbers += [line["number"] for line in page["lines"]]
        after = page["next"]
    assert numbers == [6, 5, 4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({"outcome": "conflict"}, [6]),
        ({"level": "WARNING"}, [6, 3, 1]),
        ({"where": "number=4"}, [4]),
        ({"since": "2026-11-23T10:00:01", "until": "2026-11-23T10:00:02"}, [1]),
        ({"operation": "record_receipt"}, []),
    ],
)
def test_lines_are_found_by_what_they_say(viewer: TestClient, query: dict[str, str], numbers: list[int]) -> None:
    """By fields, level and time."""
    found = viewer.get("/api/v1/log/lines", params=query).json()
    assert [line["number"] for line in found["lines"]] == numbers


def test_what_nobody_can_mean_is_refused(viewer: TestClient) -> None:
    """A condition without a value, and a made-up place to go on from."""
    for query in ({"where": "number"}, {"after": "made-up"}, {"since": "yesterday"}):
        assert viewer.get("/api/v1/log/lines", params=query).status_code == 422


def test_a_transaction_is_a_tree_with_what_it_consumed(viewer: TestClient) -> None:
    """Those that ended last, or the one that an id leads to."""
    trees = viewer.get("/api/v1/log/transactions", params={"last": 200}).json()
    assert len(trees) == len(OUTCOMES)
    (first,) = (tree for tree in trees if tree["operations"][0]["number"] == 0)
    assert (first["fate"], len(first["operations"][0]["consumed"])) == ("committed", 2)
    assert viewer.get(f"/api/v1/log/transactions/{first['transaction_id']}").json() == [first]
    assert viewer.get("/api/v1/log/transactions/ffffffff").json() == []


def test_how_operations_ended_is_counted(viewer: TestClient) -> None:
    """By outcome; what cannot be read is told."""
    stats = viewer.get("/api/v1/log/stats").json()
    (counted,) = stats["operations"]
    assert (counted["count"], counted["outcomes"]["success"], stats["unreadable"]) == (7, 4, 1)

"""The log over HTTP: lines slice by slice, trees with what they consumed, and counts of outcomes."""

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from bake_tracker.domain.access import Role
from bake_tracker.entrypoints.api import log
from support.kitchen import Kitchen
from support.log.makers import at, line
from support.web import Web

pytestmark = pytest.mark.one_database

OUTCOMES = ("success", "insufficient_inventory", "success", "rolled_back", "success", "success", "conflict")


@pytest.fixture
def viewer(kitchen: Kitchen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A viewer of a log with seven productions, five of which ended in the same instant, and half a line."""
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
    """The newest comes first, and lines of the same instant are included."""
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
    """Fields, level and time all work."""
    found = viewer.get("/api/v1/log/lines", params=query).json()
    assert [line["number"] for line in found["lines"]] == numbers


def test_a_slice_of_a_long_log_reads_a_bounded_part(viewer: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slice may be empty; the next one continues after what was read."""
    monkeypatch.setattr(log, "MOST_READ", 2)
    numbers: list[int] = []
    after, pages = "", 0
    while (pages == 0 or after) and pages < 20:
        query = {"outcome": "success", **({"after": after} if after else {})}
        page = viewer.get("/api/v1/log/lines", params=query).json()
        numbers += [line["number"] for line in page["lines"]]
        assert page["next"] != after
        after, pages = page["next"], pages + 1
    assert (numbers, pages > 1) == ([5, 4, 2, 0], True)


def test_only_the_owner_sees_sign_ins_and_stack_frames(viewer: TestClient, tmp_path: Path) -> None:
    """As on the pages, only the owner sees addresses and the frames of an exception."""
    web = Web(ids={Role.OWNER: 3})
    file = tmp_path / "told.log.jsonl"
    told = {"timestamp": "2026-11-23T11:00:00.000000Z", "operation": "sign_in", "outcome": "refused", "address": "::7"}
    broke = {
        **told,
        "operation": "record_event",
        "outcome": "error",
        "operation_id": "0192f0c1-6a43-7d0e-9a51-3f1f5c0b8c00",
    }
    broke = {**broke, "exception": {"type": "OSError", "frames": []}}
    file.write_text(json.dumps(told) + "\n" + json.dumps(broke) + "\n", "utf-8")
    owner = web.program(Role.OWNER)
    seen = [client.get("/api/v1/log/lines").json()["lines"] for client in (viewer, owner)]
    assert [[line["operation"] for line in lines] for lines in seen] == [["record_event"], ["record_event", "sign_in"]]
    trees = [client.get("/api/v1/log/transactions").json()[0]["operations"][0] for client in (viewer, owner)]
    assert ["exception" in one for one in (seen[0][0], seen[1][0], *trees)] == [False, True, False, True]


def test_a_meaningless_query_is_refused(viewer: TestClient) -> None:
    """A condition without a value, a made-up cursor and an unreadable time are refused."""
    for query in ({"where": "number"}, {"after": "made-up"}, {"since": "yesterday"}):
        assert viewer.get("/api/v1/log/lines", params=query).status_code == 422


def test_a_transaction_is_a_tree_with_what_it_consumed(viewer: TestClient) -> None:
    """The latest ones are listed, or the one that an id leads to."""
    trees = viewer.get("/api/v1/log/transactions", params={"last": 200}).json()
    assert len(trees) == len(OUTCOMES)
    (first,) = (tree for tree in trees if tree["operations"][0]["number"] == 0)
    assert (first["fate"], len(first["operations"][0]["consumed"])) == ("committed", 2)
    assert viewer.get(f"/api/v1/log/transactions/{first['transaction_id']}").json() == [first]
    assert viewer.get("/api/v1/log/transactions/ffffffff").json() == []


def test_transactions_are_found_by_what_their_lines_say(viewer: TestClient, tmp_path: Path) -> None:
    """They come with every attempt; a viewer cannot find out by asking where in the program something broke."""
    first = line(1, "retried", error="OperationalError: locked")
    broke = line(3, "error", exception={"type": "KeyError"})
    lines = [first, line(2, operation_id=first["operation_id"], attempt=2), broke, line(4, actor="ada")]
    (tmp_path / "told.log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines), "utf-8")
    owner = Web(ids={Role.OWNER: 3}).program(Role.OWNER)

    def fates(client: TestClient, **query: str) -> list[str]:
        return [tree["fate"] for tree in client.get("/api/v1/log/transactions", params=query).json()]

    assert fates(viewer, where="outcome=retried") == ["retried", "committed"]
    assert fates(viewer, where="actor=ada") == fates(viewer, since=at(4)) == fates(viewer, last="1") == ["committed"]
    asked = ("exception.type=KeyError", "exception.type!=KeyError")
    assert [len(fates(owner, where=where)) for where in asked] == [1, 3]
    assert [len(fates(viewer, where=where)) for where in asked] == [0, 4]
    assert viewer.get("/api/v1/log/transactions", params={"where": "actor"}).status_code == 422


def test_how_operations_ended_is_counted(viewer: TestClient) -> None:
    """It counts by outcome, and reports lines that cannot be read."""
    stats = viewer.get("/api/v1/log/stats").json()
    (counted,) = stats["operations"]
    assert (counted["count"], counted["outcomes"]["success"], stats["unreadable"]) == (7, 4, 1)


def test_what_broke_is_grouped_for_the_owner(viewer: TestClient, tmp_path: Path) -> None:
    """A viewer must not see where in the program something broke, nor find out by asking."""
    exception = {"type": "KeyError", "message": "'x'", "frames": ["/src/bake_tracker/services/x.py:12 record_x"]}
    with (tmp_path / "told.log.jsonl").open("a", encoding="utf-8") as file:
        file.write(f'\n{json.dumps(line(3, "error", level="ERROR", exception=exception))}\n{{"level":"ERROR"\n')
    owner = Web(ids={Role.OWNER: 3}).program(Role.OWNER)
    found = owner.get("/api/v1/log/errors").json()
    assert [(one["count"], one["type"]) for one in found["errors"]] == [(1, "KeyError")]
    assert (found["errors"][0]["raised_at"], found["unreadable"]) == ("bake_tracker/services/x.py:12 record_x", 1)
    assert owner.get("/api/v1/log/errors", params={"where": "outcome!=error"}).json()["errors"] == []
    assert viewer.get("/api/v1/log/errors").status_code == 403
    asked = {"where": "exception.type=KeyError"}
    assert [len(one.get("/api/v1/log/lines", params=asked).json()["lines"]) for one in (viewer, owner)] == [0, 1]
    assert [one.get("/api/v1/log/causes", params=asked).json()["lines"] for one in (viewer, owner)] == [0, 1]


def test_two_spans_are_compared_and_causes_are_ranked(viewer: TestClient, tmp_path: Path) -> None:
    """The answers are those of the command line, with the number of unreadable lines."""
    lines = [line(number, till=f"till-{number % 3}") for number in range(60)]
    lines += [line(number, "conflict", till="till-9") for number in range(60, 90)]
    (tmp_path / "told.log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines) + "{", "utf-8")
    spans = {"before": f"{at(0)}..{at(60)}", "after": f"{at(60)}..{at(120)}"}
    compared = viewer.get("/api/v1/log/changes", params=spans).json()
    assert ([one["changed"] for one in compared["operations"]], compared["unreadable"]) == ([["refused"]], 1)
    asked = {"where": "outcome=conflict", "among": "operation=record_receipt"}
    causes = viewer.get("/api/v1/log/causes", params=asked).json()
    assert {one["field"] for one in causes["causes"]} == {"till", "timestamp"}
    assert (causes["lines"], causes["others"], causes["unreadable"]) == (30, 60, 1)
    for route, query in (
        ("changes", {"before": "1d..2d", "after": "1d"}),
        ("changes", {"before": "1d"}),
        ("causes", {"where": "outcome"}),
        ("causes", {}),
        ("errors", {"where": "x" * 500}),
    ):
        assert Web(ids={Role.OWNER: 3}).program(Role.OWNER).get(f"/api/v1/log/{route}", params=query).status_code == 422

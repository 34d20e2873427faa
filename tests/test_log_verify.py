"""The log against the database: what was deleted, forged or doubled is named."""

import json
from collections.abc import Callable

import pytest
from command_line import CommandLine


@pytest.fixture
def bakery(bake: CommandLine) -> CommandLine:
    """Three operations, told and committed."""
    assert bake("item", "add", "ingredient", "Flour", "--unit", "g").code == 0
    for _ in range(2):
        assert bake("receive", "flour", "1", "kg", "--cost", "2").code == 0
    return bake


def edit(bakery: CommandLine, change: Callable[[list[str]], list[str]]) -> None:
    lines = bakery.log_file.read_text("utf-8").splitlines(keepends=True)
    bakery.log_file.write_text("".join(change(lines)), "utf-8")


def success_lines(lines: list[str]) -> list[str]:
    return [line for line in lines if json.loads(line).get("outcome") == "success"]


def test_a_clean_log_agrees_and_says_how_much_was_compared(bakery: CommandLine) -> None:
    """The counts are above zero, so that agreement means something."""
    done = bakery("log", "verify")
    assert (done.code, done.out) == (0, "Compared 3 operations with 3 success lines: they agree.\n")


def test_a_deleted_line_is_named(bakery: CommandLine) -> None:
    """An operation whose success line is gone is missing, even when it was the first."""
    lines = bakery.log_file.read_text("utf-8").splitlines()
    for gone in success_lines(lines):
        edit(bakery, lambda all_lines, gone=gone: [line for line in all_lines if line.rstrip("\n") != gone])
        done = bakery("log", "verify", "--json")
        assert done.code == 1
        assert [named["operation_id"] for named in done.json["missing"]] == [json.loads(gone)["operation_id"]]
        edit(bakery, lambda all_lines, gone=gone: [*all_lines, gone + "\n"])
    assert bakery("log", "verify").code == 0


def test_a_forged_line_is_named(bakery: CommandLine) -> None:
    """A success that no operation stands behind is forged, and so is one that claims another operation's id."""
    real = success_lines(bakery.log_file.read_text("utf-8").splitlines())[-1]
    for change in ({"operation_id": "0190b7a1-0000-7000-8000-00000000dead"}, {"operation": "record_assembly"}):
        forged = json.dumps({**json.loads(real), **change})
        edit(
            bakery,
            lambda lines, forged=forged: [forged + "\n" if line.rstrip("\n") == real else line for line in lines],
        )
        done = bakery("log", "verify", "--json")
        assert done.code == 1
        assert [named["operation_id"] for named in done.json["forged"]] == [json.loads(forged)["operation_id"]]
        edit(bakery, lambda lines, forged=forged: [real + "\n" if line == forged + "\n" else line for line in lines])


def test_a_doubled_line_is_named(bakery: CommandLine) -> None:
    """One operation, one success."""
    edit(bakery, lambda lines: [*lines, success_lines(lines)[-1]])
    done = bakery("log", "verify")
    assert done.code == 1
    assert "more than one success line: record_receipt" in done.out


def test_a_torn_line_is_counted(bakery: CommandLine) -> None:
    """What cannot be read cannot be vouched for."""
    edit(bakery, lambda lines: [*lines, '{"timestamp": "2026'])
    assert bakery("log", "verify", "--json").json["unreadable_lines"] == 1


def test_lines_of_another_database_are_left_alone(bakery: CommandLine) -> None:
    """Two bakeries may share a file: each is held to its own lines."""
    edit(
        bakery,
        lambda lines: [*lines, json.dumps({**json.loads(success_lines(lines)[0]), "database_id": "another"}) + "\n"],
    )
    assert bakery("log", "verify").code == 0


def test_operations_before_the_first_retained_line_are_not_missed(bakery: CommandLine) -> None:
    """A log that was rotated away is not held against what it told."""
    edit(bakery, lambda lines: lines[-1:])
    done = bakery("log", "verify", "--json")
    assert (done.code, done.json["success_lines_compared"]) == (0, 1)


def test_an_unknown_outcome_is_resolved_by_the_operation_id(bakery: CommandLine) -> None:
    """Committed, but the log only says unknown: named, until a replay has told how it ended."""

    def doubt(lines: list[str]) -> list[str]:
        last = json.loads(lines[-1])
        return [*lines[:-1], json.dumps({**last, "outcome": "unknown"}) + "\n"]

    edit(bakery, doubt)
    unresolved = bakery("log", "verify", "--json").json["unresolved"]
    assert [named["operation"] for named in unresolved] == ["record_receipt"]
    edit(bakery, lambda lines: [*lines, json.dumps({**json.loads(lines[-1]), "outcome": "replayed"}) + "\n"])
    assert bakery("log", "verify").code == 0


def test_the_tree_of_nothing_says_so(bakery: CommandLine) -> None:
    """An id that the log does not know exits 1."""
    done = bakery("log", "tree", "ffffffff")
    assert (done.code, done.out) == (1, "")
    assert "The log says nothing about ffffffff" in done.err

"""A damaged archive is refused with its line number, and the database stays as it was."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bake_tracker.services.archive.backup import BackupRefusedError, restore_backup, write_backup
from bake_tracker.services.archive.format import ArchiveReader, ArchiveRefusedError
from bake_tracker.services.database import session_scope
from support.archives import another, archive, edited, restore
from support.kitchen import Kitchen

Change = Callable[[list[Any]], None]


@pytest.fixture
def target(kitchen: Kitchen, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A small bakery to archive, and an empty database of the same kind."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24)
    return another(request, request.node.callspec.params["database_url"], tmp_path / "other")


def refused(lines: list[bytes]) -> str:
    with pytest.raises(ArchiveRefusedError) as error:
        for _ in ArchiveReader(iter(lines)).batches():
            pass
    return str(error.value)


def test_an_archive_that_was_cut_off_anywhere_is_refused(sqlite_url: str) -> None:
    """The refusal has the number of the line where the archive ends, whether a line is whole or not."""
    Kitchen().simple_bakery()
    lines = archive()
    for count in range(len(lines)):
        assert f"line {count + 1} of the archive: the archive was cut off here" in refused(lines[:count])
    for count, line in enumerate(lines):
        assert f"line {count + 1} of the archive" in refused([*lines[:count], line[: len(line) // 2]])


def test_a_changed_character_anywhere_is_refused(sqlite_url: str) -> None:
    """One changed character is refused, at any of three places in any line."""
    Kitchen().simple_bakery()
    lines = archive()
    for number, line in enumerate(lines):
        for position in (1, len(line) // 2, len(line) - 3):
            other = b"7" if line[position : position + 1] != b"7" else b"8"
            changed = line[:position] + other + line[position + 1 :]
            assert "nothing was restored" in refused([*lines[:number], changed, *lines[number + 1 :]])


def test_lines_that_are_swapped_doubled_lost_or_added_are_refused(sqlite_url: str) -> None:
    """Each line is genuine, but together they are not the archive that was written."""
    Kitchen().simple_bakery()
    lines = archive()
    for number in range(1, len(lines) - 2):
        head, one, two, tail = lines[:number], lines[number], lines[number + 1], lines[number + 2 :]
        for wrong in ([*head, two, one, *tail], [*head, one, one, two, *tail], [*head, two, *tail]):
            assert "nothing was restored" in refused(wrong)
    assert "there is more after the end" in refused([*lines, lines[-1]])


def put(table: str, column: str, value: object) -> Change:
    """Return a change that puts another value into the first row of a table."""

    def change(values: list[Any]) -> None:
        at = next(i for i, found in enumerate(values) if isinstance(found, dict) and found.get("table") == table)
        values[at + 1][values[at]["columns"].index(column)] = value

    return change


def without(table: str) -> Change:
    """Return a change that removes a table, with its heading."""

    def change(values: list[Any]) -> None:
        at = next(i for i, found in enumerate(values) if isinstance(found, dict) and found.get("table") == table)
        del values[at]
        while at < len(values) and isinstance(values[at], list):
            del values[at]

    return change


def header(name: str, value: object) -> Change:
    return lambda values: values[0].update({name: value})


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("change", "why"),
    [
        (put("movement", "lot_id", 999), "lot|foreign key|lacks"),
        (put("operation", "parent_id", "00000000-0000-4000-8000-000000000000"), "operation|foreign key"),
        (put("lot", "remaining_micros", -1), "lot refuses them"),
        (put("item", "slug", "sugar"), "item refuses them"),
        (put("item", "slug", None), "item refuses them"),
        (put("lot", "received_on", "yesterday"), "line [0-9]+ of the archive: lot.received_on cannot be 'yesterday'"),
        (put("operation", "recorded_at", "2026-01-01T00:00:00"), "operation.recorded_at cannot be"),
        (put("item", "is_category", "perhaps"), "item refuses them"),
        (without("supplier"), "has no table supplier"),
        (lambda values: values.insert(1, {"table": "secret", "columns": ["id"]}) or values.insert(2, [1]), "secret"),
        (lambda values: values[1]["columns"].reverse() or values[1]["columns"].append("x"), "line 3"),
        (lambda values: values.append(values[1]), "the table bakery occurs twice"),
        (header("schema", "9999"), "revision 9999 is unknown to this program"),
        (header("version", 2), "format version 2 is newer than this program"),
        (header("format", "other"), "not the first line of a bake-tracker archive"),
        (header("database_id", "00000000-0000-4000-8000-000000000000"), "does not match the bakery in it"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_a_whole_archive_that_does_not_fit_leaves_nothing_behind(target: str, change: Change, why: str) -> None:
    """Counts and hash are right, but the database, the types or the references refuse it."""
    before = archive(target)
    wrong = edited(archive(), change)
    with pytest.raises(ArchiveRefusedError, match=why):
        restore(wrong, target)
    assert before == archive(target)
    assert restore(archive(), target)["verification"]["drift"] == []


def test_a_difference_from_the_ledger_is_restored_and_named(target: str) -> None:
    """A backup may be the last copy of a bakery, so drift is no reason to refuse it."""
    with session_scope() as session:
        session.execute(text("UPDATE lot SET remaining_micros = remaining_micros + 1 WHERE code LIKE 'flour%'"))
    restored = restore(archive(), target)
    assert [drift["what"] for drift in restored["verification"]["drift"]] == ["lot remaining"]
    assert archive() == archive(target)


def test_a_damaged_file_is_refused_before_the_database_is_made(sqlite_url: str, tmp_path: Path) -> None:
    """A cut-off or overwritten file, compressed or not, creates no database."""
    Kitchen().simple_bakery()
    packed, plain = tmp_path / "a.jsonl.gz", tmp_path / "a.jsonl"
    write_backup(packed)
    write_backup(plain)
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
    whole = packed.read_bytes()
    wrong: list[bytes] = [
        b"",
        b"nonsense",
        whole[:-1],
        whole[: len(whole) // 2],
        whole[:-8] + bytes([whole[-8] ^ 1]) + whole[-7:],
    ]
    wrong.append(plain.read_bytes())
    target = tmp_path / "not-made.db"
    for content in wrong:
        packed.write_bytes(content)
        with pytest.raises((ArchiveRefusedError, BackupRefusedError), match=r"line \d+ of the archive"):
            restore_backup(packed, f"sqlite:///{target}")
    plain.write_text(json.dumps({"recipes": []}) + "\n")
    with pytest.raises(ArchiveRefusedError, match="line 1 of the archive: it is not the first line"):
        restore_backup(plain, f"sqlite:///{target}")
    assert not target.exists()


def test_text_that_postgresql_cannot_hold_is_named(
    sqlite_url: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """SQLite stores a NUL in a text, PostgreSQL cannot; the refusal has the lines and restores nothing."""
    with session_scope() as session:
        session.execute(text("INSERT INTO supplier (id, slug, name) VALUES (1, 'mill', :name)"), {"name": "a\0b"})
    target = another(request, "postgresql", tmp_path / "other")
    before = archive(target)
    with pytest.raises(ArchiveRefusedError, match=r"lines \d+ to \d+ of the archive: supplier refuses them"):
        restore(archive(), target)
    assert before == archive(target)

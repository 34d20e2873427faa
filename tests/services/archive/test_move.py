"""A bakery arrives whole in another database, or is not moved at all."""

from pathlib import Path

import pytest
from sqlalchemy import text

from bake_tracker.domain.errors import ServiceError, ValidationError
from bake_tracker.services.archive.move import MoveFailedError, Telling, move_bakery
from bake_tracker.services.archive.stream import NotEmptyError
from bake_tracker.services.catalog import things
from bake_tracker.services.database import database_url as resolved
from bake_tracker.services.database import engine_for, session_scope
from support.archives import another, archive
from support.command_line import CommandLine
from support.depth import usually
from support.kitchen import Kitchen

SPOILED = {
    "sqlite": (
        "CREATE TRIGGER spoil AFTER INSERT ON item BEGIN UPDATE item SET name = 'Spoiled' WHERE id = NEW.id; END",
    ),
    "postgresql": (
        "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN NEW.name := 'Spoiled'; RETURN NEW; END $$",
        "CREATE TRIGGER spoil BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION spoil()",
    ),
}


@pytest.fixture
def bakery(kitchen: Kitchen) -> str:
    """The database of a bakery with a loss, boxes, and a lot of unknown cost."""
    kitchen.simple_bakery()
    kitchen.receive("Sugar", 1, "kg")
    kitchen.produce("Cookies", "Cookie", 2, 40)
    kitchen.assemble("Box", 3)
    return resolved()


@pytest.fixture(params=usually(["sqlite", "postgresql"], usual=["postgresql"]))
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    return another(request, request.param, tmp_path / "target")


class Heard(Telling):
    """Remember the reported progress; a subclass can act once every row is moved."""

    def __init__(self) -> None:
        self.total, self.last_moved, self.last_compared = 0, 0, 0

    def size(self, rows: int) -> None:
        self.total = rows

    def moved(self, rows: int) -> None:
        self.last_moved = rows

    def compared(self, rows: int) -> None:
        self.last_compared = rows


def test_every_row_arrives_and_the_source_stays_as_it_is(bakery: str, target: str) -> None:
    """This holds for all four pairs of databases; the progress ends at the number of rows."""
    before, heard = archive(bakery), Heard()
    moved = move_bakery(bakery, target, heard)
    assert moved["verification"]["drift"] == []
    assert (moved["rows"], heard.last_moved, heard.last_compared) == (heard.total,) * 3
    assert before == archive(bakery) == archive(target)


def test_there_and_back_again_is_the_same_bakery(bakery: str, target: str, tmp_path: Path) -> None:
    """The way back goes into a new file."""
    move_bakery(bakery, target)
    move_bakery(target, f"sqlite:///{tmp_path}/new/back.db")
    assert archive(bakery) == archive(f"sqlite:///{tmp_path}/new/back.db")


def test_a_row_that_arrives_changed_is_reported_and_nothing_is_moved(bakery: str, target: str) -> None:
    """When a trigger in the target changes names, the error shows the first rows that differ."""
    engine = engine_for(target)
    before = archive(target)
    with engine.begin() as connection:
        for statement in SPOILED[engine.dialect.name]:
            connection.execute(text(statement))
    with pytest.raises(
        MoveFailedError,
        match=r"the copy differs from the source.*\"Flour\".* in the source, .*\"Spoiled\".* in the copy",
    ):
        move_bakery(bakery, target)
    assert before == archive(target)


def test_a_target_with_rows_is_left_alone(bakery: str, target: str) -> None:
    """A second move to the same target is refused."""
    with session_scope(target) as session:
        things.record_supplier("Mill", session=session)
    before = archive(target)
    with pytest.raises(NotEmptyError):
        move_bakery(bakery, target)
    assert before == archive(target)


def test_a_source_that_is_written_to_meanwhile_is_not_left_behind(bakery: str, target: str, kitchen: Kitchen) -> None:
    """Nothing is moved, because an operation recorded during the move would be lost."""

    class Meanwhile(Heard):
        def compared(self, rows: int) -> None:
            if rows == self.total:
                kitchen.receive("Flour", 1, "kg")

    before = archive(target)
    with pytest.raises(MoveFailedError, match="the source changed during the move"):
        move_bakery(bakery, target, Meanwhile())
    assert before == archive(target)


def test_a_ledger_that_does_not_agree_is_not_moved(bakery: str, target: str) -> None:
    """The refusal lists the first difference from the ledger."""
    with session_scope(bakery) as session:
        session.execute(text("UPDATE lot SET remaining_micros = remaining_micros + 1 WHERE code LIKE 'flour%'"))
    before = archive(target)
    with pytest.raises(MoveFailedError, match=r"does not agree in 1 places \(first: lot remaining flour"):
        move_bakery(bakery, target)
    assert before == archive(target)


def test_a_bakery_is_not_moved_onto_itself(bakery: str) -> None:
    """Another URL of the same database is refused too."""
    with pytest.raises(ValidationError, match="must be a different database"):
        move_bakery(bakery, bakery.replace("+psycopg", ""))


def test_a_target_that_cannot_be_reached_is_refused(bakery: str, tmp_path: Path) -> None:
    """The move fails, and the source stays as it was."""
    (tmp_path / "file").write_text("")
    before = archive(bakery)
    with pytest.raises((ServiceError, OSError)):
        move_bakery(bakery, f"sqlite:///{tmp_path}/file/bakery.db")
    assert before == archive(bakery)


def test_the_command_moves_and_the_new_place_agrees_with_its_log(
    bake: CommandLine, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No progress bar is printed without a terminal; ``verify`` and ``log verify`` are clean in the new place."""
    Kitchen().simple_bakery()
    done = bake("move", "--from", resolved(), "--to", target)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Moved and compared ")
    assert done.out.endswith("they agree.\n")
    monkeypatch.setenv("BAKE_TRACKER_LOG_FILE", str(bake.log_file.with_name("new.log.jsonl")))
    assert bake("verify", "--database", target).code == 0
    assert bake("supplier", "add", "Mill", "--database", target).code == 0
    verified = bake("log", "verify", "--json", "--database", target)
    assert (verified.code, verified.json["operations_compared"], verified.json["missing"]) == (0, 1, [])
    assert verified.json["operations_restored"] > 0
    assert bake("move", "--from", resolved(), "--to", target).code == 1

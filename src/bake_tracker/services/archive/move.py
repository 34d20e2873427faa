"""Move a bakery to another database and compare every row."""

from contextlib import closing
from itertools import zip_longest

from sqlalchemy.orm import Session

from bake_tracker.config import database_name, sqlite_path
from bake_tracker.database.refusals import refusing
from bake_tracker.domain.errors import ServiceError, ValidationError
from bake_tracker.queries.archive.rows import count_rows, see_one_moment
from bake_tracker.services.archive.backup import tell_restored
from bake_tracker.services.archive.stream import Restored, Told, archive_lines, restore_lines
from bake_tracker.services.database import database_url, engine_for, prepare, read_scope, session_scope

DIFFERENCES_TOLD = 5


class MoveFailedError(ServiceError):
    """The move failed; the target is as empty as before."""

    code = "move_failed"
    outcome = "move_failed"


class Telling:
    """Progress of a move, for a command to show."""

    def size(self, rows: int) -> None:
        """The number of rows to move and compare."""

    def moved(self, rows: int) -> None:
        """Report moved rows."""

    def compared(self, rows: int) -> None:
        """Report compared rows."""


def move_bakery(source_url: str, target_url: str, telling: Telling | None = None) -> Restored:
    """Copy every row into an empty database in one transaction, compare both, and verify; the source is untouched.

    Raises:
        ServiceError: the target is not empty, a row differs, somebody wrote to the source in the meantime, or the
            source's ledger does not agree; the target is left empty.
    """
    telling = telling or Telling()
    source_url, target_url = database_url(source_url), database_url(target_url)
    if source_url == target_url:
        raise ValidationError.of("to", "must be a different database from the one to move")
    with read_scope(source_url) as source:
        see_one_moment(source)
        counts = count_rows(source)
        telling.size(sum(counts.values()))
        prepare(target_url)
        with refusing(engine_for(target_url)), session_scope(target_url) as target:
            with closing(archive_lines(source)) as lines:
                restored = restore_lines(lines, _shown(source_url), target, telling.moved)
            _compare(source, target, telling.compared)
            _refuse_drift(restored)
            _refuse_when_written_to(source_url, counts)
    tell_restored("move_bakery", _shown(source_url), restored)
    return restored


def _shown(url: str) -> str:
    """The kind of database and its name, without folder, user and password."""
    if path := sqlite_path(url):
        return f"sqlite {path.name}"
    return url.partition("://")[0].partition("+")[0] + " " + database_name(url)


def _compare(source: Session, target: Session, told: Told) -> None:
    found: list[str] = []
    with closing(archive_lines(source)) as there, closing(archive_lines(target, told)) as here:
        for number, (one, other) in enumerate(zip_longest(there, here, fillvalue=b"nothing"), 1):
            if one != other:
                found.append(f"line {number}: {_short(one)} in the source, {_short(other)} in the copy")
            if len(found) == DIFFERENCES_TOLD:
                break
    if found:
        raise MoveFailedError("the copy differs from the source, so nothing was moved; " + "; ".join(found))


def _short(line: bytes) -> str:
    return line.decode().strip()[:300]


def _refuse_drift(restored: Restored) -> None:
    if drift := restored["verification"]["drift"]:
        first = f"{drift[0]['what']} {drift[0]['id']}"
        raise MoveFailedError(
            f"the ledger of the source does not agree in {len(drift)} places (first: {first}), so nothing was moved",
            remedy={"kind": "verify_ledger"},
        )


def _refuse_when_written_to(source_url: str, counts: dict[str, int]) -> None:
    with read_scope(source_url) as later:
        if count_rows(later) != counts:
            raise MoveFailedError("the source changed during the move, so nothing was moved; stop work there and retry")

"""Outcomes of prepared transactions, which wait for a COMMIT PREPARED on this or another connection."""

from sqlalchemy.engine import URL

from bake_tracker.database.pending_outcomes import Fate, OpenTransaction

_Place = tuple[str | None, int | None, str | None, str]

# If another process decides, or this one ends first, ``log verify --repair`` writes the line from the row.
_parked: dict[_Place, OpenTransaction] = {}


def park(url: URL, global_id: str, transaction: OpenTransaction) -> None:
    """Log that the pending outcomes are prepared, and keep them until they are decided."""
    transaction.settings = ""  # the session that sends COMMIT PREPARED has its own
    if transaction.is_awaited:
        _parked[_place(url, global_id)] = transaction
        transaction.tell_prepared()


def settle_prepared(url: URL, global_id: str, fate: Fate, failure: BaseException | None) -> None:
    """Settle the outcomes of a prepared transaction, if this process prepared it."""
    if transaction := _parked.pop(_place(url, global_id), None):
        transaction.failure = failure
        transaction.end(fate)


def _place(url: URL, global_id: str) -> _Place:
    return url.host, url.port, url.database, global_id

"""Read the changes that PostgreSQL decodes from its write-ahead log, as its plugin ``pgoutput`` sends them."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

_HEADER = 1 + 4 + 1 + 2
"""Of an inserted row: the kind of message, the table, the mark of a new row, and the number of its columns."""


class Committed(NamedTuple):
    """An operation's row that a transaction inserted and committed; ``xid`` is only its lower 32 bits."""

    operation_id: str
    operation: str
    xid: int
    lsn: int


def committed_rows(messages: Iterable[bytes]) -> Iterator[Committed]:
    """The inserted rows, from messages about one table; each transaction's rows follow its begin message.

    The messages leave out rows that were rolled back with their transaction or a savepoint.
    """
    xid = lsn = 0
    columns: list[str] = []
    for message in messages:
        kind = message[:1]
        if kind == b"B":
            lsn, xid = int.from_bytes(message[1:9]), int.from_bytes(message[17:21])
        elif kind == b"R":
            columns = _columns(message)
        elif kind == b"I":
            row = dict(zip(columns, _values(message), strict=True))
            yield Committed(row["id"] or "", row["name"] or "", xid, lsn)


def _columns(message: bytes) -> list[str]:
    _, at = _text(message, 5)  # the schema
    _, at = _text(message, at)  # the table
    count, at = int.from_bytes(message[at + 1 : at + 3]), at + 3
    names: list[str] = []
    for _ in range(count):
        name, at = _text(message, at + 1)
        names.append(name)
        at += 8  # type and its modifier
    return names


def _text(message: bytes, at: int) -> tuple[str, int]:
    end = message.index(0, at)
    return message[at:end].decode(), end + 1


def _values(message: bytes) -> Iterator[str | None]:
    at = _HEADER
    for _ in range(int.from_bytes(message[at - 2 : at])):
        kind, at = message[at : at + 1], at + 1
        if kind != b"t":  # NULL, or too large and unchanged
            yield None
            continue
        length, at = int.from_bytes(message[at : at + 4]), at + 4
        yield message[at : at + length].decode()
        at += length

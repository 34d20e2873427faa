"""Decide whether a transaction was lost when another server took over: it was committed only on the old server.

Each takeover begins a new timeline of the write-ahead log. It branches off where the new server had received the old
one's log; whatever the old server wrote after that place is lost.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

LostBecause = Literal["committed_after_the_branch", "open_at_the_branch"]
"""How we know that a transaction was lost: by its place in the log, or by what the new server says about its number."""
_LSN = re.compile(r"([0-9A-F]{1,8})/([0-9A-F]{1,8})")
_FIRST_XID, _XIDS = 3, 2**64


class Place(NamedTuple):
    """A transaction's number, and a place before its COMMIT in the log of a timeline."""

    xid: int
    lsn: int
    timeline: int


@dataclass(frozen=True, slots=True)
class Timelines:
    """The timeline that a server is on, and where each earlier one of its history ended; None if it is not readable.

    ``replayed`` is how far a standby has come; None for a primary.
    """

    current: int
    ended: Mapping[int, int] | None
    replayed: int | None = None


def read_lsn(text: Any) -> int | None:
    """A place in the write-ahead log, such as 16/B374D848, as a number."""
    found = _LSN.fullmatch(text) if isinstance(text, str) else None
    return (int(found[1], 16) << 32) + int(found[2], 16) if found else None


def write_lsn(place: int) -> str:
    """A place in the write-ahead log as PostgreSQL writes it."""
    return f"{place >> 32:X}/{place & 0xFFFFFFFF:X}"


def read_place(xid: Any, lsn: Any, timeline: Any) -> Place | None:
    """The place that a log line gives, if it gives one."""
    place = read_lsn(lsn)
    if place is None or type(xid) is not int or type(timeline) is not int:
        return None
    return Place(xid, place, timeline) if _FIRST_XID <= xid < _XIDS else None


def read_history(text: str) -> dict[int, int]:
    """Where each timeline ended, from a server's history file: a number, a place and a reason on each line."""
    ended: dict[int, int] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) > 1 and words[0].isdigit() and (place := read_lsn(words[1])) is not None:
            ended[int(words[0])] = place
    return ended


def end_of(place: Place, timelines: Timelines) -> int | None:
    """Where the place's timeline ended; None if it has not, or nobody knows."""
    return (timelines.ended or {}).get(place.timeline) if place.timeline < timelines.current else None


def is_on_its_way(place: Place, timelines: Timelines, status: str | None) -> bool:
    """Whether a standby may not have replayed the transaction's COMMIT yet when its rows were read."""
    if timelines.replayed is None or place.timeline < timelines.current:
        return False
    return place.lsn >= timelines.replayed or status in ("in progress", "new", "committed")


def why_lost(place: Place, timelines: Timelines, status: str | None) -> LostBecause | None:
    """How we know that a transaction without a row was lost; None if it is not known to be.

    ``status`` is what the new server says about the transaction's number. It means the same transaction only if its
    first record came before the branch, since the new server assigns later numbers anew.
    """
    if (end := end_of(place, timelines)) is None:
        return None
    if place.lsn >= end:
        return "committed_after_the_branch"
    return "open_at_the_branch" if status in ("aborted", "in progress") else None

"""Tell operations that were lost when another server took over from lines that nothing explains."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TypedDict

from sqlalchemy.orm import Session

from bake_tracker.domain.log.failover import LostBecause, Place, Timelines, end_of, is_on_its_way, why_lost, write_lsn
from bake_tracker.queries.verify.timelines import load_statuses, load_timelines


class NamedOperation(TypedDict):
    """An operation on which the log and the database disagree."""

    operation_id: str
    operation: str
    at: str


class LostOperation(NamedOperation):
    """A success that was committed on a server before another, which had not received the COMMIT, took its place.

    ``lsn`` is the line's place on its ``timeline``, which ended at ``timeline_ended_at``; ``known_by`` says how we
    know.
    """

    lsn: str
    timeline: int
    timeline_ended_at: str
    known_by: LostBecause


class Claim(NamedTuple):
    """A line's operation, and the place that it gives for its transaction."""

    operation: NamedOperation
    place: Place | None


@dataclass(slots=True)
class Failovers:
    """What the server's history says about lines without a row."""

    session: Session
    timelines: Timelines | None = None
    lost: list[LostOperation] = field(default_factory=list)
    is_history_missing: bool = False
    """Whether a line comes from a timeline that has ended, and this user may not read where."""
    on_their_way: int = 0
    """How many lines are about operations that this standby may not have received yet."""

    def unexplained(self, claims: Iterable[Claim]) -> list[NamedOperation]:
        """The lines that nothing explains; the others are added to ``lost`` or counted as on their way."""
        asked = list(claims)
        statuses = self._statuses([one.place for one in asked if one.place])
        left: list[NamedOperation] = []
        for operation, place in asked:
            status = statuses.get(place.xid) if place else None
            if place and self.timelines and is_on_its_way(place, self.timelines, status):
                self.on_their_way += 1
            elif place and (lost := self._lost(operation, place, status)):
                self.lost.append(lost)
            else:
                left.append(operation)
        return left

    def decided(self, claims: Iterable[Claim]) -> tuple[list[NamedOperation], list[NamedOperation]]:
        """Among the transactions of unknown outcome that left no row: those rolled back, and those still open.

        Only on their own timeline, since on another one their numbers may be those of other transactions.
        """
        asked = [one for one in claims if one.place and self._is_here(one.place)]
        statuses = self._statuses([one.place for one in asked if one.place])

        def those(*wanted: str) -> list[NamedOperation]:
            return [operation for operation, place in asked if place and statuses.get(place.xid) in wanted]

        return those("aborted"), those("in progress", "new")

    def _is_here(self, place: Place) -> bool:
        self.timelines = self.timelines or load_timelines(self.session)
        return self.timelines is not None and place.timeline == self.timelines.current

    def _statuses(self, places: list[Place]) -> dict[int, str | None]:
        self.timelines = self.timelines or (load_timelines(self.session) if places else None)
        return load_statuses(self.session, (place.xid for place in places)) if self.timelines else {}

    def _lost(self, operation: NamedOperation, place: Place, status: str | None) -> LostOperation | None:
        if self.timelines is None:
            return None
        if place.timeline < self.timelines.current and self.timelines.ended is None:
            self.is_history_missing = True
        because, end = why_lost(place, self.timelines, status), end_of(place, self.timelines)
        if because is None or end is None:
            return None
        return {
            **operation,
            "lsn": write_lsn(place.lsn),
            "timeline": place.timeline,
            "timeline_ended_at": write_lsn(end),
            "known_by": because,
        }

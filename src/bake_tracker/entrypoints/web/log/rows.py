"""A log line as a table row."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel import dates
from fastapi import Request

from bake_tracker.clock import now
from bake_tracker.domain.log.tree import APART, is_refusal
from bake_tracker.entrypoints.web.pages import amount, locale_of
from bake_tracker.entrypoints.web.words import OPERATIONS
from bake_tracker.log.scan import LogLine
from bake_tracker.queries.bakery import BakeryInfo
from bake_tracker.queries.explain.log_names import Names, name_of

_OUTCOMES = {
    "success": "done",
    "replayed": "already done",
    "rolled_back": "rolled back with the rest",
    "lost": "lost with its server",
    "retried": "tried again",
    "unknown": "may or may not be done",
    "error": "failed",
    "sufficient": "enough",
    "insufficient": "not enough",
}
_MADE = ("finished_unit_id", "finished_good_id", "item_id", "recipe_id", "supplier_id", "event_id")
_NAMED = ("slug", "user_name", "name")
MOST_LOTS = 3


@dataclass(frozen=True, slots=True)
class Rows:
    """Everything that is needed to make rows."""

    request: Request
    house: BakeryInfo
    names: Names

    def row(self, line: LogLine) -> dict[str, Any]:
        """One line as a table row."""
        outcome = str(line.get("outcome") or "")
        refused = bool(line.get("operation_id")) and is_refusal(line)
        said = _OUTCOMES.get(outcome) or outcome.replace("_", " ")
        took_ms = line.get("duration_ms")
        return {
            "at": line["timestamp"],
            "when": self._when(str(line["timestamp"])),
            "what": called(str(line.get("operation") or "")) or str(line.get("message") or ""),
            "about": ", ".join(self._about(line)),
            "outcome": f"refused: {said}" if refused else said,
            "is_bad": refused or outcome == "error",
            "error": _error(line),
            "actor": line.get("actor") or "",
            "took_ms": max(1, round(took_ms)) if isinstance(took_ms, int | float) else None,
            "sql_count": line.get("sql_count"),
            "attempt": line.get("attempt", 1),
            "operation_id": line.get("operation_id"),
            "cause": str(line.get("cause_operation_id") or ""),
            "others": None if line.get("operation_id") else ", ".join(details(line)),
        }

    def _when(self, timestamp: str) -> str:
        """The time, with the day unless it is today."""
        at, zone, locale = datetime.fromisoformat(timestamp), ZoneInfo(self.house.time_zone), locale_of(self.request)
        if self.house.local_day(at) == self.house.local_day(now()):
            return dates.format_time(at, "medium", tzinfo=zone, locale=locale)
        return dates.format_datetime(at, "medium", tzinfo=zone, locale=locale)

    def _about(self, line: LogLine) -> Iterator[str]:
        """What the line is about, and how much."""
        found = next((found for field in _MADE if (found := name_of(self.names, line, field))), None)
        name, unit = found or (next((str(line[field]) for field in _NAMED if line.get(field)), None), None)
        much = line.get("actual_yield") or line.get("quantity")
        if isinstance(much, int | str) and name:
            yield f"{self._amount(much, unit)} {name}"
        elif name:
            yield name
        lots = line.get("lots")
        for lot in lots[:MOST_LOTS] if isinstance(lots, list) else ():
            if isinstance(lot, dict):
                yield f"{self._amount(lot.get('quantity'), lot.get('unit'))} {lot.get('item_slug', '')}"
        if undone := line.get("reversed_operation"):
            yield called(str(undone)).lower()
        if reason := line.get("reason"):
            yield str(reason)

    def _amount(self, value: Any, unit: Any) -> str:
        """An amount in the local notation; as it stands in the log if it cannot be parsed."""
        try:
            return amount(str(value), str(unit or "each"), locale=locale_of(self.request))
        except ArithmeticError:
            return str(value)


def _error(line: LogLine) -> str | None:
    """The text of an error, without the name of its class."""
    text = str(line.get("error") or "")
    return text.partition(": ")[2] or text or None


def called(operation: str) -> str:
    return OPERATIONS.get(operation) or operation.replace("_", " ").capitalize()


def details(line: LogLine) -> list[str]:
    """The fields without a column of their own."""
    apart = APART | {"trace_id", "span_id", "log_file"}
    return [
        f"{key.replace('_', ' ')}: {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for key, value in line.items()
        if key not in apart and value is not None
    ]

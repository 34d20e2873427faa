"""The errors in a log, grouped by what was raised and where in our own source it came from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from bake_tracker.domain.log.outcomes import FAILED

MOST_GROUPS = 1_000
NEEDLES = (b'"error"', b'"ERROR"', b'"CRITICAL"')
"""Every line that reports an error contains one of these."""
_OURS = "/bake_tracker/"
_LEVELS = frozenset({"ERROR", "CRITICAL"})


class Fault(TypedDict):
    """One error: how often it was raised, first and last, and the latest line as an example.

    ``example`` is an operation id or, of a line without an operation, a request id. ``causes`` are the exceptions that
    led to its error, the nearest first.
    """

    type: str
    raised_at: str | None
    count: int
    first: str
    last: str
    message: str
    operation: str | None
    example: str | None
    causes: list[str]


class Faults(TypedDict):
    """Every kind of error, the most frequent first; ``ungrouped`` counts lines beyond the most kinds kept."""

    errors: list[Fault]
    ungrouped: int


def is_fault(line: Mapping[str, Any]) -> bool:
    """Whether the line reports an error of its own, not one that it only passed on."""
    is_error = line.get("outcome") in FAILED or (not line.get("outcome") and line.get("level") in _LEVELS)
    return is_error and not line.get("cause_operation_id")


def gather_faults(lines: Iterable[Mapping[str, Any]]) -> Faults:
    """The errors in these lines, grouped; memory does not grow with their number."""
    groups: dict[tuple[str, str | None], Fault] = {}
    ungrouped = 0
    for line in filter(is_fault, lines):
        raised = _raised(line)
        at = str(line["timestamp"])
        if (group := groups.get((raised.type, raised.frame))) is None:
            if len(groups) == MOST_GROUPS:
                ungrouped += 1
                continue
            group = groups[raised.type, raised.frame] = {
                "type": raised.type,
                "raised_at": raised.frame,
                "count": 0,
                "first": at,
                "last": at,
                "message": "",
                "operation": None,
                "example": None,
                "causes": [],
            }
        group["count"] += 1
        group["first"] = min(group["first"], at)
        if at >= group["last"]:
            example = line.get("operation_id") or line.get("request_id")
            group.update(
                {
                    "last": at,
                    "message": raised.message,
                    "operation": line.get("operation"),
                    "example": example,
                    "causes": raised.causes,
                }
            )
    ranked = sorted(groups.values(), key=lambda one: one["last"], reverse=True)
    return {"errors": sorted(ranked, key=lambda one: -one["count"]), "ungrouped": ungrouped}


@dataclass(frozen=True, slots=True)
class _Raised:
    type: str
    message: str
    frame: str | None
    causes: list[str]


def _raised(line: Mapping[str, Any]) -> _Raised:
    exception = line.get("exception")
    if not isinstance(exception, Mapping):
        kind, _, message = str(line.get("error") or line.get("message") or "").partition(": ")
        return _Raised(kind, message, None, [])
    frames, causes = (_list(exception.get(name)) for name in ("frames", "causes"))
    told = [f"{one.get('type')}: {one.get('message')}" for one in causes if isinstance(one, Mapping)]
    message = str(exception.get("message") or "")
    return _Raised(str(exception.get("type")), message, _innermost([str(frame) for frame in frames]), told)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _innermost(frames: list[str]) -> str | None:
    """The innermost frame of our own source, from the package on; for a program without one, the innermost of all."""
    ours = [frame for frame in frames if _OURS in frame.replace("\\", "/")]
    if ours:
        return "bake_tracker/" + ours[-1].replace("\\", "/").rpartition(_OURS)[2]
    return frames[-1] if frames else None

"""Why something was refused: its log line beside the current stock."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from bake_tracker.domain.log.refusals import shortages, what_helps
from bake_tracker.domain.log.tree import APART, TIMES, LogLine
from bake_tracker.queries.explain.need import explain_shortages
from bake_tracker.queries.explain.operation import load_named_slugs

NOT_ASKED = frozenset({"trace_id", "span_id", *TIMES}) | APART
"""Fields of a line that are not arguments."""
_ASKED = frozenset({"num_batches", "quantity", "actual_yield", "scale_factor", "unit"})


def explain_refusal(
    session: Session, line: LogLine, today: date, asked: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Explain a refusal from its line, with the current stock of the short items; pass ``asked`` if all arguments are
    known.
    """
    kept = line.get("asked")
    asked = (
        asked
        or (dict(kept) if isinstance(kept, Mapping) else None)
        or {
            key: value
            for key, value in line.items()
            if (key.endswith("_id") or key in _ASKED) and key not in NOT_ASKED and value is not None
        }
    )
    short = shortages(line)
    needed = {one["item_slug"]: one["needed"] for one in short}
    known = {one["item_slug"]: one for one in explain_shortages(session, needed, today)} if short else {}
    advice = None if short else what_helps(line)
    return {
        "operation_id": line.get("operation_id"),
        "operation": line.get("operation"),
        "outcome": line["outcome"],
        "at": line["timestamp"],
        "actor": line.get("actor"),
        "attempt": line.get("attempt"),
        "transaction_id": line.get("transaction_id"),
        "parent_operation_id": line.get("parent_operation_id"),
        "cause_operation_id": line.get("cause_operation_id"),
        "asked": asked,
        "names": load_named_slugs(session, asked),
        "error": line.get("error"),
        "short": [{**one, "now": known.get(one["item_slug"])} for one in short],
        "helps": advice and {"problem": advice.text, "remedy": advice.remedy},
    }

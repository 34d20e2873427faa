"""Read what was short, and what would help, from a refusal in the log."""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NotRequired, TypedDict

from bake_tracker.domain.log.tree import LogLine
from bake_tracker.domain.remedies import Advice

_LISTED = {"recipe_not_found", "finished_unit_not_found", "finished_good_not_found", "item_not_found"}


class Short(TypedDict):
    """An item that was short; ``missing`` more would have been enough.

    ``came_later`` is stock that arrived only after the day of an operation that was recorded late.
    """

    item_slug: str
    needed: str
    available: str
    missing: str
    unit: str
    came_later: NotRequired[str]


def shortages(line: LogLine) -> list[Short]:
    """Every short item of a refusal; unreadable entries are skipped, because a log may hold anything."""
    return list(_shortages(line.get("shortages")))


def _shortages(told: Any) -> Iterator[Short]:
    for short in told if isinstance(told, list) else ():
        if not isinstance(short, Mapping):
            continue
        slug = short.get("ingredient_slug") or short.get("component_slug")
        needed, available = _decimal(short.get("needed")), _decimal(short.get("available"))
        if slug and needed is not None and available is not None:
            found: Short = {
                "item_slug": str(slug),
                "needed": str(short["needed"]),
                "available": str(short["available"]),
                "missing": format(needed - available, "f"),
                "unit": str(short.get("unit", "")),
            }
            if short.get("came_later"):
                found["came_later"] = str(short["came_later"])
            yield found


def what_helps(line: LogLine) -> Advice | None:
    """What would make the same request succeed, if stock is not the problem."""
    outcome = str(line.get("outcome"))
    if outcome == "validation_failed":
        fields = ", ".join(map(str, line.get("fields") or ())) or "the arguments in the error"
        return Advice(f"correct {fields} and try again")
    if outcome in _LISTED:
        return Advice("use one that exists", {"kind": "list_things", "what": outcome.removesuffix("_not_found")})
    if outcome.endswith("not_found"):
        return Advice("use one that exists, or leave it out")
    if outcome == "unit_conversion_failed":
        slugs = [str(one) for one in line.get("ingredients") or [line.get("ingredient")]]
        text = f"use another unit, or record what a volume or a piece of {', '.join(slugs)} weighs"
        return Advice(text, {"kind": "measure_items", "item_slugs": slugs})
    if outcome == "label_differs":
        return Advice("use other lots", {"kind": "file_label", "item_slug": str(line.get("item"))})
    if outcome == "label_incomplete":
        return Advice("record the weights and allergens that the error lists")
    if outcome == "conflict":
        return Advice("use a new operation id, or repeat the first request exactly")
    return {
        "success": Advice(
            "the log says that it succeeded, but the ledger has no such operation", {"kind": "verify_log"}
        ),
        "rolled_back": Advice("it had succeeded, but its transaction was rolled back; try again"),
        "lost": Advice("it had been committed, and was lost when another server took over; record it again"),
        "retried": Advice("nothing; it was retried automatically"),
        "unknown": Advice(
            "the connection broke during COMMIT, so it may or may not be recorded", {"kind": "verify_log"}
        ),
        "error": Advice("a fault of the program or the machine; nothing was recorded, so try again"),
    }.get(outcome)


def _decimal(value: Any) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None

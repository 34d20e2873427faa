"""What a refusal in the log was short of, and what would help."""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NotRequired, TypedDict

from bake_tracker.domain.log.tree import LogLine

_LISTS: Mapping[str, str] = {
    "recipe_not_found": "bake recipe list",
    "finished_unit_not_found": "bake item list finished_unit",
    "finished_good_not_found": "bake item list finished_good",
    "item_not_found": "bake item list",
}


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


def remedy(line: LogLine) -> str | None:
    """What would make the same request succeed, if stock is not the problem."""
    outcome = str(line.get("outcome"))
    if outcome == "validation_failed":
        fields = ", ".join(map(str, line.get("fields") or ())) or "the arguments in the error"
        return f"correct {fields} and try again"
    if outcome in _LISTS:
        return f"name one that there is: {_LISTS[outcome]}"
    if outcome.endswith("not_found"):
        return "use one that exists, or leave it out"
    if outcome == "unit_conversion_failed":
        slugs = ", ".join(map(str, line.get("ingredients") or [line.get("ingredient")]))
        return f"say what a volume or a piece of {slugs} weighs (bake measure), or use another unit"
    if outcome == "label_differs":
        return "use other lots (bake hold keeps one from use), or put the new list on file (bake declare)"
    if outcome == "label_incomplete":
        return "record what the error lists: weights and allergens"
    if outcome == "conflict":
        return "use a new operation id, or repeat the first request exactly"
    return {
        "success": "nothing: but the ledger has no such operation, and bake log verify says more",
        "rolled_back": "it had succeeded, but its transaction was rolled back; try again",
        "retried": "nothing; it was retried automatically",
        "unknown": "the connection died during COMMIT: bake log verify says whether it is recorded",
        "error": "a fault of the program or the machine; nothing was recorded, so try again",
    }.get(outcome)


def _decimal(value: Any) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None

"""Search, sort and slice lists."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar, cast

from bake_tracker.domain.searching import search_key
from bake_tracker.domain.slice_keys import bad_key

Row = TypeVar("Row", bound=Mapping[str, Any])


@dataclass(frozen=True, slots=True)
class Ask:
    """Which slice of a list is wanted: the search text, the order, and the key of the previous slice.

    Rows without a value come last in either order.
    """

    sort: str
    descending: bool = False
    search: str = ""
    after: tuple[Any, Any] | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Found(Generic[Row]):
    """A slice of a list, and the key that the next slice begins after; None at the end."""

    rows: list[Row]
    next: tuple[Any, Any] | None = None


def slice_of(
    rows: Sequence[Row], ask: Ask, *, key: str, search_in: Collection[str], numbers: Collection[str] = ()
) -> Found[Row]:
    """A slice of rows that are all in memory, for short lists. ``key`` is a field with unique values.

    Raises:
        ValidationError: the key does not belong to this list.
    """
    wanted = search_key(ask.search)
    fitting = [
        row for row in rows if not wanted or any(wanted in search_key(str(row[name] or "")) for name in search_in)
    ]

    def value(row: Mapping[str, Any]) -> Any:
        found = row[ask.sort]
        if found is None:
            return None
        return Decimal(found) if ask.sort in numbers else found.casefold() if isinstance(found, str) else found

    known = sorted((row for row in fitting if value(row) is not None), key=lambda row: cast(Any, row[key]))
    known.sort(key=value, reverse=ask.descending)
    unknown = sorted((row for row in fitting if value(row) is None), key=lambda row: cast(Any, row[key]))
    ordered = [*known, *unknown]
    if ask.after is not None:
        last = {ask.sort: ask.after[0], key: ask.after[1]}
        try:
            ordered = [row for row in ordered if _is_behind(value(row), row[key], value(last), last[key], ask)]
        except (TypeError, ValueError, InvalidOperation):
            raise bad_key() from None
    chosen = ordered[: ask.limit]
    return Found(chosen, (chosen[-1][ask.sort], chosen[-1][key]) if len(ordered) > ask.limit else None)


def _is_behind(value: Any, key: Any, last: Any, last_key: Any, ask: Ask) -> bool:
    if value is None or last is None:
        return value is None and (last is not None or key > last_key)
    if value == last:
        return bool(key > last_key)
    return bool(value < last if ask.descending else value > last)

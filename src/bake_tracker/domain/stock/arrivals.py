"""What deserves a second look when goods come in: they are recorded, and the answer says so."""

from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any, NotRequired, TypedDict

EXPIRED = "expired_on_arrival"
KNOWN_CODE = "lot_code_known"
UNLIKE_SHELF_LIFE = "expiry_unlike_shelf_life"
LEAST_OF_SHELF_LIFE, MOST_OF_SHELF_LIFE = Fraction(1, 2), 2
"""A stated expiry outside of these parts of the item's shelf life may be mistyped."""


class KnownLot(TypedDict):
    """An earlier lot of the same item with the same code."""

    lot_id: int
    received_on: str
    expires_on: str | None


class Doubted(TypedDict):
    """The fields that a received lot has only if something deserves a second look."""

    warnings: NotRequired[list[str]]
    known_lots: NotRequired[list[KnownLot]]
    shelf_life_days: NotRequired[int]


def doubts_about(
    received_on: date, expires_on: date | None, known: Iterable[KnownLot], shelf_life_days: int | None = None
) -> Doubted:
    """The warnings about a lot, and what they are about."""
    doubted: Doubted = {}
    earlier = list(known)
    warnings = [EXPIRED] if expires_on is not None and expires_on < received_on else []
    if _is_unlike(received_on, expires_on, shelf_life_days):
        warnings.append(UNLIKE_SHELF_LIFE)
        doubted["shelf_life_days"] = shelf_life_days or 0
    if earlier:
        warnings.append(KNOWN_CODE)
        doubted["known_lots"] = earlier
    if warnings:
        doubted["warnings"] = warnings
    return doubted


def question_about_expiry(
    expires_on: date | None, received_on: date, slug: str = "", shelf_life_days: int | None = None
) -> list[str]:
    """What to ask before accepting goods that had expired when they came, or keep much longer or shorter than usual."""
    if expires_on is not None and expires_on < received_on:
        return [f"these goods expired on {expires_on}, before they came on {received_on}"]
    if expires_on is not None and _is_unlike(received_on, expires_on, shelf_life_days):
        return [_unlike(f"this {slug}", received_on, expires_on, shelf_life_days)]
    return []


def _is_unlike(received_on: date, expires_on: date | None, shelf_life_days: int | None) -> bool:
    """Whether goods that had not expired keep much longer or shorter than usual."""
    if expires_on is None or expires_on < received_on or not shelf_life_days:
        return False
    days = (expires_on - received_on).days
    return not LEAST_OF_SHELF_LIFE * shelf_life_days <= days <= MOST_OF_SHELF_LIFE * shelf_life_days


def _unlike(goods: str, received_on: date, expires_on: date, shelf_life_days: int | None) -> str:
    days = (expires_on - received_on).days
    return f"{goods} expires on {expires_on}, after {days:,} days, but its shelf life is {shelf_life_days:,} days"


def question_about_code(slug: str, lot_code: str, expires_on: date | None, known: Iterable[KnownLot]) -> list[str]:
    """What to ask before accepting goods whose code is known with another expiry: it may be mistyped, or left out."""
    day = expires_on.isoformat() if expires_on else None
    others = [lot for lot in known if lot["expires_on"] != day]
    if not others:
        return []
    now = f"expire {day}" if day else "have no expiry date"
    there = "; ".join(_known(lot) for lot in others)
    return [f"lot {lot_code} of {slug} is in the ledger already: {there}; these goods {now}"]


def warnings_of(lot: Mapping[str, Any]) -> list[str]:
    """The warnings of a received lot in words."""
    told = []
    codes = lot.get("warnings") or []
    if EXPIRED in codes:
        told.append(
            f"lot {lot['lot_code']} expired on {lot['expires_on']}, before it came on {lot['received_on']}; "
            "if a date is wrong, undo the receipt and record it again"
        )
    if UNLIKE_SHELF_LIFE in codes:
        came, expires = (date.fromisoformat(lot[day]) for day in ("received_on", "expires_on"))
        told.append(_unlike(f"lot {lot['lot_code']}", came, expires, lot["shelf_life_days"]))
    if KNOWN_CODE in codes:
        earlier = "; ".join(_known(one) for one in lot.get("known_lots") or [])
        told.append(f"lot {lot['lot_code']} of {lot['item_slug']} is in the ledger already: {earlier}")
    return told


def _known(lot: KnownLot) -> str:
    expiry = f"expires {lot['expires_on']}" if lot["expires_on"] else "no expiry date"
    return f"received {lot['received_on']}, {expiry} (id {lot['lot_id']})"

"""Codes and expiry dates of new lots, and whether a lot may be used."""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Literal

OpenState = Literal["open", "expired", "on hold"]
State = Literal["open", "expired", "on hold", "used up"]

NO_EXPIRY = date(9999, 12, 31)
_LOT_CODE = re.compile(r"(.+)-[0-9]{8}-[0-9]+")


def lot_code(slug: str, made_on: date, number: int) -> str:
    """A readable code: the item's slug, the day, and the item's running number."""
    return f"{slug}-{day_mark(made_on)}-{number}"


def day_mark(day: date) -> str:
    """The day as written in a lot code."""
    return f"{day.year:04d}{day.month:02d}{day.day:02d}"  # without strftime, which looks up the locale every time


def slug_in_code(code: str) -> str | None:
    """The slug in a code that looks like one of ours; None for any other code."""
    form = _LOT_CODE.fullmatch(code)
    return form[1] if form else None


def expiry(made_on: date, shelf_life_days: int | None, contents: Iterable[date | None] = ()) -> date | None:
    """The earlier of the item's shelf life and its contents' expiry; None if there is no limit."""
    limits = [day for day in contents if day is not None]
    if shelf_life_days is not None:
        limits.append(min(NO_EXPIRY - made_on, timedelta(days=shelf_life_days)) + made_on)
    return min(limits, default=None)


def baked_expiry(made_on: date, shelf_life_days: int | None, contents: Iterable[date | None]) -> date | None:
    """Baked goods keep for their own shelf life, because baking makes them anew; without one, as long as their inputs.

    A cake made with milk that expires tomorrow keeps as long as any cake. Without a shelf life it must not outlast its
    inputs, or it would keep for ever.
    """
    return expiry(made_on, shelf_life_days, contents if shelf_life_days is None else ())


def pick_on(policy: str, received_on: date, expires_on: date | None) -> date:
    """The date that orders open lots: expiry under FEFO (no expiry comes last), receipt under FIFO."""
    if policy == "fifo":
        return received_on
    return expires_on or NO_EXPIRY


def open_state(on_hold: bool, usable_until: date | None, today: date) -> OpenState:
    """Whether a lot that is not used up may be drawn from today, and if not why."""
    if on_hold:
        return "on hold"
    return "expired" if usable_until is not None and usable_until < today else "open"

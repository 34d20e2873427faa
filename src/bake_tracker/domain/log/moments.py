"""Moments as people write them in questions to the log: ``2026-11-23T14:30``, ``yesterday``, or ``1h`` ago."""

import re
from datetime import UTC, datetime, time, timedelta, tzinfo

from bake_tracker.domain.written import UnreadableError, read_moment

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(r"(\d{1,6})([smhdw])")
_DAYS_AGO = {"today": 0, "yesterday": 1}


def read_instant(text: str, now: datetime, zone: tzinfo = UTC) -> datetime:
    """A day or time in ``zone``, ``today``, ``yesterday``, or how long ago it was.

    Raises:
        UnreadableError: it is none of these.
    """
    word = text.strip().lower()
    try:
        if _AGO.fullmatch(word):
            return now - read_duration(word)
        if word in _DAYS_AGO:
            day = now.astimezone(zone).date() - timedelta(days=_DAYS_AGO[word])
            return datetime.combine(day, time(), zone).astimezone(UTC)
        at = read_moment(text)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnreadableError(
            f"{text!r} is not a time; write it like 2026-11-23, 2026-11-23T14:30, yesterday or 1h (an hour ago)"
        ) from None


def is_day(text: str) -> bool:
    """Whether a readable moment is a day without a time."""
    return ":" not in text and not _AGO.fullmatch(text.strip().lower())


def read_duration(text: str) -> timedelta:
    """``30s``, ``5m``, ``1h``, ``2d`` or ``1w``.

    Raises:
        UnreadableError: it is not a duration above zero.
    """
    if not (parts := _AGO.fullmatch(text.strip().lower())) or not int(parts[1]):
        raise UnreadableError(f"{text!r} is not a length of time; write it like 5m, 1h or 2d")
    return timedelta(**{_UNITS[parts[2]]: int(parts[1])})


def log_time(at: datetime) -> str:
    """An instant as the log writes it: in UTC, so that instants sort as text."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"

"""When an order is due: a day and, if somebody said so, a time on the clock of the bakery."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


def due_instant(day: date, at: time | None, time_zone: str) -> datetime | None:
    """The instant in UTC; None for an order that is due at any time of its day.

    A time that does not exist because the clock is put forward moves on with it. Of one that exists twice, the first
    counts. Both are what ``fold=0`` means (PEP 495).
    """
    if at is None:
        return None
    return datetime.combine(day, at, ZoneInfo(time_zone)).astimezone(UTC)


def real_time(day: date, at: time | None, time_zone: str) -> tuple[date, str | None]:
    """The day and the time as the clock shows them then; 02:30 is 03:30 on the day when the clock is put forward."""
    instant = due_instant(day, at, time_zone)
    if instant is None:
        return day, None
    shown = instant.astimezone(ZoneInfo(time_zone))
    return shown.date(), f"{shown:%H:%M}"

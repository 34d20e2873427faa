"""The days of a standing order, by a rule as in RFC 5545: ``FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,FR;UNTIL=20261224``."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from bake_tracker.domain.written import UnreadableError

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST_WEEKS = 52
_KNOWN = ("FREQ", "INTERVAL", "BYDAY", "UNTIL")
_DAY = re.compile(r"(\d{4})(\d\d)(\d\d)")


@dataclass(frozen=True, slots=True)
class Rule:
    """Every day, or these days of every ``interval``-th week, counted from the week of the first day; Monday is 0."""

    frequency: Literal["DAILY", "WEEKLY"]
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    until: date | None = None

    def __str__(self) -> str:
        interval = f";INTERVAL={self.interval}" if self.interval > 1 else ""
        days = f";BYDAY={','.join(WEEKDAYS[one] for one in self.weekdays)}" if self.weekdays else ""
        return f"FREQ={self.frequency}{interval}{days}" + (f";UNTIL={self.until:%Y%m%d}" if self.until else "")

    @property
    def words(self) -> str:
        """The rule for people: ``every 2 weeks on Tuesday and Friday until 2026-12-24``."""
        unit = "day" if self.frequency == "DAILY" else "week"
        every = f"every {self.interval} {unit}s" if self.interval > 1 else f"every {unit}"
        *first, last = [NAMES[one] for one in self.weekdays] or [""]
        on = f"{', '.join(first)} and {last}" if first else last
        if on:
            every = f"{every} on {on}" if self.interval > 1 else f"every {on}"
        return every + (f" until {self.until}" if self.until else "")

    def days(self, starts_on: date, since: date, until: date) -> Iterator[date]:
        """Its days from ``since`` to ``until``, none of them before ``starts_on``."""
        first, last = max(since, starts_on), min(until, self.until or until)
        first_week = starts_on.toordinal() - starts_on.weekday()
        for day in map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1)):  # no day follows the last one
            if self.frequency == "DAILY":
                fits = (day - starts_on).days % self.interval == 0
            else:
                weeks = (day.toordinal() - first_week) // 7
                fits = day.weekday() in self.weekdays and weeks % self.interval == 0
            if fits:
                yield day


def read_rule(text: str, starts_on: date) -> Rule:
    """Read a rule; a weekly one without days is for the weekday of the first day.

    Raises:
        UnreadableError: it is none that standing orders know.
    """
    parts: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").split(";"):
        name, equals, value = part.partition("=")
        if name not in _KNOWN or not equals or name in parts:
            raise UnreadableError(
                f"cannot have {part[:40]!r}; it takes {', '.join(_KNOWN)}, each once, such as FREQ=WEEKLY;BYDAY=MO,FR"
            )
        parts[name] = value
    frequency = parts.get("FREQ")
    if frequency not in ("DAILY", "WEEKLY"):
        raise UnreadableError("must begin with FREQ=DAILY or FREQ=WEEKLY")
    interval = parts.get("INTERVAL", "1")
    if not interval.isascii() or not interval.isdigit() or not 1 <= int(interval[:4]) <= MOST_WEEKS:
        raise UnreadableError(f"needs an INTERVAL from 1 to {MOST_WEEKS}")
    days = _weekdays(parts["BYDAY"].split(",")) if "BYDAY" in parts else ()
    if days and frequency == "DAILY":
        raise UnreadableError("cannot have BYDAY with FREQ=DAILY; use FREQ=WEEKLY")
    if frequency == "WEEKLY" and not days:
        days = (starts_on.weekday(),)
    until = _until(parts["UNTIL"]) if "UNTIL" in parts else None
    if until and until < starts_on:
        raise UnreadableError(f"ends on {until}, before its first day {starts_on}")
    return Rule("DAILY" if frequency == "DAILY" else "WEEKLY", int(interval), days, until)


def _weekdays(names: Sequence[str]) -> tuple[int, ...]:
    if unknown := [name for name in names if name not in WEEKDAYS]:
        raise UnreadableError(f"cannot have {unknown[0][:20]!r} in BYDAY; it takes {', '.join(WEEKDAYS)}")
    return tuple(sorted({WEEKDAYS.index(name) for name in names}))


def _until(text: str) -> date:
    try:
        if found := _DAY.fullmatch(text):
            return date(*map(int, found.groups()))
    except ValueError:
        pass
    raise UnreadableError("needs an UNTIL that is a day such as 20261224")

"""A calendar as other programs read it (RFC 5545)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from icalendar import Calendar, Event

from bake_tracker.domain.planning.diary import Entry

READ_AGAIN_AFTER = timedelta(hours=1)


def render_calendar(name: str, database_id: str, entries: Iterable[Entry], at: datetime) -> bytes:
    """The entries, as they were ``at`` an instant; each keeps its UID when the calendar is read again."""
    calendar = Calendar()
    calendar.add("prodid", "-//Bake Tracker//")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", READ_AGAIN_AFTER, parameters={"value": "DURATION"})
    for entry in entries:
        event = Event()
        event.add("uid", f"{entry.key}@{database_id}")
        event.add("dtstamp", at)
        event.add("dtstart", entry.at or entry.day)
        event.add("summary", entry.title)
        if entry.notes:
            event.add("description", "\n".join(entry.notes))
        calendar.add_component(event)
    return bytes(calendar.to_ical())

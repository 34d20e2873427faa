"""The one bakery of a database."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.models import Bakery


@dataclass(frozen=True, slots=True)
class BakeryInfo:
    """The bakery's id, name, ISO 4217 currency and IANA time zone."""

    database_id: str
    name: str
    currency: str
    time_zone: str

    def local_day(self, instant: datetime) -> date:
        """The calendar day of an instant where the bakery is."""
        return instant.astimezone(ZoneInfo(self.time_zone)).date()

    def localised(self, moment: datetime) -> datetime:
        """An aware datetime; a naive one is the bakery's wall clock."""
        return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(self.time_zone))


_bakery = select(Bakery.database_id, Bakery.name, Bakery.currency, Bakery.time_zone)


def load_bakery(session: Session) -> BakeryInfo:
    """The bakery that every database has from its creation on."""
    return BakeryInfo(*session.execute(_bakery).one())

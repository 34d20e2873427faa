"""The one bakery of a database."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, exists, select
from sqlalchemy.orm import Session

from bake_tracker.models import tables


@lru_cache
def currency_decimals(currency: str) -> int:
    """How many decimals a currency is written with: 0 for JPY, 2 for EUR and for one that is not known, 3 for BHD."""
    from babel.numbers import get_currency_precision  # only when needed: it would delay the start of every command

    return get_currency_precision(currency)


@dataclass(frozen=True, slots=True)
class BakeryInfo:
    """The bakery's id, name, ISO 4217 currency and IANA time zone.

    ``label_policy`` decides whether a run that does not match its label is refused; ``has_labels`` is whether any is on
    file.
    """

    database_id: str
    name: str
    currency: str
    time_zone: str
    label_policy: str
    has_labels: bool

    @property
    def decimals(self) -> int:
        """How many decimals the currency is written with."""
        return currency_decimals(self.currency)

    def local_day(self, instant: datetime) -> date:
        """The calendar day of an instant in the bakery's time zone."""
        return self.local_time(instant).date()

    def start_of(self, day: date) -> datetime:
        """The instant at which a day begins in the bakery's time zone."""
        return datetime.combine(day, time(), ZoneInfo(self.time_zone)).astimezone(UTC)

    def came_at(self, received_on: date, recorded_at: datetime) -> datetime:
        """When goods received on a day were in stock: from its start, but no later than they were recorded."""
        return min(self.start_of(received_on), recorded_at)

    def local_time(self, instant: datetime) -> datetime:
        """A time in the bakery's time zone."""
        return instant.astimezone(ZoneInfo(self.time_zone))


_bakery = select(
    tables.bakery.c.database_id,
    tables.bakery.c.name,
    tables.bakery.c.currency,
    tables.bakery.c.time_zone,
    tables.bakery.c.label_policy,
    exists().select_from(tables.item_label).label("has_labels"),
)


def load_bakery(session: Session | Connection) -> BakeryInfo:
    """The bakery, which every database has from its creation."""
    return BakeryInfo(*session.execute(_bakery).one())


def load_name(connection: Connection) -> str | None:
    """The bakery's name, which is in the same place in every schema version; None if there is no bakery."""
    return connection.execute(select(tables.bakery.c.name)).scalar()


def lock_bakery(session: Session, *, against_stock: bool = False) -> BakeryInfo:
    """Lock the bakery until the transaction ends, and return it.

    Operations that change references (settings, recipes, goods, an import) lock it before they read. Stock operations
    can continue unless ``against_stock`` is set: then a new lot waits for this transaction, and this waits for lots
    being added.
    """
    return BakeryInfo(*session.execute(_bakery.with_for_update(key_share=not against_stock)).one())

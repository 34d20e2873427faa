"""The bakery as tables."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.importing.exporting import LotLeft, Tables, tables_of
from bake_tracker.models import Item, Lot, Product, Supplier
from bake_tracker.queries.importing.facts import load_facts
from bake_tracker.queries.importing.on_file import load_on_file

_lots = (
    select(
        Item.slug, Lot.code, Lot.remaining_micros, Item.base_unit, Lot.remaining_cost_micros, Lot.received_on,
        Lot.expires_on, Lot.usable_until, Lot.on_hold, Lot.location, Supplier.slug, Product.identity,
        Lot.g_per_ml, Lot.g_per_each,
    )
    .join(Item, Item.id == Lot.item_id)
    .outerjoin(Supplier, Supplier.id == Lot.supplier_id)
    .outerjoin(Product, Product.id == Lot.product_id)
    .where(Lot.remaining_micros > 0)
    .order_by(Lot.id)
)  # fmt: skip


def load_tables(session: Session) -> Tables:
    """The catalogue and the stock, in a fixed number of statements. Runs and the ledger are only in the archive."""
    make: Callable[..., LotLeft] = LotLeft
    return tables_of(load_on_file(session), load_facts(session), [make(*row) for row in session.execute(_lots)])

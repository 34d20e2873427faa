"""What suppliers sell of an item: packs and their last price."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import UnitConversionError
from bake_tracker.domain.money import divide_half_even
from bake_tracker.domain.planning.buying import Offer
from bake_tracker.domain.recipes.quantities import Item, base_quantity
from bake_tracker.domain.units import MICRO
from bake_tracker.models import tables
from bake_tracker.queries.catalog.archived import is_archived
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.operations.reversal import stands


@dataclass(frozen=True, slots=True)
class PackOffered:
    """A package of an item as a supplier sells it; ``cost_micros`` is by its last price, None if it has none."""

    product_id: int
    name: str
    micros: int
    cost_micros: int | None


@dataclass(frozen=True, slots=True)
class Offered:
    """What a supplier (None: any) sells of an item, with the packs of the offer in order."""

    offer: Offer
    supplier: str | None
    packs: tuple[PackOffered, ...]

    @property
    def has_prices(self) -> bool:
        return all(pack.cost_micros is not None for pack in self.packs)


def load_offers(session: Session, item_ids: Collection[int], items: Mapping[int, Item]) -> list[Offered]:
    """The packages of these items by supplier; those without a price only if an item has no other; one statement."""
    product, lot = tables.product, tables.lot
    last = (
        select(lot.c.id)
        .where(
            lot.c.item_id == product.c.item_id,
            lot.c.product_id == product.c.id,
            lot.c.is_made.is_(False),
            lot.c.parent_lot_id.is_(None),
            lot.c.cost_micros.is_not(None),
            stands(lot.c.operation_id),
        )
        .order_by(lot.c.received_on.desc(), lot.c.id.desc())
        .limit(1)
        .correlate(product)
        .scalar_subquery()
    )
    bought = lot.alias("bought")
    rows = session.execute(
        select(
            *(product.c.id, product.c.item_id, product.c.brand, product.c.name),
            *(product.c.package_quantity, product.c.package_unit, product.c.supplier_id),
            tables.supplier.c.name.label("supplier"),
            *(bought.c.quantity_micros, bought.c.cost_micros),
        )
        .outerjoin(tables.supplier, tables.supplier.c.id == product.c.supplier_id)
        .outerjoin(bought, bought.c.id == last)
        .where(
            among(session, product.c.item_id, item_ids),
            product.c.package_quantity.is_not(None),
            (product.c.supplier_id.is_(None) | ~is_archived(tables.supplier)),
        )
        .order_by(product.c.item_id, product.c.supplier_id, product.c.id)
    )
    packs: defaultdict[tuple[int, int, str | None], list[PackOffered]] = defaultdict(list)
    for row in rows:
        if pack := _pack(row, items[row.item_id]):
            packs[row.item_id, row.supplier_id or 0, row.supplier].append(pack)
    priced = {key[0] for key, some in packs.items() if any(pack.cost_micros is not None for pack in some)}
    offers: list[Offered] = []
    for (item_id, supplier_id, supplier), some in packs.items():
        kept = tuple(pack for pack in some if pack.cost_micros is not None or item_id not in priced)
        if kept:
            sizes = tuple((pack.micros, pack.cost_micros or 0) for pack in kept)
            offer = Offer(supplier_id, item_id, sizes, keeps=items[item_id].shelf_life_days)
            offers.append(Offered(offer, supplier, kept))
    return offers


def _pack(row: Any, item: Item) -> PackOffered | None:
    """None if the package cannot be measured in the item's unit."""
    try:
        micros = int(base_quantity(item, row.package_quantity, row.package_unit) * MICRO)
    except UnitConversionError:
        return None
    if micros <= 0:
        return None
    cost = None
    if row.cost_micros is not None:
        exact = Fraction(row.cost_micros * micros, row.quantity_micros)
        cost = divide_half_even(exact.numerator, exact.denominator)
    return PackOffered(row.id, " ".join(filter(None, (row.brand, row.name))), micros, cost)

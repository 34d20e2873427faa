"""What suppliers sell of an item: packs on their terms, or at their last price."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.buying.terms import WEEKDAYS, Terms, terms_of
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
    """A package of an item as a supplier sells it; ``prices`` are of its terms, or else its last one, if it has any.

    They are (from how many, for each) in millionths.
    """

    product_id: int
    name: str
    micros: int
    prices: tuple[tuple[int, int], ...]
    is_last_price: bool
    terms: Terms


@dataclass(frozen=True, slots=True)
class Offered:
    """What a supplier (None: any) sells of an item on the same terms, with the packs of the offer in order.

    The offer's supplier is the number of the first of its products, because one supplier may have several offers.
    """

    offer: Offer
    supplier_id: int | None
    supplier: str | None
    packs: tuple[PackOffered, ...]

    @property
    def has_prices(self) -> bool:
        return all(pack.prices for pack in self.packs)

    @property
    def has_last_prices(self) -> bool:
        """Whether a price is only the last one, which nobody agreed on."""
        return any(pack.is_last_price for pack in self.packs)


def load_offers(session: Session, item_ids: Collection[int], items: Mapping[int, Item]) -> list[Offered]:
    """The packages of these items by supplier; those without a price only if an item has no other; one statement.

    Packages that are sold in least numbers or multiples are an offer each.
    """
    product, lot, terms = tables.product, tables.lot, tables.product_terms
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
            *(column for column in terms.c if column.name != "product_id"),
        )
        .outerjoin(tables.supplier, tables.supplier.c.id == product.c.supplier_id)
        .outerjoin(terms, terms.c.product_id == product.c.id)
        .outerjoin(bought, bought.c.id == last)
        .where(
            among(session, product.c.item_id, item_ids),
            product.c.package_quantity.is_not(None),
            (product.c.supplier_id.is_(None) | ~is_archived(tables.supplier)),
        )
        .order_by(product.c.item_id, product.c.supplier_id, product.c.id)
    )
    packs: defaultdict[tuple[Any, ...], list[PackOffered]] = defaultdict(list)
    for row in rows:
        if pack := _pack(row, items[row.item_id]):
            sold = pack.terms
            alone = pack.product_id if sold.least_packs or sold.multiple_packs else None
            packs[row.item_id, row.supplier_id, row.supplier, sold.lead_days, sold.order_days, alone].append(pack)
    priced = {key[0] for key, some in packs.items() if any(pack.prices for pack in some)}
    offers: list[Offered] = []
    for (item_id, supplier_id, supplier, *_), some in packs.items():
        kept = tuple(pack for pack in some if pack.prices or item_id not in priced)
        if kept:
            offers.append(Offered(_offer(items[item_id], kept), supplier_id, supplier, kept))
    return offers


def _offer(item: Item, packs: tuple[PackOffered, ...]) -> Offer:
    first, terms = packs[0], packs[0].terms
    return Offer(
        first.product_id,
        item.item_id,
        tuple((pack.micros, pack.prices[0][1] if pack.prices else 0, pack.prices[1:]) for pack in packs),
        least=(terms.least_packs or 0) * first.micros,
        multiple=terms.multiple_packs * first.micros if terms.multiple_packs else 1,
        lead=terms.lead_days or 0,
        order_days=[WEEKDAYS.index(day) for day in terms.order_days] or None,
        keeps=item.shelf_life_days,
    )


def _pack(row: Any, item: Item) -> PackOffered | None:
    """None if the package cannot be measured in the item's unit."""
    try:
        micros = int(base_quantity(item, row.package_quantity, row.package_unit) * MICRO)
    except UnitConversionError:
        return None
    if micros <= 0:
        return None
    terms = terms_of(row)
    prices = terms.prices
    if not prices and row.cost_micros is not None:
        exact = Fraction(row.cost_micros * micros, row.quantity_micros)
        prices = ((1, divide_half_even(exact.numerator, exact.denominator)),)
    name = " ".join(filter(None, (row.brand, row.name)))
    return PackOffered(row.id, name, micros, prices, bool(prices) and not terms.prices, terms)

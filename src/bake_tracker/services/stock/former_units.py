"""Lots of an item that is now kept in another unit: they are history, and nothing for use is added to them."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ConflictError
from bake_tracker.queries.catalog.definitions import load_items
from bake_tracker.queries.catalog.unit_changes import load_current
from bake_tracker.queries.stock.lots import LotState


def refuse_former_units(session: Session, lots: Iterable[LotState], instead: str) -> None:
    """Refuse to add goods for use to a lot of an item that another follows; ``instead`` says what can be done.

    Raises:
        ConflictError: names each lot, and the item to use.
    """
    followed = load_current(session)
    former = [lot for lot in lots if lot.item_id in followed]
    if former:
        now = load_items(session, {followed[lot.item_id].item_id for lot in former})
        told = (
            f"lot {lot.code} is of {lot.item_slug}, which is kept as {item.slug} in {item.base_unit} now"
            for lot in former
            if (item := now[followed[lot.item_id].item_id])
        )
        raise ConflictError(f"{'; '.join(told)}; {instead}", lots=[lot.code for lot in former])

"""Recorded deliveries."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, exists, select
from sqlalchemy.orm import Session

from bake_tracker.models import Delivery, Reversal


def load_deliveries_called(session: Session, document: str) -> list[int]:
    """The ids of the deliveries with this document, oldest first, that were not undone."""
    standing = ~exists().where(Reversal.reversed_operation_id == Delivery.operation_id)
    return list(
        session.scalars(select(Delivery.id).where(Delivery.document == document, standing).order_by(Delivery.id))
    )


def load_standing_delivery(session: Session, supplier_id: int, document: str) -> Row[*tuple[Any, ...]] | None:
    """This supplier's latest delivery with this document that was not undone: its operation and day, or None."""
    found: Sequence[Row[*tuple[Any, ...]]] = session.execute(
        select(Delivery.operation_id, Delivery.delivered_on)
        .where(
            Delivery.supplier_id == supplier_id,
            Delivery.document == document,
            ~exists().where(Reversal.reversed_operation_id == Delivery.operation_id),
        )
        .order_by(Delivery.id.desc())
        .limit(1)
    ).all()
    return found[0] if found else None

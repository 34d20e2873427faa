"""What an undo of a purchase order or of a change to one concerns."""

from collections.abc import Collection

from sqlalchemy import and_, select, union_all
from sqlalchemy.orm import Session

from bake_tracker.domain.stock.reversal import Link
from bake_tracker.models import tables
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.operations.reversal import stands

_version, _line, _receipt = tables.purchase_order_version, tables.purchase_order_line, tables.purchase_order_receipt
_later = tables.purchase_order_version.alias()


def load_purchases_touched(session: Session, operation_ids: Collection[str]) -> tuple[set[str], set[int]]:
    """The operations among these that wrote a purchase order, and the items in it."""
    wrote = select(_line.c.operation_id, _line.c.item_id).where(among(session, _line.c.operation_id, operation_ids))
    rows = session.execute(wrote).all()
    return {row.operation_id for row in rows}, {row.item_id for row in rows}


def load_purchase_links(session: Session, operation_ids: Collection[str]) -> list[Link]:
    """Later changes of the same purchase order, and deliveries for the version that one of these operations wrote."""
    changed = select(_version.c.operation_id, _later.c.operation_id.label("later"), _version.c.purchase_order_id).join(
        _later, and_(_later.c.purchase_order_id == _version.c.purchase_order_id, _later.c.id > _version.c.id)
    )
    came = select(_version.c.operation_id, _receipt.c.operation_id, _version.c.purchase_order_id).join(
        _receipt, _receipt.c.purchase_order_version_id == _version.c.id
    )
    wanted = among(session, _version.c.operation_id, operation_ids)
    rows = session.execute(union_all(*(one.where(wanted, stands(one.selected_columns[1])) for one in (changed, came))))
    return [Link(row.operation_id, row.later, None, f"purchase order {row.purchase_order_id}") for row in rows]


def lock_purchases_of(session: Session, operation_ids: Collection[str]) -> None:
    """Lock the purchase orders that these operations wrote or delivered, against other changes."""
    wrote = select(_version.c.purchase_order_id).where(among(session, _version.c.operation_id, operation_ids))
    came = select(_receipt.c.purchase_order_id).where(among(session, _receipt.c.operation_id, operation_ids))
    key = tables.purchase_order.c.id
    found = select(key).where(key.in_(union_all(wrote, came)))
    session.execute(found.order_by(key).with_for_update(key_share=True)).all()

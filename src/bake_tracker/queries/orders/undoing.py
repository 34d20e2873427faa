"""What an undo of an order, a change to one or a hand-over concerns."""

from collections.abc import Collection

from sqlalchemy import and_, select, union_all
from sqlalchemy.orm import Session

from bake_tracker.domain.stock.reversal import Link
from bake_tracker.models import tables
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.operations.reversal import stands

_version, _over, _line = tables.order_version, tables.hand_over, tables.order_line
_later = tables.order_version.alias()


def load_order_touched(session: Session, operation_ids: Collection[str]) -> tuple[set[str], set[int]]:
    """The operations among these that wrote an order, and the items in it."""
    wrote = select(_line.c.operation_id, _line.c.item_id).where(among(session, _line.c.operation_id, operation_ids))
    rows = session.execute(wrote).all()
    return {row.operation_id for row in rows}, {row.item_id for row in rows}


def load_order_links(session: Session, operation_ids: Collection[str]) -> list[Link]:
    """Later changes of the same order, and hand-overs of the version that one of these operations wrote."""
    changed = select(_version.c.operation_id, _later.c.operation_id.label("later"), _version.c.order_id).join(
        _later, and_(_later.c.order_id == _version.c.order_id, _later.c.id > _version.c.id)
    )
    handed = select(_version.c.operation_id, _over.c.operation_id, _version.c.order_id).join(
        _over, _over.c.order_version_id == _version.c.id
    )
    wanted = among(session, _version.c.operation_id, operation_ids)
    rows = session.execute(
        union_all(*(one.where(wanted, stands(one.selected_columns[1])) for one in (changed, handed)))
    )
    return [Link(row.operation_id, row.later, None, f"order {row.order_id}") for row in rows]


def lock_orders_of(session: Session, operation_ids: Collection[str]) -> None:
    """Lock the orders that these operations wrote or handed over, in id order, against other changes."""
    wrote = select(_version.c.order_id).where(among(session, _version.c.operation_id, operation_ids))
    handed = select(_over.c.order_id).where(among(session, _over.c.operation_id, operation_ids))
    order = tables.customer_order.c.id
    found = select(order).where(order.in_(union_all(wrote, handed)))
    session.execute(found.order_by(order).with_for_update(key_share=True)).all()

"""What an undo of an order, a change to one or a hand-over concerns."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, FromClause, and_, select, union_all
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ConflictError
from bake_tracker.domain.stock.reversal import Link
from bake_tracker.models import tables
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.operations.reversal import stands
from bake_tracker.queries.orders.standing import lock_customers

_version, _over, _line = tables.order_version, tables.hand_over, tables.order_line
_later, _other, _newer = (tables.order_version.alias() for _ in range(3))


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


def refuse_taken_references(session: Session, operation_ids: Collection[str]) -> None:
    """Refuse to undo these operations if an order would have a reference again that another order has taken since.

    Raises:
        ConflictError: names both orders.
    """
    wrote = select(_later.c.order_id).where(among(session, _later.c.operation_id, operation_ids))
    taken = (
        select(_version.c.order_id, _version.c.reference, _other.c.order_id.label("other"))
        .join(
            _other,
            and_(
                _other.c.recipient_id == _version.c.recipient_id,
                _other.c.reference == _version.c.reference,
                _other.c.order_id != _version.c.order_id,
            ),
        )
        .where(
            _version.c.order_id.in_(wrote),
            _would_be_in_force(session, _version, operation_ids),
            _would_be_in_force(session, _other, operation_ids),
        )
        .order_by(_version.c.order_id)
    )
    if found := session.execute(taken).first():
        raise ConflictError(
            f"order {found.order_id} would have the reference {found.reference} again, which order {found.other} of "
            f"the same customer has now; change the reference of order {found.other} first",
            order_id=found.other,
        )


def _would_be_in_force(session: Session, version: FromClause, operation_ids: Collection[str]) -> ColumnElement[bool]:
    """The condition that a version would be the latest of its order if these operations were undone."""

    def stays(one: FromClause) -> ColumnElement[bool]:
        return stands(one.c.operation_id) & ~among(session, one.c.operation_id, operation_ids)

    newer = select(_newer.c.id).where(
        _newer.c.order_id == version.c.order_id, _newer.c.id > version.c.id, stays(_newer)
    )
    return stays(version) & ~newer.exists()


def lock_orders_of(session: Session, operation_ids: Collection[str]) -> None:
    """Lock the orders that these operations wrote or handed over, and their customers, against other changes."""
    wrote = select(_version.c.order_id).where(among(session, _version.c.operation_id, operation_ids))
    handed = select(_over.c.order_id).where(among(session, _over.c.operation_id, operation_ids))
    order = tables.customer_order.c.id
    found = select(order).where(order.in_(union_all(wrote, handed)))
    session.execute(found.order_by(order).with_for_update(key_share=True)).all()
    whose = select(_version.c.recipient_id).where(_version.c.order_id.in_(wrote), _version.c.recipient_id.is_not(None))
    lock_customers(session, set(session.scalars(whose)))  # a reference that an undo brings back is theirs

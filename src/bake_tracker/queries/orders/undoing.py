"""What an undo of an order, a change to one or a hand-over concerns."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, FromClause, and_, null, select, union_all
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ConflictError
from bake_tracker.domain.stock.reversal import Link
from bake_tracker.models import tables
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.operations.reversal import stands
from bake_tracker.queries.orders.standing import lock_customers

_version, _over, _line = tables.order_version, tables.hand_over, tables.order_line
_standing, _standing_line = tables.standing_order, tables.standing_order_line
_stop, _day = tables.standing_order_stop, tables.standing_order_day
_later, _other, _newer = (tables.order_version.alias() for _ in range(3))


def load_order_touched(session: Session, operation_ids: Collection[str]) -> tuple[set[str], set[int]]:
    """The operations among these that wrote an order or a standing order, and the items in it."""
    lines = (select(one.c.operation_id, one.c.item_id) for one in (_line, _standing_line))
    stops = select(_stop.c.operation_id, null())
    wrote = union_all(*(one.where(among(session, one.selected_columns[0], operation_ids)) for one in (*lines, stops)))
    rows = session.execute(wrote).all()
    return {row.operation_id for row in rows}, {row.item_id for row in rows if row.item_id is not None}


def load_order_links(session: Session, operation_ids: Collection[str]) -> list[Link]:
    """Later changes of the same order, hand-overs of a version written, stops and days of a standing order."""
    changed = select(_version.c.operation_id, _later.c.operation_id.label("later"), _version.c.order_id).join(
        _later, and_(_later.c.order_id == _version.c.order_id, _later.c.id > _version.c.id)
    )
    handed = select(_version.c.operation_id, _over.c.operation_id, _version.c.order_id).join(
        _over, _over.c.order_version_id == _version.c.id
    )
    of_standing = (
        select(_standing.c.operation_id, one.c.operation_id, -_standing.c.id).join(
            one, one.c.standing_order_id == _standing.c.id
        )
        for one in (_stop, _day)
    )
    rows = session.execute(
        union_all(
            *(
                one.where(among(session, one.selected_columns[0], operation_ids), stands(one.selected_columns[1]))
                for one in (changed, handed, *of_standing)
            )
        )
    )
    return [
        Link(row.operation_id, row.later, None, f"{'standing ' if row.order_id < 0 else ''}order {abs(row.order_id)}")
        for row in rows
    ]


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
    """Lock the orders that these operations wrote or handed over, their customers, and standing orders."""
    wrote = select(_version.c.order_id).where(among(session, _version.c.operation_id, operation_ids))
    handed = select(_over.c.order_id).where(among(session, _over.c.operation_id, operation_ids))
    order = tables.customer_order.c.id
    found = select(order).where(order.in_(union_all(wrote, handed)))
    session.execute(found.order_by(order).with_for_update(key_share=True)).all()
    whose = select(_version.c.recipient_id).where(_version.c.order_id.in_(wrote), _version.c.recipient_id.is_not(None))
    lock_customers(session, set(session.scalars(whose)))  # a reference that an undo brings back is theirs
    owned = (
        select(_standing.c.id).where(among(session, _standing.c.operation_id, operation_ids)),
        *(
            select(one.c.standing_order_id).where(among(session, one.c.operation_id, operation_ids))
            for one in (_stop, _day)
        ),
    )
    standing = select(_standing.c.id).where(_standing.c.id.in_(union_all(*owned)))
    session.execute(standing.order_by(_standing.c.id).with_for_update(key_share=True)).all()

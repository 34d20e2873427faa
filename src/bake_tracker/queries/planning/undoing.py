"""What an undo of an accepted plan concerns."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.models import tables
from bake_tracker.queries.many_keys import among

_wrote = tables.accepted_plan_version.c.operation_id


def load_plans_touched(session: Session, operation_ids: Collection[str]) -> set[str]:
    """The operations among these that wrote an accepted plan."""
    return set(session.scalars(select(_wrote).where(among(session, _wrote, operation_ids))))

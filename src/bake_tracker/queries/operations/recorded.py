"""What was asked for with an operation id: sent again, it gets the first answer, and nothing else is checked."""

import json
from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.models import tables


def load_asked(session: Session, operation_id: UUID | str | None) -> Mapping[str, Any] | None:
    """The arguments of the operation with this id; None if it is not recorded."""
    try:
        key = UUID(str(operation_id))
    except ValueError:
        return None
    text = session.scalar(select(tables.operation.c.arguments).where(tables.operation.c.id == str(key)))
    return None if text is None else cast(Mapping[str, Any], json.loads(text))


def is_recorded(session: Session, operation_id: UUID | str | None) -> bool:
    """Whether the operation with this id is recorded."""
    return load_asked(session, operation_id) is not None

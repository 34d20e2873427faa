"""Record an operation's changes to the catalogue, and restore them on undo."""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from fractions import Fraction
from itertools import groupby
from typing import Any, Literal, TypedDict

from sqlalchemy import Date, Integer, and_, delete, insert, select, update
from sqlalchemy.orm import Session

from bake_tracker.domain.catalog_changes import Change, Rows, Thing
from bake_tracker.domain.errors import ConflictError
from bake_tracker.models import Lot, tables
from bake_tracker.models.types import ExactRatio, UtcDateTime
from bake_tracker.queries.bakery import BakeryInfo, load_bakery
from bake_tracker.queries.catalog.moved_days import MovedDays, load_moved_days
from bake_tracker.queries.catalog.things import SHAPES, load_called, load_changes, load_things
from bake_tracker.queries.many_keys import among
from bake_tracker.services.operation import Operation
from bake_tracker.services.stock.ledger import redate_arrivals
from bake_tracker.services.stock.places import order_lots, put_days

CORRECTING_SETTINGS = "record_bakery_correction"
_add = insert(tables.catalog_change)


class CatalogGivenBack(TypedDict):
    """A catalogue entry and what undo did with it; ``kept`` if the ledger uses it."""

    thing: str
    done: Literal["removed", "restored", "kept"]


def note_made(operation: Operation, *things: Thing) -> None:
    """Record that the operation created these entries."""
    note_changes(operation, {thing: [] for thing in things})


def note_changes(operation: Operation, before: Mapping[Thing, Rows]) -> None:
    """Record the state of these entries before and after the operation, if they differ."""
    after = load_things(operation.session, before.keys())
    rows = [
        {
            "operation_id": operation.id,
            "thing": thing[0],
            "key": thing[1],
            "before": _text(rows),
            "after": _text(after[thing]),
        }
        for thing, rows in before.items()
        if rows != after[thing]
    ]
    if rows:
        operation.session.execute(_add, rows)


def lock_made(session: Session, changes: Iterable[Change]) -> None:
    """Lock the created entries against others who are about to refer to them."""
    made = sorted((change.thing[0], int(change.thing[1])) for change in changes if _has_id(change))
    for table, keys in groupby(made, key=lambda one: one[0]):
        columns = SHAPES[table].table.columns
        wanted = among(session, columns["id"], [key for _, key in keys])
        session.execute(select(columns["id"]).where(wanted).order_by(columns["id"]).with_for_update())


def put_back_catalog(operation: Operation, target_id: str, staying: Collection[Thing]) -> list[CatalogGivenBack]:
    """Restore every entry that an operation changed, last first, except those that stay; return what happened to each.

    Raises:
        ConflictError: an entry has changed since, or the currency or time zone of existing stock would change.
    """
    session = operation.session
    house = load_bakery(session)
    changes = load_changes(session, [target_id])
    now = load_things(session, {change.thing for change in changes})
    names = load_called(session, now)
    for change in changes:
        if now[change.thing] != change.after:
            raise ConflictError(f"{names[change.thing]} has changed since {target_id}", reversed_operation_id=target_id)
        if change.thing[0] == "bakery":
            _check_settled(session, change, target_id)
    back = [change for change in reversed(changes) if change.thing not in staying]
    for table, group in groupby(back, key=lambda change: change.thing[0]):
        _write(session, table, list(group))
    for change in back:
        if change.thing[0] == "item" and change.before and change.after:
            (was,), (became,) = change.before, change.after
            if was["pick_policy"] != became["pick_policy"]:
                order_lots(operation, int(change.thing[1]), was["pick_policy"])
    if any(change.thing[0] == "bakery" for change in back):
        _put_back_days(operation, house)
    return [
        {"thing": names[change.thing], "done": "kept" if change.thing in staying else _done(change)}
        for change in changes
    ]


def _done(change: Change) -> Literal["removed", "restored"]:
    return "removed" if change.made_it else "restored"


def _has_id(change: Change) -> bool:
    return change.made_it and SHAPES[change.thing[0]].key == ("id",)


def refuse_sealed(moved: MovedDays, time_zone: str) -> None:
    """Refuse to move days that a seal covers.

    Raises:
        ConflictError: there are some.
    """
    if moved.sealed:
        days = "1 sealed day" if moved.sealed == 1 else f"{moved.sealed} sealed days"
        raise ConflictError(
            f"in {time_zone}, {days} would no longer be right; keep the time zone, or start another database",
            sealed_days=moved.sealed,
        )


def _put_back_days(operation: Operation, was: BakeryInfo) -> None:
    """The days of lots that were made here follow their runs into the earlier time zone."""
    house = load_bakery(operation.session)
    moved = load_moved_days(operation.session, was, house)
    refuse_sealed(moved, house.time_zone)
    put_days(operation, moved.lots)
    redate_arrivals(operation, house)


def _check_settled(session: Session, change: Change, operation_id: str) -> None:
    """Only a correction may change the meaning of the costs and days of existing stock."""
    (before,), (after,) = change.before, change.after
    changed = [name for name in ("currency", "time_zone") if before[name] != after[name]]
    name = select(tables.operation.c.name).where(tables.operation.c.id == operation_id)
    if changed and session.scalar(name) == CORRECTING_SETTINGS:
        return
    if changed and session.scalar(select(Lot.id).limit(1)):
        raise ConflictError(
            f"{', '.join(changed)}: this bakery already has stock in {after['currency']} and {after['time_zone']}; "
            "correct them instead, if they were wrong from the beginning"
        )


def _write(session: Session, table: str, changes: list[Change]) -> None:
    shape = SHAPES[table]
    kept = [one for one in changes if shape.is_one_row and one.before and one.after]
    for one in kept:
        session.execute(update(shape.table).where(_is(table, one.thing[1])).values(_typed(table, one.before[0])))
    others = [one for one in changes if one not in kept]
    first = shape.table.columns[shape.key[0]]
    if len(shape.key) == 1:
        keys = [int(one.thing[1]) if isinstance(first.type, Integer) else one.thing[1] for one in others]
        session.execute(delete(shape.table).where(among(session, first, keys)))
    else:
        for one in others:
            session.execute(delete(shape.table).where(_is(table, one.thing[1])))
    if rows := [_typed(table, row) for one in others for row in one.before]:
        session.execute(insert(shape.table), rows)


def _is(table: str, key: str) -> Any:
    shape = SHAPES[table]
    parts = key.split(":") if len(shape.key) > 1 else [key]
    found = []
    for name, part in zip(shape.key, parts, strict=True):
        column = shape.table.columns[name]
        found.append(column == (int(part) if isinstance(column.type, Integer) else part))
    return and_(*found)


def _typed(table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    columns = SHAPES[table].table.columns
    return {name: value if value is None else _value(columns[name].type, value) for name, value in row.items()}


def _value(kind: Any, value: Any) -> Any:
    if isinstance(kind, ExactRatio):
        return Fraction(value)
    if isinstance(kind, UtcDateTime):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if isinstance(kind, Date) else value


def _text(rows: Rows) -> str:
    return json.dumps(rows, sort_keys=True, ensure_ascii=False)

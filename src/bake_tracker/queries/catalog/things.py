"""Catalogue entries as rows: their state, the changes made by operations, and what refers to them."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any, cast

from sqlalchemy import Column, Integer, Select, Table, func, literal, select, union_all
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session

from bake_tracker.domain.catalog_changes import Change, Rows, Thing, called
from bake_tracker.domain.stock.reversal import Link
from bake_tracker.models import Base, tables
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.operations.reversal import stands

_tables = Base.metadata.tables


@dataclass(frozen=True, slots=True)
class Shape:
    """Where an entry's rows are: the rows with the same ``key``, without the columns that other tables maintain."""

    table: Table
    key: tuple[str, ...]
    left_out: frozenset[str]
    is_one_row: bool

    @property
    def columns(self) -> list[Column[Any]]:
        return [column for column in self.table.columns if column.name not in self.left_out]


def _one(name: str, *key: str, without: Iterable[str] = ()) -> tuple[str, Shape]:
    return name, Shape(_tables[name], key or ("id",), frozenset(without), True)


def _many(name: str, key: str, without: Iterable[str] = ()) -> tuple[str, Shape]:
    return name, Shape(_tables[name], (key,), frozenset(without), False)


SHAPES: Mapping[str, Shape] = dict(
    (
        _one("bakery", without=("database_id", "created_at")),
        _one("item", without=("g_per_ml", "g_per_each", "lot_count")),  # measured, and counted by the lots
        _one("supplier"),
        _one("product"),
        _one("event"),
        _one("recipient"),
        _one("recipe"),
        _many("recipe_line", "recipe_id", without=("id",)),
        _one("recipe_yield", "recipe_id", "item_id"),
        _many("recipe_together", "recipe_id"),
        _one("recipe_rate", "recipe_id"),
        _one("recipe_batch", "recipe_id"),
        _many("good_component", "good_id"),
        _one("name_mapping", "name", without=("id",)),
        _many("item_allergen", "item_id"),
        _many("product_allergen", "product_id"),
        _one("product_terms", "product_id"),
        _one("item_label", "item_id"),
        _one("item_in_parts", "item_id"),
        _one("par_level", "item_id", "weekday"),
        _one("archived_item", "item_id"),
        _one("archived_supplier", "supplier_id"),
        _one("archived_event", "event_id"),
        _one("archived_recipient", "recipient_id"),
    )
)
"""Every kind of catalogue entry that operations change."""

_NAMED = {
    name: [(column.name, key.column.table.name) for column in shape.table.columns for key in column.foreign_keys]
    for name, shape in SHAPES.items()
}
_NAMED_BY: dict[str, list[Column[Any]]] = {
    target: [
        column
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if any(key.column.table.name == target for key in column.foreign_keys)
    ]
    for target in SHAPES
}


def load_things(session: Session, things: Collection[Thing]) -> dict[Thing, Rows]:
    """The current rows of these entries."""
    found: dict[Thing, Rows] = {thing: [] for thing in things}
    for name, keys in _by_table(things).items():
        shape = SHAPES[name]
        first = shape.table.columns[shape.key[0]]
        wanted = {key.partition(":")[0] if len(shape.key) > 1 else key for key in keys}
        rows = session.execute(
            select(*shape.columns)
            .where(among(session, first, wanted if not isinstance(first.type, Integer) else map(int, wanted)))
            .order_by(*shape.table.primary_key)
        ).mappings()
        for row in rows:
            plain = {column: _plain(value) for column, value in row.items()}
            thing = name, key_of(name, cast(Mapping[str, Any], row))
            if thing in found:
                found[thing].append(plain)
    for (name, _), many in found.items():
        if name == "recipe_line":
            many.sort(key=lambda line: line["position"])
    return found


def key_of(name: str, row: Mapping[str, Any]) -> str:
    """The key that a row shares with the other rows of its entry."""
    return ":".join(str(row[part]) for part in SHAPES[name].key)


def load_changes(session: Session, operation_ids: Collection[str]) -> list[Change]:
    """These operations' changes to the catalogue, in order."""
    rows = session.execute(
        select(tables.catalog_change)
        .where(among(session, tables.catalog_change.c.operation_id, operation_ids))
        .order_by(tables.catalog_change.c.id)
    )
    return [_change(row) for row in rows]


def load_catalog_links(session: Session, operation_ids: Collection[str]) -> list[Link]:
    """Later operations, not undone, that changed the same entries or refer to entries these operations created.

    The item that follows another in another unit counts as created.
    """
    own = load_changes(session, operation_ids)
    if not own:
        return []
    by_thing = defaultdict[Thing, list[Change]](list)
    for change in own:
        by_thing[change.thing].append(change)
    made = {change.thing: change.operation_id for change in own if change.made_it}
    made |= _load_followed(session, operation_ids)
    links = {
        (made[thing], later, code, None if code else thing)
        for thing, later, code in _load_users(session, made)
        if later != made[thing]
    }
    since = select(tables.catalog_change).where(
        tables.catalog_change.c.id > own[0].change_id, stands(tables.catalog_change.c.operation_id)
    )
    for row in session.execute(since.order_by(tables.catalog_change.c.id)):
        later = _change(row)
        for change in by_thing.get(later.thing, ()):
            if change.change_id < later.change_id and change.operation_id != later.operation_id:
                links.add((change.operation_id, later.operation_id, None, later.thing))
        for thing in later.names:
            if thing in made and made[thing] != later.operation_id:
                links.add((made[thing], later.operation_id, None, later.thing))
    names = load_called(session, {thing for *_, thing in links if thing})
    return [Link(earlier, late, code, names[thing] if thing else None) for earlier, late, code, thing in links]


def load_pinned(session: Session, changes: Iterable[Change]) -> set[Thing]:
    """The created entries that the history, or an entry outside these changes, refers to."""
    own = list(changes)
    mine = {change.thing for change in own}
    pinned = set[Thing]()
    for target, keys in _by_table({change.thing for change in own if change.made_it}).items():
        for column in _NAMED_BY[target]:
            table = column.table
            shown = [table.columns[part] for part in SHAPES[table.name].key] if table.name in SHAPES else []
            named = select(column.label("named_key"), *shown).where(among(session, column, map(int, keys))).distinct()
            for row in session.execute(named):
                if not shown or (table.name, ":".join(map(str, row[1:]))) not in mine:
                    pinned.add((target, str(row.named_key)))
    return pinned


def load_called(session: Session, things: Collection[Thing]) -> dict[Thing, str]:
    """These entries in words, by their current name."""
    owners = {thing: owner_of(thing) or thing for thing in things}
    names: dict[Thing, str] = {}
    for table, keys in _by_table(set(owners.values())).items():
        columns = SHAPES[table].table.columns
        if "slug" in columns or table == "product":
            name = columns["slug"] if "slug" in columns else columns["name"]
            found = session.execute(select(columns["id"], name).where(among(session, columns["id"], map(int, keys))))
            names |= {(table, str(row[0])): row[1] for row in found}
    return {thing: called(thing, names.get(owner, owner[1])) for thing, owner in owners.items()}


def load_last_removed(session: Session, table: str) -> int | None:
    """The highest id ever used in this table if it is above the existing ones; else None."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    if not is_sqlite:  # PostgreSQL's sequences never reuse an id
        return None
    last = (
        select(func.max(sql_cast(tables.catalog_change.c.key, Integer)))
        .where(tables.catalog_change.c.thing == table)
        .scalar_subquery()
    )
    there = select(func.coalesce(func.max(_tables[table].c.id), 0)).scalar_subquery()
    row = session.execute(select(last, there)).one()
    return row[0] if row[0] is not None and row[0] > row[1] else None


def owner_of(thing: Thing) -> Thing | None:
    """An entry's owner; for recipe lines, the recipe."""
    table, key = thing
    first = SHAPES[table].key[0]
    target = next((target for column, target in _NAMED[table] if column == first), None)
    return None if target is None else (target, key.partition(":")[0])


def _load_followed(session: Session, operation_ids: Collection[str]) -> dict[Thing, str]:
    change = tables.unit_change.c
    rows = session.execute(
        select(change.new_item_id, change.operation_id).where(
            among(session, change.operation_id, operation_ids), change.lot_id.is_(None)
        )
    )
    return {("item", str(row.new_item_id)): row.operation_id for row in rows}


def _load_users(session: Session, things: Collection[Thing]) -> list[tuple[Thing, str, str | None]]:
    """Ledger rows that refer to these entries: the operation and, if any, the lot."""
    wanted: list[Select[Any]] = []
    for target, keys in _by_table(things).items():
        for column in _NAMED_BY[target]:
            if "operation_id" in column.table.columns:
                owner = column.table.columns["operation_id"]
                code = (
                    tables.lot.c.code if column.table is tables.lot else sql_cast(literal(None), tables.lot.c.code.type)
                )
                wanted.append(
                    select(literal(target).label("target"), column.label("named_key"), owner, code.label("code")).where(
                        among(session, column, map(int, keys)), stands(owner)
                    )
                )
    rows = session.execute(union_all(*wanted)).all() if wanted else []
    return list({((row[0], str(row[1])), row[2], row[3]) for row in rows})


def _change(row: Any) -> Change:
    before, after = json.loads(row.before), json.loads(row.after)
    names = frozenset(
        (target, str(one[column])) for column, target in _NAMED[row.thing] for one in after if one[column] is not None
    )
    thing = row.thing, row.key
    return Change(row.id, row.operation_id, thing, before, after, owner_of(thing), names)


def _by_table(things: Iterable[Thing]) -> dict[str, set[str]]:
    found = defaultdict[str, set[str]](set)
    for table, key in things:
        found[table].add(key)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value

"""Keep an item in another unit: its open lots, recipes, packages and components follow, and history stays as it is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypedDict, cast
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.catalog_changes import Thing
from bake_tracker.domain.errors import ConflictError, ValidationError
from bake_tracker.domain.recipes.quantities import Item, weighed
from bake_tracker.domain.stock.unit_change import KEPT_IN_OTHERS, converted, factor_of, spare_slug
from bake_tracker.domain.units import BASE_UNITS, COLUMN_OF_MEASURE, MICRO, format_micros
from bake_tracker.models import Base, tables
from bake_tracker.queries.bakery import lock_bakery
from bake_tracker.queries.catalog.archived import load_is_archived
from bake_tracker.queries.catalog.definitions import load_item, load_slugs
from bake_tracker.queries.catalog.parts import load_allows_parts
from bake_tracker.queries.catalog.things import load_things
from bake_tracker.queries.catalog.unit_changes import (
    COPIED,
    REFERRING,
    Part,
    load_current,
    load_measures_in_use,
    load_open_rows,
    load_parts,
    load_referring,
)
from bake_tracker.queries.catalog.weights import load_last_lot
from bake_tracker.services.catalog.changes import note_changes
from bake_tracker.services.catalog.things import add_row
from bake_tracker.services.operation import Kind, Operation, checking, recording
from bake_tracker.services.stock.ledger import carry_over, lock_items

CHECK = Kind("check_unit_change", "catalog_service", "Checked another unit")
RECORD = Kind(
    "record_unit_change",
    "catalog_service",
    "Changed the unit of an item",
    success_fields=("item_id", "new_item_id", "slug", "from_unit", "to_unit", "lot_count"),
)


class LotInUnit(TypedDict):
    """What a lot holds in the earlier unit and in the new one; ``difference`` is how much it is rounded up, exactly.

    A check has no ``new_lot_id`` yet.
    """

    lot_id: int
    lot_code: str
    quantity: str
    new_quantity: str
    difference: str
    new_lot_id: int | None


class PartInUnit(TypedDict):
    """How much is in one finished good, in the earlier unit and in the new one."""

    finished_good_id: int
    finished_good_slug: str
    quantity: str
    new_quantity: str
    difference: str


class _Found(TypedDict):
    item_id: int
    slug: str
    from_unit: str
    to_unit: str
    factor: str
    lot_count: int
    lots: list[LotInUnit]
    components: list[PartInUnit]
    recipe_count: int
    package_count: int


class UnitChangeCheck(_Found):
    """What another unit would change; ``factor`` is how much of the new unit is in one of the old."""


class UnitChangeResult(_Found):
    """An item in another unit: ``new_item_id`` has its slug now; ``item_id``, as ``old_slug``, keeps the history."""

    operation_id: str
    new_item_id: int
    old_slug: str


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a change affects. ``target`` is the item that already followed; then only lots are left to carry over."""

    item: Item
    base_unit: str
    target: Item | None
    factor: Fraction
    lots: list[dict[str, Any]]
    parts: list[Part]
    things: list[Thing]

    def factor_of_lot(self, row: Mapping[str, Any]) -> Fraction:
        """How much of the new unit is in one of the old in this lot, by what it weighs."""
        return factor_of(weighed(self.item, row["g_per_ml"], row["g_per_each"]), self.base_unit)


def check_unit_change(item_id: int, base_unit: str, *, session: Session) -> UnitChangeCheck:
    """Preview what would change if an item were kept in another unit; locks and writes nothing.

    Raises:
        ValidationError, ItemNotFoundError, UnitConversionError, ConflictError: for the same reasons as
            ``record_unit_change``.
    """
    with checking(CHECK, session, locals()) as operation:
        key, unit = _read(item_id, base_unit)
        plan = _plan(session, key, unit)
        found = _found(plan, unit)
        operation.tell_check({"item_id": key, "base_unit": unit, "lot_count": found["lot_count"]})
    return found


def record_unit_change(
    item_id: int, base_unit: str, *, session: Session, operation_id: UUID | str | None = None
) -> UnitChangeResult:
    """Keep an ingredient or material in another base unit, which a measure connects with the present one.

    Another item takes its name and slug, and with them its recipe lines, components, packages, other names, allergens,
    label, measures and open lots; a lot keeps code, cost, dates, hold and place, and its quantity is rounded up once.
    The earlier item is archived and keeps the history in its unit. If an undo gives something back to it, the same
    call for the earlier item carries that over too.

    Raises:
        ValidationError: an argument is not allowed, or the item cannot be kept in this unit.
        ItemNotFoundError: there is no such item.
        UnitConversionError: no measure connects the units; says which one is missing.
        ConflictError: nothing is left to carry over, or ``operation_id`` was used for something else.
    """
    with recording(RECORD, session, locals()) as operation:
        key, unit = _read(item_id, base_unit)
        if done := operation.claim({"item_id": key, "base_unit": unit}):
            return cast(UnitChangeResult, done)
        lock_bakery(session)
        # A weaker lock would let in new references to the item.
        session.execute(select(tables.item.c.id).where(tables.item.c.id == key).with_for_update())
        plan = _plan(session, key, unit)
        found = _found(plan, unit)
        if plan.target is None:
            new_id, old_slug = _follow(operation, plan, unit)
        else:
            new_id, old_slug = plan.target.item_id, plan.item.slug
            lock_items(operation, [new_id])
            found["slug"] = plan.target.slug
        policy = select(tables.item.c.pick_policy).where(tables.item.c.id == new_id)
        pick_policy = session.execute(policy).scalar_one()
        ids = {"new_item_id": new_id, "old_slug": old_slug}
        for row, lot in zip(plan.lots, found["lots"], strict=True):
            lot["new_lot_id"] = _carry(session, row, lot, {**found, **ids}, pick_policy, plan.factor_of_lot(row))
        if plan.target is None:
            _measure_again(operation, key, new_id)
            _note(operation, key, new_id, plan.factor)
        return operation.succeed(cast(UnitChangeResult, {"operation_id": operation.id, **found, **ids}))


def _read(item_id: int, base_unit: str) -> tuple[int, str]:
    given = Arguments()
    key, unit = given.key("item_id", item_id), given.choice("base_unit", base_unit, BASE_UNITS)
    given.done()
    return key, unit


def _plan(session: Session, item_id: int, base_unit: str) -> _Plan:
    item = load_item(session, item_id)
    lots = load_open_rows(session, item_id)
    followed = load_current(session).get(item_id)
    if followed is not None:
        target = load_item(session, followed.item_id)
        if target.base_unit != base_unit:
            raise ValidationError.of(
                "base_unit", f"must be {target.base_unit}: {item.slug} is kept as {target.slug} now; change that item"
            )
        if not lots:
            raise ConflictError(f"{item.slug} is kept as {target.slug} now; nothing is left to move", item_id=item_id)
        item = replace(item, g_per_ml=target.g_per_ml, g_per_each=target.g_per_each)
        return _Plan(item, base_unit, target, factor_of(item, base_unit), lots, [], [])
    if item.kind not in KEPT_IN_OTHERS:
        raise ValidationError.of("item_id", f"{item.slug} is made here; only ingredients and materials can be changed")
    if item.base_unit == base_unit:
        raise ValidationError.of("base_unit", f"is {base_unit} already")
    if load_is_archived(session, "item", item_id):
        raise ValidationError.of("item_id", f"{item.slug} is archived; offer it again first")
    factor = factor_of(item, base_unit)
    return _Plan(item, base_unit, None, factor, lots, load_parts(session, item_id), load_referring(session, item_id))


def _found(plan: _Plan, base_unit: str) -> _Found:
    """What the plan changes, with every quantity before and after.

    Raises:
        ValidationError: a quantity would be more than the ledger can count.
    """
    lots: list[LotInUnit] = []
    for row in plan.lots:
        amounts = _in_unit(row["remaining_micros"], plan.factor_of_lot(row))
        lots.append({"lot_id": row["id"], "lot_code": row["code"], **amounts, "new_lot_id": None})
    parts: list[PartInUnit] = [
        {
            "finished_good_id": part.good_id,
            "finished_good_slug": part.good_slug,
            **_in_unit(part.micros, plan.factor),
        }
        for part in plan.parts
    ]
    return {
        "item_id": plan.item.item_id,
        "slug": plan.item.slug,
        "from_unit": plan.item.base_unit,
        "to_unit": base_unit,
        "factor": str(plan.factor),
        "lot_count": len(lots),
        "lots": lots,
        "components": parts,
        "recipe_count": sum(table == "recipe_line" for table, _ in plan.things),
        "package_count": sum(table == "product" for table, _ in plan.things),
    }


class _InUnit(TypedDict):
    quantity: str
    new_quantity: str
    difference: str


def _in_unit(micros: int, factor: Fraction) -> _InUnit:
    new = converted(micros, factor)
    return {
        "quantity": format_micros(micros),
        "new_quantity": format_micros(new.micros),
        "difference": new.difference_text,
    }


def _follow(operation: Operation, plan: _Plan, base_unit: str) -> tuple[int, str]:
    """Add the item in the new unit, exchange the slugs, and let everything that refers to the item follow.

    The new item begins archived under the spare slug, so that undo leaves it like that: history may refer to it.
    """
    session, old, item = operation.session, plan.item, tables.item
    row = dict(session.execute(select(item).where(item.c.id == old.item_id)).mappings().one())
    slugs = load_slugs(session, "item")
    old_slug, new_slug = (spare_slug(old.slug, unit, slugs) for unit in (old.base_unit, base_unit))
    del row["id"]
    new_id = add_row(operation, item, {**row, "slug": new_slug, "base_unit": base_unit})
    archive = insert(tables.archived_item)
    session.execute(archive.values(item_id=new_id, archived_at=operation.now))

    # Undo goes from the last to the first, so that the slug is free when the earlier item takes it back.
    both = (old.item_id, new_id)
    things = [(name, str(key)) for name in ("item", "archived_item") for key in both]
    before = load_things(session, [*things, *((name, str(new_id)) for name in COPIED), *plan.things])
    session.execute(update(item).where(item.c.id == old.item_id).values(slug=old_slug))
    session.execute(update(item).where(item.c.id == new_id).values(slug=old.slug))
    session.execute(archive.values(item_id=old.item_id, archived_at=operation.now))
    session.execute(delete(tables.archived_item).where(tables.archived_item.c.item_id == new_id))
    for part in plan.parts:
        session.execute(
            update(tables.good_component)
            .where(tables.good_component.c.good_id == part.good_id)
            .where(tables.good_component.c.component_id == old.item_id)
            .values(quantity_micros=converted(part.micros, plan.factor).micros)
        )
    for name, column in REFERRING.items():
        table = Base.metadata.tables[name]
        session.execute(update(table).where(table.c[column] == old.item_id).values({column: new_id}))
    for name, column in COPIED.items():
        table = Base.metadata.tables[name]
        said = session.execute(select(table).where(table.c[column] == old.item_id)).mappings().all()
        if said:
            session.execute(insert(table), [{**one, column: new_id} for one in said])
    if base_unit == "each" and not load_allows_parts(session, new_id) and _is_in_parts(plan):
        session.execute(insert(tables.item_in_parts).values(item_id=new_id, allowed_at=operation.now))
    note_changes(operation, before)
    return new_id, old_slug


def _is_in_parts(plan: _Plan) -> bool:
    """Whether a lot would not be a whole number of pieces, so that people could not count and sell all of it."""
    return any(converted(row["remaining_micros"], plan.factor_of_lot(row)).micros % MICRO for row in plan.lots)


_OF_MEASURE = ("kind", "value", "source", "measured_on")


def _measure_again(operation: Operation, item_id: int, new_item_id: int) -> None:
    """State the item's measures in use for all the lots that were carried over."""
    last = load_last_lot(operation.session, new_item_id)
    measures = [
        {
            **{name: one[name] for name in _OF_MEASURE},
            "operation_id": operation.id,
            "item_id": new_item_id,
            "last_lot_id": last,
        }
        for one in load_measures_in_use(operation.session, item_id)
    ]
    if measures:
        operation.session.execute(insert(tables.item_measure), measures)


def _weigh_again(operation: Operation, row: Mapping[str, Any], new_item_id: int, new_lot_id: int) -> None:
    """State what a lot weighs as its own, if it differs from the item's others."""
    measures = [
        {
            "operation_id": operation.id,
            "item_id": new_item_id,
            "kind": kind,
            "value": row[column],
            "source": f"as lot {row['code']}",
            "measured_on": operation.house.local_day(operation.now),
            "lot_id": new_lot_id,
        }
        for kind, column in COLUMN_OF_MEASURE.items()
        if row[column] is not None
    ]
    if measures:
        operation.session.execute(insert(tables.item_measure), measures)


def _carry(
    session: Session,
    row: Mapping[str, Any],
    lot: LotInUnit,
    found: Mapping[str, Any],
    pick_policy: str,
    factor: Fraction,
) -> int:
    """Carry one lot over, in an operation of its own, so that the new lot is made of this lot alone."""
    asked = {"item_id": found["item_id"], "base_unit": found["to_unit"], "lot_id": lot["lot_id"]}
    with recording(RECORD, session, {**asked, "operation_id": None}) as operation:
        operation.claim(asked)
        micros = converted(row["remaining_micros"], factor).micros
        new = carry_over(operation, row, found["new_item_id"], pick_policy, micros)
        _weigh_again(operation, row, found["new_item_id"], new.lot_id)
        _note(operation, found["item_id"], found["new_item_id"], factor, lot["lot_id"], new.lot_id)
        only = {"lot_count": 1, "lots": [{**lot, "new_lot_id": new.lot_id}], "components": []}
        result = {"operation_id": operation.id, **found, **only, "recipe_count": 0, "package_count": 0}
        operation.succeed(cast(UnitChangeResult, result))
    return new.lot_id


def _note(
    operation: Operation,
    item_id: int,
    new_item_id: int,
    factor: Fraction,
    lot_id: int | None = None,
    new_lot_id: int | None = None,
) -> None:
    row = {"operation_id": operation.id, "item_id": item_id, "new_item_id": new_item_id, "factor": factor}
    row |= {"lot_id": lot_id, "new_lot_id": new_lot_id, "happened_at": operation.at}
    operation.session.execute(insert(tables.unit_change), row)

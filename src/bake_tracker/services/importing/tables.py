"""Import an export: add what is new and leave the rest as it is."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bake_tracker.clock import uuid7
from bake_tracker.config import load_settings
from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.errors import ConflictError, ImportRefusedError
from bake_tracker.domain.importing.facts import Facts
from bake_tracker.domain.importing.fingerprints import fingerprint
from bake_tracker.domain.importing.plan import BakeryPlan, ItemPlan, LotPlan, OnFile, OrderPlan, RecipePlan
from bake_tracker.domain.importing.reading import (
    Export,
    ImportPlan,
    after_reversal,
    check_document,
    plan_import,
    skip_recorded,
)
from bake_tracker.domain.importing.report import ImportReport
from bake_tracker.domain.importing.sections import Sections
from bake_tracker.domain.importing.telling import report_of
from bake_tracker.models import (
    tables,
)
from bake_tracker.queries.bakery import lock_bakery
from bake_tracker.queries.catalog.definitions import load_slugs
from bake_tracker.queries.catalog.things import key_of, load_last_removed
from bake_tracker.queries.importing.facts import load_facts
from bake_tracker.queries.importing.on_file import (
    load_imported_lots,
    load_item_ids,
    load_lots_by_code,
    load_on_file,
    load_product_ids,
    load_recorded,
)
from bake_tracker.queries.orders.standing import load_references, lock_customers
from bake_tracker.services.catalog.changes import note_made
from bake_tracker.services.catalog.names import record_name
from bake_tracker.services.catalog.recipes import record_recipe_yield
from bake_tracker.services.catalog.things import record_bakery
from bake_tracker.services.importing.carried_lots import finish_carried, finish_used_up
from bake_tracker.services.importing.facts import write_facts
from bake_tracker.services.operation import Kind, Operation, checking, recording
from bake_tracker.services.orders.order import record_order
from bake_tracker.services.stock.ledger import lock_items
from bake_tracker.services.stock.receipt import record_receipt

CHECK = Kind("check_import", "import_service", "Checked an import")
RECORD = Kind(
    "record_import",
    "import_service",
    "Imported data",
    success_fields=("source", "added_count", "skipped_count", "refused_count"),
)

_MAX_TOLD = 50

Ids = dict[str, int]


def check_import(
    document: Mapping[str, Any],
    *,
    session: Session,
    source: str = "export.json",
    names: Mapping[str, str] | None = None,
) -> ImportReport:
    """Preview what an import would add, skip and refuse; writes nothing.

    Raises:
        ValidationError: the document is neither tables nor an export of the older bake-tracker, or ``names`` has an
            unknown item.
    """
    with checking(CHECK, session, {"source": source}) as operation:
        sections, told = _checked(document, source, names)
        report = report_of(_plan(session, sections, told), source, text=sections.text)
        operation.tell_check(
            {name: report[name] for name in RECORD.success_fields},  # type: ignore[literal-required]  # its own fields
            refused_places=[refusal["place"] for refusal in report["refused"][:_MAX_TOLD]],
        )
    return report


def foresee_import(
    document: Mapping[str, Any],
    *,
    source: str = "export.json",
    names: Mapping[str, str] | None = None,
) -> ImportReport:
    """Preview an import into a bakery that does not exist yet; nothing is logged, because there is no log either.

    Raises:
        ValidationError: as for ``check_import``.
    """
    (sections, told), settings = _checked(document, source, names), load_settings()
    bakery = BakeryPlan("Bakery", settings.currency, settings.time_zone)
    nothing = OnFile(str(uuid7()), bakery, True, {}, {}, {}, {}, {}, {}, {}, {})
    return report_of(plan_import(sections, nothing, Facts({}, {}, {}, {}, {}, {}), told), source, text=sections.text)


def record_import(
    document: Mapping[str, Any],
    *,
    session: Session,
    source: str = "export.json",
    skip_bad: bool = False,
    names: Mapping[str, str] | None = None,
    operation_id: UUID | str | None = None,
) -> ImportReport:
    """Add what is in the file and not in the bakery, in the caller's transaction; each lot has its own receipt.

    A lot's receipt has an id made from the row and its number among identical rows. So a second import finds it, two
    identical bags are two lots, and a receipt that was undone is imported again. A row without a date is received on
    the day of the import. ``names`` maps names in the file to item slugs, and is remembered.

    Raises:
        ValidationError: the document is neither tables nor an export of the older bake-tracker, or ``names`` has an
            unknown item.
        ImportRefusedError: some rows are refused, and ``skip_bad`` is off; its report lists all of them.
        ConflictError: ``operation_id`` was used for something else, or another transaction has added the same row.
    """
    asked = {"source": source, "skip_bad": skip_bad, "operation_id": operation_id}
    with recording(RECORD, session, asked) as operation:
        sections, told = _checked(document, source, names, skip_bad)
        text = sections.text
        sha256 = sections.sha256 if isinstance(sections, Export) else fingerprint(sections)
        claimed = {"source": source, "skip_bad": skip_bad, "document_sha256": sha256}
        if done := operation.claim(claimed | ({"names": told} if told else {})):
            return cast(ImportReport, done)

        lock_bakery(session)  # two imports at once would both add the same rows
        plan = _plan(session, sections, told)
        if plan.refused_count and not skip_bad:
            raise ImportRefusedError(report_of(plan, source, text=text), plan.refused_count)
        _write(operation, plan, source)
        return operation.succeed(report_of(plan, source, operation.id, text=text))


def _checked(
    document: Mapping[str, Any], source: str, names: object, skip_bad: object = False
) -> tuple[Sections | Export, dict[str, str]]:
    """The document and the meanings of names, if every argument can be used."""
    given = Arguments()
    given.name("source", source, limit=300)
    if not isinstance(skip_bad, bool):
        given.refuse("skip_bad", "must be true or false")
    told = _names(given, names)
    given.done()
    return check_document(document), told


def _names(given: Arguments, names: object) -> dict[str, str]:
    """The caller's meanings of names in the file."""
    if names is None:
        return {}
    if not isinstance(names, Mapping):
        given.refuse("names", "must map names to item slugs")
        return {}
    return {given.name("names", name, limit=300): given.name("names", slug) for name, slug in names.items()}


def _plan(session: Session, document: Mapping[str, Any], told: Mapping[str, str]) -> ImportPlan:
    known = load_on_file(session)
    if document.get("orders"):
        known = replace(known, orders=load_references(session))
    plan = plan_import(document, known, load_facts(session), told)
    lots_here = load_lots_by_code(session, {lot.lot_code for _, lot in plan.lots if lot.is_carried and lot.lot_code})
    imported = load_imported_lots(session) if plan.lots else Counter()
    while True:
        recorded = load_recorded(session, plan.lot_operation_ids)
        plan = skip_recorded(plan, {key for key, was_undone in recorded.items() if not was_undone}, lots_here, imported)
        undone = {key for key, was_undone in recorded.items() if was_undone} & set(plan.lot_operation_ids)
        if not undone:
            return plan
        plan = after_reversal(plan, undone)


def _write(operation: Operation, plan: ImportPlan, source: str) -> None:
    session = operation.session
    if plan.bakery:
        record_bakery(session=session, **asdict(plan.bakery))
    _insert_new(operation, tables.supplier, list(map(asdict, plan.suppliers)))
    _insert_new(operation, tables.event, list(map(asdict, plan.events)))
    _insert_new(operation, tables.recipient, list(map(asdict, plan.recipients)))
    items = _add_items(operation, plan.items)
    _add_products(operation, plan, items)
    _add_recipes(operation, plan.recipes, items)
    # All at once and in id order, because measures and receipts come in the order of the file.
    lock_items(operation, {items[slug] for slug in (*plan.facts.item_slugs, *(lot.item_slug for _, lot in plan.lots))})
    products = load_product_ids(session)
    recipes = load_slugs(session, "recipe")
    write_facts(operation, plan.facts, items, products, recipes)
    for slug, makes in plan.makes:
        for made in makes:
            quantity = Decimal(made.quantity_micros).scaleb(-6)
            record_recipe_yield(recipes[slug], items[made.slug], quantity, session=session)
    _add_parts(operation, plan, items)
    for name in plan.names:
        record_name(name.name, items[name.item_slug], session=session)
    suppliers = load_slugs(session, "supplier")
    received = {lot.operation_id: _receive(session, lot, items, products, suppliers) for _, lot in plan.lots}
    finish_carried(operation, plan, received, source)
    finish_used_up(operation, plan, received, source)
    _take_orders(session, plan.orders, items)


def _add_items(operation: Operation, plans: Sequence[ItemPlan]) -> Ids:
    """Add the items, parents before children; return the ids of all items."""
    ids, pending = load_item_ids(operation.session), list(plans)
    while pending:
        ready = [item for item in pending if item.parent_slug is None or item.parent_slug in ids]
        assert ready, "the plan has an unknown parent"
        pending = [item for item in pending if not (item.parent_slug is None or item.parent_slug in ids)]
        ids |= _insert_new(operation, tables.item, [_item_row(item, ids) for item in ready])
    return ids


def _item_row(item: ItemPlan, ids: Mapping[str, int]) -> dict[str, Any]:
    row = {**asdict(item), "parent_id": ids[item.parent_slug] if item.parent_slug else None, "lot_count": 0}
    del row["parent_slug"]
    return row


def _add_products(operation: Operation, plan: ImportPlan, items: Mapping[str, int]) -> None:
    suppliers = load_slugs(operation.session, "supplier")
    rows = []
    for product in plan.products:
        row = asdict(product)
        supplier = row.pop("supplier_slug")
        row.update(item_id=items[row.pop("item_slug")], supplier_id=suppliers[supplier] if supplier else None)
        rows.append(row)
    _insert_new(operation, tables.product, rows, key="identity")


def _add_recipes(operation: Operation, recipes: Sequence[RecipePlan], items: Mapping[str, int]) -> None:
    rows = [
        {"slug": r.slug, "name": r.name, "category": r.category, "source": r.source, "notes": r.notes} for r in recipes
    ]
    ids = load_slugs(operation.session, "recipe") | _insert_new(operation, tables.recipe, rows)
    lines = [
        {
            "recipe_id": ids[recipe.slug],
            "position": position,
            "item_id": items[line.item_slug] if line.item_slug else None,
            "sub_recipe_id": ids[line.sub_recipe_slug] if line.sub_recipe_slug else None,
            "quantity": line.quantity,
            "unit": line.unit,
        }
        for recipe in recipes
        for position, line in enumerate(recipe.lines)
    ]
    _insert(operation, tables.recipe_line, lines)
    yields = [
        {"recipe_id": ids[recipe.slug], "item_id": items[made.slug], "quantity_micros": made.quantity_micros}
        for recipe in recipes
        for made in recipe.makes
    ]
    _insert(operation, tables.recipe_yield, yields)
    together = [
        {"recipe_id": ids[recipe.slug], "item_id": items[made.slug], "share": made.share}
        for recipe in recipes
        if recipe.together
        for made in recipe.makes
    ]
    _insert(operation, tables.recipe_together, together)


def _add_parts(operation: Operation, plan: ImportPlan, items: Mapping[str, int]) -> None:
    rows = [
        {"good_id": items[good.slug], "component_id": items[part], "quantity_micros": micros}
        for good in plan.goods
        for part, micros in good.parts
    ]
    _insert(operation, tables.good_component, rows)


def _receive(
    session: Session, lot: LotPlan, items: Ids, products: Mapping[str, int], suppliers: Mapping[str, int]
) -> int:
    result = record_receipt(
        items[lot.item_slug],
        lot.quantity,
        lot.unit,
        session=session,
        total_cost=lot.total_cost,
        lot_code=lot.lot_code,
        received_on=lot.received_on,
        expires_on=lot.expires_on,
        supplier_id=suppliers[lot.supplier_slug] if lot.supplier_slug else None,
        product_id=products[lot.product_identity] if lot.product_identity else None,
        location=lot.location,
        note=lot.note,
        is_carried=lot.is_carried,
        operation_id=lot.operation_id,
    )
    return result["lot_id"]


def _take_orders(session: Session, orders: Sequence[OrderPlan], items: Ids) -> None:
    customers, events = load_slugs(session, "recipient"), load_slugs(session, "event")
    lock_customers(session, {customers[order.recipient_slug] for order in orders})
    for order in orders:
        asked = asdict(order)
        customer, event = asked.pop("recipient_slug"), asked.pop("event_slug")
        asked["lines"] = [{"item_id": items[line.pop("item_slug")], **line} for line in asked["lines"]]
        record_order(
            session=session, recipient_id=customers[customer], event_id=events[event] if event else None, **asked
        )


def _insert(operation: Operation, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        operation.session.execute(insert(table), rows)
        note_made(operation, *((table.name, key_of(table.name, row)) for row in rows))


def _insert_new(operation: Operation, table: Table, rows: Sequence[Mapping[str, Any]], key: str = "slug") -> Ids:
    """Insert rows that the bakery lacks; return their ids.

    Raises:
        ConflictError: another transaction has added one in the meantime.
    """
    if not rows:
        return {}
    session = operation.session
    if removed := load_last_removed(session, table.name):  # others may still know the removed row's id
        rows = [{**row, "id": number} for number, row in enumerate(rows, removed + 1)]
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    new = dialect.insert(table).on_conflict_do_nothing().returning(table.c[key], table.c.id)
    ids = {added[0]: added[1] for added in session.execute(new, rows)}
    if taken := [row["name"] for row in rows if row[key] not in ids]:
        raise ConflictError(
            f"file: {table.name} {taken[0]!r} was added by someone else during the import; run it again"
        )
    note_made(operation, *((table.name, str(key)) for key in ids.values()))
    return ids

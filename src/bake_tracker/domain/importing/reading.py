"""Plan an import: what the file would add, what it would skip or refuse, and why."""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from json import JSONDecodeError
from typing import Any
from uuid import UUID, uuid5

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.exact_json import read_json
from bake_tracker.domain.importing.bakery import plan_bakery, plan_goods, plan_names
from bake_tracker.domain.importing.catalog import plan_ingredients, plan_materials, plan_suppliers, settle_parents
from bake_tracker.domain.importing.facts import Facts, plan_facts
from bake_tracker.domain.importing.fingerprints import fingerprint, fingerprint_of_export
from bake_tracker.domain.importing.history import PAST
from bake_tracker.domain.importing.lots import Lots
from bake_tracker.domain.importing.orders import plan_orders
from bake_tracker.domain.importing.other_programs import APPLICATION, from_other_program
from bake_tracker.domain.importing.plan import (
    BakeryPlan,
    EventPlan,
    GoodPlan,
    ItemPlan,
    LotKey,
    LotPlan,
    NamePlan,
    OnFile,
    OrderPlan,
    ProductPlan,
    RecipePlan,
    RecipientPlan,
    SupplierPlan,
    YieldPlan,
)
from bake_tracker.domain.importing.products import Products, plan_material_products, plan_products
from bake_tracker.domain.importing.purchases import plan_past, plan_purchases
from bake_tracker.domain.importing.recipes import plan_recipes
from bake_tracker.domain.importing.report import NotKept, not_kept
from bake_tracker.domain.importing.rows import Findings, Row, plain
from bake_tracker.domain.importing.sections import Sections, sections_of, tables_of_json
from bake_tracker.domain.importing.shelf import Shelf, plan_declared
from bake_tracker.domain.importing.tables import FORMAT
from bake_tracker.domain.importing.variants import as_export
from bake_tracker.domain.name_matching import name_key
from bake_tracker.domain.written import Reading

_VERSION = re.compile(r"[34](\.[0-9]{1,3})?")


class JsonDocument(dict[str, Any]):
    """An export with the text it was read from, so that problems can show line and column."""

    def __init__(self, document: Mapping[str, Any], *, text: str | None) -> None:
        super().__init__(document)
        self.text = text


class Export(JsonDocument):
    """An export of the older program in the form that the planners read, with its document's fingerprint."""

    def __init__(self, document: Mapping[str, Any], *, text: str | None, sha256: str) -> None:
        super().__init__(document, text=text)
        self.sha256 = sha256


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What to add, in a workable order, and the findings in all other rows."""

    items: tuple[ItemPlan, ...]
    suppliers: tuple[SupplierPlan, ...]
    products: tuple[ProductPlan, ...]
    lots: tuple[tuple[Row, LotPlan], ...]
    recipes: tuple[RecipePlan, ...]
    events: tuple[EventPlan, ...]
    recipients: tuple[RecipientPlan, ...]
    orders: tuple[OrderPlan, ...]
    makes: tuple[tuple[str, tuple[YieldPlan, ...]], ...]
    """Yields for recipes of the bakery that have none, by the recipe's slug."""
    goods: tuple[GoodPlan, ...]
    names: tuple[NamePlan, ...]
    bakery: BakeryPlan | None
    facts: Facts
    added: Counter[str]
    findings: Findings
    not_kept: list[NotKept]

    @property
    def lot_operation_ids(self) -> list[str]:
        return [lot.operation_id for _, lot in self.lots]

    @property
    def refused_count(self) -> int:
        return self.findings.counts()[1].total()


def parse_export(text: str) -> dict[str, Any]:
    """Parse an export into a dict with exact numbers.

    Raises:
        ValidationError: the text is not JSON, or not an export of the older bake-tracker.
    """
    document = _parsed(text, "")
    checked = check_document(document)
    if isinstance(checked, Sections):
        return Sections(checked, text=text)
    return JsonDocument(document, text=text) if isinstance(document, dict) else checked


def join_export(texts: Mapping[str, str]) -> dict[str, Any]:
    """The older program's export of one file for each table, by its name, checked against its ``manifest``.

    Raises:
        ValidationError: a text is not JSON, the manifest or a table is missing, or a table's length differs from the
            manifest.
    """
    files = {name: _parsed(text, f"{name}.json ") for name, text in texts.items()}
    manifest = files.pop("manifest", None)
    listed = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(listed, list):
        return check_document(_of_other_program(files))
    sections: dict[str, Any] = {}
    for entry in listed:
        said = entry if isinstance(entry, dict) else {}
        name, count = str(plain(said.get("entity_type"))), said.get("record_count")
        records = files[name].get("records") if isinstance(files.get(name), dict) else None
        if not isinstance(records, list) or len(records) != count:
            found = len(records) if isinstance(records, list) else "no"
            raise _bad_file(f"should hold {count} {name}, as its manifest says, but has {found}; export it again")
        sections[name] = records
    document = {"application": APPLICATION, "version": "4.1", **sections}
    check_document(document)
    return document


def _of_other_program(files: Mapping[str, Any]) -> Any:
    """The JSON files of another program as one document: a backup, tables by name, or recipes one by one."""
    if "database" in files:
        return files["database"]
    if {"products", "quantity_units"} <= files.keys():
        return files
    recipes = [row for row in files.values() if from_other_program(row) is not None]
    if not recipes:
        raise _bad_file("holds JSON files without a manifest.json; export everything, or import one file at a time")
    return recipes


def _parsed(text: str, name: str) -> Any:
    try:
        return read_json(text.removeprefix("\ufeff"))
    except JSONDecodeError as error:
        raise _bad_file(f"{name}is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
        reason = "a number in it has too many digits" if reason.startswith("Exceeds the limit") else reason
        raise _bad_file(f"{name}cannot be read: {reason}") from None


_KINDS = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}


def check_document(document: object) -> Sections | Export:
    """The document, if it is an export that can be imported.

    Raises:
        ValidationError: it is not; the message says what is allowed.
    """
    if (taken := from_other_program(document)) is not None:
        sha256 = fingerprint({"document": document})
        return Export(as_export(taken), text=None, sha256=sha256)
    if not isinstance(document, dict):
        raise _bad_file(f"must contain one JSON object in braces, not {_KINDS.get(type(document), 'a number')}")
    if isinstance(document, Sections | Export):
        return document
    if document.get("format") == FORMAT:
        return sections_of(tables_of_json(document), Reading(), is_export=True)
    export = as_export(document)
    if export.get("application") != APPLICATION:
        shown = plain(export.get("application"))
        raise _bad_file(f'must say "application": "{APPLICATION}", not {shown!r}; export it from that program')
    if not _VERSION.fullmatch(str(plain(export.get("version")))):
        shown = plain(export.get("version"))
        raise _bad_file(f'must say "version": "3.x" or "4.x", such as "4.2", not {shown!r}; export it again')
    text = document.text if isinstance(document, JsonDocument) else None
    return Export(export, text=text, sha256=fingerprint_of_export(document))


def plan_import(
    document: Mapping[str, Any], known: OnFile, said: Facts, told: Mapping[str, str] | None = None
) -> ImportPlan:
    """Decide about every row, except whether a lot is already recorded (see ``skip_recorded``).

    ``said`` holds the facts that the bakery has; ``told`` maps names in the file to slugs of items, in addition to
    the remembered names.

    Raises:
        ValidationError: a name in ``told`` is mapped to an unknown item.
    """
    findings = Findings(known.bakery)
    told = {name_key(name): slug for name, slug in (told or {}).items()}
    items = Shelf("an ingredient", known.items, findings, {**known.names, **told})
    suppliers = Shelf("a supplier", known.suppliers, findings)
    recipes = Shelf("a recipe", known.recipes, findings)
    events = Shelf("an event", known.events, findings, {})
    recipients = Shelf("a customer", known.recipients, findings, {})
    products = Products(known.products, findings)

    names = Shelf("a name", {key: NamePlan(key, key, slug) for key, slug in known.names.items()}, findings)

    bakery = plan_bakery(document, known, findings)
    numbers = plan_suppliers(document, suppliers)
    plan_declared(document, "items", ItemPlan, items)
    added = Counter(suppliers=len(suppliers.new), bakery=bakery is not None)
    plan_ingredients(document, items)
    material_slugs = plan_materials(document, items)
    settle_parents(items)
    if lost := [f"{name}={slug}" for name, slug in told.items() if items.get(slug) is None]:
        raise ValidationError.of(
            "names", f"{lost[0]!r} names an item that is neither in the file nor in the bakery; correct the slug"
        )
    plan_products(document, items, suppliers, numbers, products)
    added["products"] = len(products.new)
    plan_material_products(document, items, material_slugs, suppliers, products)
    added["material_products"] = len(products.new) - added["products"]
    lots = Lots(known.database_id, items, suppliers, numbers, products, findings, [], Counter())
    lots.plan_inventory(document)
    plan_purchases(document, lots)
    plan_past(document, lots)
    plan_recipes(document, recipes, items)
    lots.plan_tables(document)
    goods = plan_goods(document, known.goods, items, findings)
    plan_names(document, names, items)
    facts = plan_facts(document, said, items, products, recipes)
    plan_declared(document, "events", EventPlan, events)
    plan_declared(document, "recipients", RecipientPlan, recipients)
    of_tables = document if isinstance(document, Sections) else {}
    orders = plan_orders(of_tables, known.orders, items, recipients, events, findings)

    # Counted by row only now, when no later row can refuse an item; a recipe's new finished unit has no row.
    added.update(row.kind for row in items.rows.values())
    added.update(
        suppliers=len(suppliers.new) - added["suppliers"],
        recipes=len(recipes.new),
        finished_units=len(items.new) - len(items.rows),
        good_parts=sum(len(good.parts) for good in goods),
        names=len(names.new),
        measures=sum(map(len, facts.weights.values())),
        allergens=sum(map(len, facts.allergens.values())),
        product_allergens=sum(map(len, facts.product_allergens.values())),
        product_terms=sum(len(terms.prices) or 1 for terms in facts.terms.values()),
        labels=len(facts.labels),
        recipe_rates=len(facts.rates),
        events=len(events.new),
        recipients=len(recipients.new),
        orders=len(orders),
    )
    return ImportPlan(
        items=tuple(items.new.values()),
        suppliers=tuple(suppliers.new.values()),
        products=tuple(products.new.values()),
        lots=tuple(lots.found),
        recipes=tuple(_resolved(recipe, recipes) for recipe in recipes.new.values()),
        events=tuple(events.new.values()),
        recipients=tuple(recipients.new.values()),
        orders=orders,
        goods=goods,
        names=tuple(names.new.values()) + _to_remember(told, names),
        bakery=bakery,
        facts=facts,
        makes=tuple((here.slug, there.makes) for here, there in recipes.left if not here.makes and there.makes),
        added=added + Counter(row.kind for row, _ in lots.found),
        findings=findings,
        not_kept=not_kept(document, findings, sum(_lost_its_product(row, lot) for row, lot in lots.found)),
    )


def skip_recorded(
    plan: ImportPlan, standing: Collection[str], lots_here: Mapping[tuple[str, str], int], imported: Counter[LotKey]
) -> ImportPlan:
    """The plan without the lots that are already recorded: their receipt stands, or the bakery has enough such lots.

    A receipt that was undone does not count. A lot of the older program may have another quantity or price by now: it
    matches any of the ``imported`` lots with its item, day and product that no other row has matched.
    """
    kept = []
    for row, lot in plan.lots:
        is_here = lot.is_carried and lots_here.get((lot.item_slug, lot.lot_code or ""), 0) >= lot.number
        if is_here or lot.operation_id in standing:
            plan.findings.skip(row, "already recorded")
            if key := _known_again(lot, imported):
                imported[key] -= 1
        else:
            kept.append((row, lot))
    new = []
    for row, lot in kept:
        if row.kind == "inventory_items" and (key := _known_again(lot, imported)):
            plan.findings.skip(row, "already recorded with another quantity or price; not changed")
            imported[key] -= 1
        else:
            new.append((row, lot))
    counts = Counter(row.kind for row, _ in new)
    added = {**plan.added, **{kind: counts[kind] for kind in ("inventory_items", "purchases", PAST, "lots")}}
    return replace(plan, lots=tuple(new), added=Counter(added))


def _known_again(lot: LotPlan, imported: Counter[LotKey]) -> LotKey | None:
    """The key of imported lots that this one can still match; a lot without a product matches any product."""
    if lot.received_on is None:
        return None
    key = (lot.item_slug, lot.received_on, lot.product_identity)
    if imported[key] > 0 or lot.product_identity:
        return key if imported[key] > 0 else None
    return next((one for one, count in imported.items() if count > 0 and one[:2] == key[:2]), None)


def after_reversal(plan: ImportPlan, undone: Collection[str]) -> ImportPlan:
    """The plan with a new operation id for each lot whose receipt was undone, the same in every later import."""
    lots = tuple(
        (row, replace(lot, operation_id=str(uuid5(UUID(lot.operation_id), "after its reversal"))))
        if lot.operation_id in undone
        else (row, lot)
        for row, lot in plan.lots
    )
    return replace(plan, lots=lots)


def _to_remember(told: Mapping[str, str], names: Shelf[NamePlan]) -> tuple[NamePlan, ...]:
    """The names that are not remembered yet, or are remembered with another meaning."""
    here = {name.slug: name.item_slug for name in (*names.known.values(), *names.new.values())}
    return tuple(NamePlan(key, key, slug) for key, slug in told.items() if here.get(key) != slug)


def _resolved(recipe: RecipePlan, recipes: Shelf[RecipePlan]) -> RecipePlan:
    """The recipe with the slugs that its sub-recipes have in the bakery."""
    found = [recipes.get(line.sub_recipe_slug) if line.sub_recipe_slug else None for line in recipe.lines]
    lines = zip(recipe.lines, found, strict=True)
    return replace(
        recipe, lines=tuple(replace(line, sub_recipe_slug=below.slug) if below else line for line, below in lines)
    )


def _lost_its_product(row: Row, lot: LotPlan) -> bool:
    return (
        row.kind == "inventory_items"
        and lot.product_identity is None
        and (row.has("product_brand") or row.has("product_name"))
    )


def _bad_file(problem: str) -> ValidationError:
    return ValidationError.of("file", problem)

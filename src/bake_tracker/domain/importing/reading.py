"""Plan an import: what the file would add, what it would skip or refuse, and why."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.importing.bakery import plan_bakery, plan_goods, plan_items, plan_names
from bake_tracker.domain.importing.catalog import (
    plan_events,
    plan_ingredients,
    plan_materials,
    plan_recipients,
    plan_suppliers,
)
from bake_tracker.domain.importing.facts import Facts, plan_facts
from bake_tracker.domain.importing.lots import plan_lots
from bake_tracker.domain.importing.plan import (
    BakeryPlan,
    EventPlan,
    GoodPlan,
    ItemPlan,
    LotPlan,
    NamePlan,
    OnFile,
    ProductPlan,
    RecipePlan,
    RecipientPlan,
    SupplierPlan,
)
from bake_tracker.domain.importing.products import Products, plan_material_products, plan_products
from bake_tracker.domain.importing.purchases import plan_purchases
from bake_tracker.domain.importing.recipes import plan_recipes
from bake_tracker.domain.importing.report import NotKept, not_kept
from bake_tracker.domain.importing.rows import Findings, Row, plain
from bake_tracker.domain.importing.sections import Sections, sections_of, tables_of_json
from bake_tracker.domain.importing.shelf import Shelf
from bake_tracker.domain.importing.stock import plan_stock
from bake_tracker.domain.importing.tables import FORMAT
from bake_tracker.domain.importing.variants import APPLICATION, as_export
from bake_tracker.domain.name_matching import name_key
from bake_tracker.domain.written import Reading

_VERSION = re.compile(r"4(\.[0-9]{1,3})?")


class JsonDocument(dict[str, Any]):
    """An export with the text it was read from, so that problems can show line and column."""

    def __init__(self, document: Mapping[str, Any], *, text: str | None) -> None:
        super().__init__(document)
        self.text = text


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
        ValidationError: the text is not JSON, or not an export of bake-tracker 4.x.
    """
    try:
        document = json.loads(text.removeprefix("\ufeff"), parse_float=_exact, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise _bad_file(f"is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
        raise _bad_file(f"cannot be read: {reason}") from None
    checked = check_document(document)
    return Sections(checked, text=text) if isinstance(checked, Sections) else JsonDocument(checked, text=text)


def check_document(document: object) -> dict[str, Any]:
    """The document, if it is an export that can be imported.

    Raises:
        ValidationError: it is not; the message says what is allowed.
    """
    if not isinstance(document, dict):
        raise _bad_file(f"must contain one JSON object in braces, not a {type(document).__name__}")
    if isinstance(document, Sections):
        return document
    if document.get("format") == FORMAT:
        return sections_of(tables_of_json(document), Reading(), is_export=True)
    text = document.text if isinstance(document, JsonDocument) else None
    document = JsonDocument(as_export(document), text=text)
    if document.get("application") != APPLICATION:
        shown = plain(document.get("application"))
        raise _bad_file(f'must say "application": "{APPLICATION}", not {shown!r}; export it from that program')
    if not _VERSION.fullmatch(str(plain(document.get("version")))):
        shown = plain(document.get("version"))
        raise _bad_file(f'must say "version": "4.x", such as "4.2", not {shown!r}; export it again from version 4')
    return document


def fingerprint(document: Mapping[str, Any]) -> str:
    """The SHA-256 of a document, independent of the layout of its file.

    Raises:
        ValidationError: it is not a JSON document.
    """
    try:
        return hashlib.sha256(json.dumps(document, sort_keys=True, default=str).encode()).hexdigest()
    except (TypeError, ValueError, RecursionError):
        raise _bad_file("is not a JSON document, or is nested too deeply") from None


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
    events = Shelf("an event", known.events, findings)
    recipients = Shelf("a recipient", known.recipients, findings)
    products = Products(known.products, findings)

    names = Shelf("a name", {key: NamePlan(key, key, slug) for key, slug in known.names.items()}, findings)

    bakery = plan_bakery(document, known, findings)
    numbers = plan_suppliers(document, suppliers, findings)
    plan_items(document, items, findings)
    added = Counter(suppliers=len(suppliers.new), bakery=bakery is not None)
    plan_ingredients(document, items, findings)
    material_slugs = plan_materials(document, items, findings)
    if lost := [f"{name}={slug}" for name, slug in told.items() if items.get(slug) is None]:
        raise ValidationError.of(
            "names", f"{lost[0]!r} names an item that is neither in the file nor in the bakery; correct the slug"
        )
    plan_products(document, items, suppliers, numbers, products)
    added["products"] = len(products.new)
    plan_material_products(document, items, material_slugs, suppliers, products)
    added["material_products"] = len(products.new) - added["products"]
    lots = plan_lots(document, known.database_id, items, products, findings)
    lots += plan_purchases(document, known.database_id, suppliers, products, findings)
    stock = plan_stock(document, known.database_id, items, suppliers, products, findings)
    plan_recipes(document, recipes, items, findings)
    goods = plan_goods(document, known.goods, items, findings)
    plan_names(document, names, items, findings)
    facts = plan_facts(document, said, items, products, recipes, findings)
    plan_events(document, events, findings)
    plan_recipients(document, recipients, findings)

    # Counted by row, now that no later row can refuse an item any more; a recipe's new finished unit has no row.
    added.update(row.kind for row in items.rows.values())
    added.update(
        suppliers=len(suppliers.new) - added["suppliers"],
        lots=len(stock),
        recipes=len(recipes.new),
        finished_units=len(items.new) - len(items.rows),
        good_parts=sum(len(good.parts) for good in goods),
        names=len(names.new),
        measures=sum(map(len, facts.weights.values())),
        allergens=sum(map(len, facts.allergens.values())),
        product_allergens=sum(map(len, facts.product_allergens.values())),
        labels=len(facts.labels),
        recipe_rates=len(facts.rates),
        events=len(events.new),
        recipients=len(recipients.new),
    )
    return ImportPlan(
        items=tuple(items.new.values()),
        suppliers=tuple(suppliers.new.values()),
        products=tuple(products.new.values()),
        lots=tuple(lots + stock),
        recipes=tuple(_resolved(recipe, recipes) for recipe in recipes.new.values()),
        events=tuple(events.new.values()),
        recipients=tuple(recipients.new.values()),
        goods=goods,
        names=tuple(names.new.values()) + _to_remember(told, names),
        bakery=bakery,
        facts=facts,
        added=added + Counter(row.kind for row, _ in lots),
        findings=findings,
        not_kept=not_kept(document, sum(_lost_its_product(row, lot) for row, lot in lots)),
    )


def skip_recorded(plan: ImportPlan, standing: Collection[str], lots_here: Mapping[tuple[str, str], int]) -> ImportPlan:
    """The plan without the lots that are already recorded: their receipt stands, or the bakery has enough such lots.

    A receipt that was undone does not count.
    """
    kept = []
    for row, lot in plan.lots:
        is_here = lot.is_carried and lots_here.get((lot.item_slug, lot.lot_code or ""), 0) >= lot.number
        if is_here or lot.operation_id in standing:
            plan.findings.skip(row, "already recorded")
        else:
            kept.append((row, lot))
    counts = Counter(row.kind for row, _ in kept)
    added = {**plan.added, **{kind: counts[kind] for kind in ("inventory_items", "purchases", "lots")}}
    return replace(plan, lots=tuple(kept), added=Counter(added))


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


def _exact(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise ValueError(f"the number {text[:40]} is too large") from None


def _no_number(text: str) -> Decimal:
    raise ValueError(f"{text} is not a finite number")


def _bad_file(problem: str) -> ValidationError:
    return ValidationError.of("file", problem)

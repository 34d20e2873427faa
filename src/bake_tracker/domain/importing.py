"""What an export of the older desktop program (bake-tracker 4.x) would add to the bakery, and what not, and why."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.import_catalog import (
    plan_events,
    plan_ingredients,
    plan_materials,
    plan_recipients,
    plan_suppliers,
)
from bake_tracker.domain.import_lots import plan_lots
from bake_tracker.domain.import_plan import (
    EventPlan,
    ItemPlan,
    Known,
    LotPlan,
    ProductPlan,
    RecipePlan,
    RecipientPlan,
    SupplierPlan,
)
from bake_tracker.domain.import_products import Products, plan_material_products, plan_products
from bake_tracker.domain.import_recipes import plan_recipes
from bake_tracker.domain.import_report import KINDS, ImportReport, NotKept, not_kept
from bake_tracker.domain.import_rows import Findings, Row, plain
from bake_tracker.domain.import_shelf import Shelf

APPLICATION = "bake-tracker"
_VERSION = re.compile(r"4(\.[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What is to be added, in an order in which it can be, and what was found in all other rows."""

    items: tuple[ItemPlan, ...]
    suppliers: tuple[SupplierPlan, ...]
    products: tuple[ProductPlan, ...]
    lots: tuple[tuple[Row, LotPlan], ...]
    recipes: tuple[RecipePlan, ...]
    events: tuple[EventPlan, ...]
    recipients: tuple[RecipientPlan, ...]
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
    """The export as a dict, its numbers exact.

    Raises:
        ValidationError: the text is no JSON, or not an export of bake-tracker 4.x.
    """
    try:
        document = json.loads(text.removeprefix("\ufeff"), parse_float=_exact, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise _bad_file(f"is no JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
        raise _bad_file(f"cannot be read: {reason}") from None
    return check_document(document)


def check_document(document: object) -> dict[str, Any]:
    """The document, if it is an export of bake-tracker 4.x.

    Raises:
        ValidationError: it is not; the text says what is allowed.
    """
    if not isinstance(document, dict):
        raise _bad_file(f"must hold one object in braces, not a {type(document).__name__}")
    if document.get("application") != APPLICATION:
        shown = plain(document.get("application"))
        raise _bad_file(f'must say "application": "{APPLICATION}", not {shown!r}; export it from that program')
    if not _VERSION.fullmatch(str(plain(document.get("version")))):
        shown = plain(document.get("version"))
        raise _bad_file(f'must say "version": "4.x", such as "4.2", not {shown!r}; export it again from version 4')
    return document


def fingerprint(document: Mapping[str, Any]) -> str:
    """The SHA-256 of a document, however its file was laid out.

    Raises:
        ValidationError: it is no JSON document.
    """
    try:
        return hashlib.sha256(json.dumps(document, sort_keys=True, default=str).encode()).hexdigest()
    except (TypeError, ValueError, RecursionError):
        raise _bad_file("is no JSON document, or nested too deeply") from None


def plan_import(document: Mapping[str, Any], known: Known) -> ImportPlan:
    """Decide about every row; whether a lot is there already is decided by ``skip_recorded``."""
    findings = Findings()
    items = Shelf("an ingredient", known.items, findings)
    suppliers = Shelf("a supplier", known.suppliers, findings)
    recipes = Shelf("a recipe", known.recipes, findings)
    events = Shelf("an event", known.events, findings)
    recipients = Shelf("a recipient", known.recipients, findings)
    products = Products(known.products, findings)

    numbers = plan_suppliers(document, suppliers, findings)
    plan_ingredients(document, items, findings)
    added = Counter(ingredients=len(items.new), suppliers=len(suppliers.new))
    material_slugs = plan_materials(document, items, findings)
    added["materials"] = len(items.new) - added["ingredients"]
    plan_products(document, items, suppliers, numbers, products)
    added["products"] = len(products.new)
    plan_material_products(document, items, material_slugs, suppliers, products)
    added["material_products"] = len(products.new) - added["products"]
    lots = plan_lots(document, known.database_id, items, products, findings)
    plan_recipes(document, recipes, items, findings)
    plan_events(document, events, findings)
    plan_recipients(document, recipients, findings)

    added.update(
        suppliers=len(suppliers.new) - added["suppliers"],
        inventory_items=len(lots),
        recipes=len(recipes.new),
        finished_units=sum(item.kind == "finished_unit" for item in items.new.values()),
        events=len(events.new),
        recipients=len(recipients.new),
    )
    return ImportPlan(
        items=tuple(items.new.values()),
        suppliers=tuple(suppliers.new.values()),
        products=tuple(products.new.values()),
        lots=tuple(lots),
        recipes=tuple(_resolved(recipe, recipes) for recipe in recipes.new.values()),
        events=tuple(events.new.values()),
        recipients=tuple(recipients.new.values()),
        added=added,
        findings=findings,
        not_kept=not_kept(document, sum(_lost_its_product(row, lot) for row, lot in lots)),
    )


def skip_recorded(plan: ImportPlan, recorded: Collection[str]) -> ImportPlan:
    """The plan without the lots whose receipt is recorded already."""
    for row, lot in plan.lots:
        if lot.operation_id in recorded:
            plan.findings.skip(row, "already there")
    lots = tuple((row, lot) for row, lot in plan.lots if lot.operation_id not in recorded)
    return replace(plan, lots=lots, added=Counter({**plan.added, "inventory_items": len(lots)}))


def report_of(plan: ImportPlan, source: str, operation_id: str | None = None) -> ImportReport:
    """A plan as people read it."""
    skipped, refused = plan.findings.counts()
    return {
        "operation_id": operation_id,
        "source": source,
        "added_count": plan.added.total(),
        "skipped_count": skipped.total(),
        "refused_count": refused.total(),
        "kinds": [
            {"kind": kind, "added": plan.added[kind], "skipped": skipped[kind], "refused": refused[kind]}
            for kind in KINDS
        ],
        "skipped": plan.findings.skips(),
        "refused": plan.findings.refusals(),
        "not_kept": plan.not_kept,
    }


def _resolved(recipe: RecipePlan, recipes: Shelf[RecipePlan]) -> RecipePlan:
    """The recipe with its sub-recipes by the slugs they have here."""
    found = [recipes.get(line.sub_recipe_slug) if line.sub_recipe_slug else None for line in recipe.lines]
    lines = zip(recipe.lines, found, strict=True)
    return replace(
        recipe, lines=tuple(replace(line, sub_recipe_slug=below.slug) if below else line for line, below in lines)
    )


def _lost_its_product(row: Row, lot: LotPlan) -> bool:
    return lot.product_identity is None and (row.has("product_brand") or row.has("product_name"))


def _exact(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise ValueError(f"{text[:40]} is too large a number") from None


def _no_number(text: str) -> Decimal:
    raise ValueError(f"{text} is not a number that can be counted")


def _bad_file(problem: str) -> ValidationError:
    return ValidationError.of("file", problem)

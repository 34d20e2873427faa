"""Import a recipe page: a preview that lists doubts, and one operation once there are none."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NotRequired, TypedDict, cast
from uuid import UUID

from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.errors import (
    FinishedUnitNotFoundError,
    ItemNotFoundError,
    Problem,
    RecipeNotFoundError,
    ValidationError,
)
from bake_tracker.domain.name_matching import name_key
from bake_tracker.domain.recipe_text.amounts import Amount
from bake_tracker.domain.recipe_text.lines import parse_line
from bake_tracker.domain.recipe_text.names import NamedItems
from bake_tracker.domain.recipe_text.page import Decisions, PagePlan, ReadLine, ReadYield, plan_page
from bake_tracker.domain.recipe_text.request import PageChoices, PageRequest, read_request
from bake_tracker.domain.recipes.quantities import Item
from bake_tracker.domain.remedies import Advice, Remedy
from bake_tracker.domain.slugs import read_slug
from bake_tracker.queries.bakery import lock_bakery
from bake_tracker.queries.catalog.definitions import load_slugs
from bake_tracker.queries.catalog.page_names import load_item_slugs, load_named_items
from bake_tracker.services.catalog.names import record_name
from bake_tracker.services.catalog.recipes import record_recipe, record_recipe_yield
from bake_tracker.services.catalog.things import record_item
from bake_tracker.services.operation import Kind, Operation, checking, recording

CHECK = Kind("check_recipe_page", "page_import_service", "Checked a recipe page")
RECORD = Kind(
    "record_recipe_page",
    "page_import_service",
    "Imported a recipe",
    success_fields=("recipe_id", "slug", "line_count", "created_count"),
)


class PageLine(TypedDict):
    """A line and how it was read; ``to_do`` says how to resolve doubts, ``hints`` what is still missing for baking.

    ``kept`` is the base unit of the item that a new line adds, and ``settled`` what a rule settled.
    """

    line: int
    text: str
    state: str
    quantity: str | None
    unit: str | None
    item_slug: str | None
    ingredient: str
    note: str
    to_do: list[str]
    remedies: list[Remedy | None]
    hints: list[str]
    hint_remedies: list[Remedy | None]
    kept: NotRequired[str]
    settled: NotRequired[list[str]]


class PageYield(TypedDict):
    """The yield of one batch, according to the page or a person."""

    state: str
    quantity: str | None
    finished_unit_slug: str | None
    name: str
    to_do: list[str]
    remedies: list[Remedy | None]


class PagePreview(TypedDict):
    """What would be recorded from a page once nothing is in doubt."""

    name: str
    is_sure: bool
    lines: list[PageLine]
    makes: PageYield
    taken_slug: NotRequired[str]
    operation_id: NotRequired[str]


class PageResult(TypedDict):
    """The recipe made from a page, the items added for it, the lines left out, and what a rule settled in others."""

    operation_id: str
    recipe_id: int
    slug: str
    line_count: int
    created: list[str]
    created_count: int
    left_out: list[str]
    finished_unit_slug: str | None
    finished_unit_quantity: str | None
    settled: NotRequired[list[str]]


def check_recipe_page(
    name: str,
    lines: Sequence[str],
    *,
    session: Session,
    yields: Sequence[str] = (),
    choices: PageChoices | None = None,
    slug: str | None = None,
    recipe_id: int | None = None,
) -> PagePreview:
    """Preview what would be recorded from a page and what a person must decide first; writes nothing.

    ``taken_slug`` is in the answer if another recipe already has the slug.

    Raises:
        ValidationError: an argument is not allowed.
        ItemNotFoundError, FinishedUnitNotFoundError: there is no such item or unit.
    """
    with checking(CHECK, session, {"name": name}) as operation:
        given = Arguments()
        asked = read_request(given, name, lines, yields, choices)
        own_slug = read_slug(given, asked.name, slug)
        is_new = given.optional_key("recipe_id", recipe_id) is None
        given.done()
        plan = _plan(session, asked)
        is_taken = is_new and own_slug in load_slugs(session, "recipe")
        unsure = [f"line {line.number}" for line in plan.lines if line.state == "unsure"]
        unsure += ["yield"] * (plan.makes.state == "unsure")
        operation.tell_check({"line_count": len(plan.lines)}, unsure=unsure)
    preview: PagePreview = {
        "name": asked.name,
        "is_sure": plan.is_sure,
        "lines": [_line_told(line, plan.new_base_units()) for line in plan.lines],
        "makes": _yield_told(plan.makes),
    }
    return {**preview, "taken_slug": own_slug} if is_taken else preview


def record_recipe_page(
    name: str,
    lines: Sequence[str],
    *,
    session: Session,
    yields: Sequence[str] = (),
    choices: PageChoices | None = None,
    slug: str | None = None,
    recipe_id: int | None = None,
    source: str | None = None,
    category: str | None = None,
    operation_id: UUID | str | None = None,
) -> PageResult:
    """Add a page's recipe, its yield and, with ``create_missing``, its missing items as one operation.

    With ``recipe_id``, the page's lines replace those of an existing recipe. The recipe's notes keep the original lines
    of the page, and the chosen meanings of names are remembered.

    Raises:
        ValidationError: an argument is not allowed, or a line or the yield is in doubt; lists all of them.
        ItemNotFoundError, FinishedUnitNotFoundError, RecipeNotFoundError: there is no such item, unit or recipe.
        ConflictError: another recipe or item has this slug.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        asked = read_request(given, name, lines, yields, choices)
        key = given.optional_key("recipe_id", recipe_id)
        about = {
            "slug": given.text("slug", slug),
            "source": given.text("source", source, limit=300),
            "category": given.text("category", category, limit=120),
        }
        given.done()
        if done := operation.claim({**asked.claimed(), **about, "recipe_id": key}):
            return cast(PageResult, done)
        lock_bakery(session)  # two imports at once would both add the same missing items
        if key is not None and key not in load_slugs(session, "recipe").values():
            raise RecipeNotFoundError(key)
        plan = _plan(session, asked)
        if problems := _problems(plan):
            raise ValidationError(problems)
        for called, item_id in asked.names.items():
            record_name(called, item_id, session=session)
        created = _add_items(session, plan)
        return operation.succeed(_write(operation, asked, plan, created, key, about))


def _write(
    operation: Operation,
    asked: PageRequest,
    plan: PagePlan,
    created: Mapping[str, tuple[int, str]],
    recipe_id: int | None,
    about: Mapping[str, str | None],
) -> PageResult:
    session = operation.session
    rows: list[Any] = [
        {"item_id": line.item.item_id if line.item else created[line.name][0], **_amount_row(line)}
        for line in plan.taken
    ]
    recipe = record_recipe(
        asked.name,
        rows,
        session=session,
        recipe_id=recipe_id,
        slug=about["slug"],
        source=about["source"],
        category=about["category"],
        notes="\n".join(asked.lines),
    )
    added = [slug for _, slug in created.values()]
    made: tuple[str | None, str | None] = (None, None)
    if plan.makes.state in ("taken", "new"):
        unit_id, unit_slug = _finished_unit(session, plan.makes, asked.shelf_life_days)
        added += [unit_slug] * (plan.makes.state == "new")
        quantity = _exact(plan.makes.quantity or Fraction(0))
        given = record_recipe_yield(recipe["recipe_id"], unit_id, quantity, session=session)
        made = unit_slug, given["quantity"]
    result = PageResult(
        operation_id=operation.id,
        recipe_id=recipe["recipe_id"],
        slug=recipe["slug"],
        line_count=recipe["line_count"],
        created=added,
        created_count=len(added),
        left_out=[line.read.text for line in plan.lines if line.state == "left out"],
        finished_unit_slug=made[0],
        finished_unit_quantity=made[1],
    )
    settled = [f"line {line.number} ({line.read.text[:60]}): {one}" for line in plan.lines for one in line.settled]
    return {**result, "settled": settled} if settled else result


def _add_items(session: Session, plan: PagePlan) -> dict[str, tuple[int, str]]:
    """Add an ingredient for every new name; return ids and slugs by name."""
    added = {}
    for name, base_unit in plan.new_base_units().items():
        item = record_item("ingredient", name, base_unit, session=session)
        added[name] = item["item_id"], item["slug"]
    return added


def _finished_unit(session: Session, makes: ReadYield, shelf_life_days: int | None) -> tuple[int, str]:
    if makes.item:
        return makes.item.item_id, makes.item.slug
    unit = record_item("finished_unit", makes.name, "each", session=session, shelf_life_days=shelf_life_days)
    return unit["item_id"], unit["slug"]


def _amount_row(line: ReadLine) -> dict[str, Any]:
    assert line.amount
    return {"quantity": line.amount.quantity, "unit": line.amount.unit}


def _exact(quantity: Fraction) -> Decimal:
    return Decimal(int(quantity * 10**6)).scaleb(-6)


def _problems(plan: PagePlan) -> list[Problem]:
    found = [
        _problem(f"line {line.number} ({line.read.text[:60]})", one)
        for line in plan.lines
        if line.state == "unsure"
        for one in line.to_do
    ]
    if plan.makes.state == "unsure":
        found += [_problem("yield", one) for one in plan.makes.to_do]
    if not found and not plan.taken:
        found.append({"field": "lines", "problem": "every line is left out; a recipe needs at least one"})
    return found


def _problem(field: str, one: Advice) -> Problem:
    found: Problem = {"field": field, "problem": one.text}
    return found if one.remedy is None else {**found, "remedy": one.remedy}


def _plan(session: Session, asked: PageRequest) -> PagePlan:
    known, made = load_named_items(session)
    by_id = {item.item_id: item for item in known.items}
    names = {name: _item(by_id, item_id) for name, item_id in asked.names.items()}
    decisions = Decisions(
        said={
            number: (quantity, unit, _item(by_id, item_id)) for number, (quantity, unit, item_id) in asked.said.items()
        },
        accepted=asked.accepted,
        left_out=asked.left_out,
        ranges=asked.ranges,
        create_missing=asked.create_missing,
        makes=None if asked.makes is None else (asked.makes[0], _made(by_id, asked.makes[1])),
        without_yield=asked.without_yield,
        kept=asked.kept,
    )
    mapped = NamedItems({**known.by_key, **names}, known.items)
    read = [parse_line(text) for text in asked.lines]
    on_page = {name_key(name) for line in read for name in (line.called, line.ingredient)}
    if strange := sorted(names.keys() - on_page):
        raise ValidationError.of("names", f"{strange[0]!r} is not in any line of the page")
    if strange := sorted(asked.kept.keys() - on_page):
        raise ValidationError.of("kept", f"{strange[0]!r} is not in any line of the page")
    slugs = load_item_slugs(session)
    if slug := next((name for name in names if name in slugs), None):
        raise ValidationError.of("names", f"{slug!r} is already the slug of an item; choose another name")
    return plan_page(asked.lines, asked.yields, mapped, made, decisions, slugs)


def _item(by_id: Mapping[int, Item], item_id: int) -> Item:
    if item_id not in by_id:
        raise ItemNotFoundError(item_id)
    return by_id[item_id]


def _made(by_id: Mapping[int, Item], item_id: int) -> Item:
    if item_id not in by_id or by_id[item_id].kind != "finished_unit":
        raise FinishedUnitNotFoundError(item_id)
    return by_id[item_id]


def _line_told(line: ReadLine, new_units: Mapping[str, str]) -> PageLine:
    quantity, unit = _amount_told(line.amount)
    told: PageLine = {
        "line": line.number,
        "text": line.read.text,
        "state": line.state,
        "quantity": quantity,
        "unit": unit,
        "item_slug": line.item.slug if line.item else None,
        "ingredient": line.read.called,
        "note": line.read.note,
        "to_do": [one.text for one in line.to_do],
        "remedies": [one.remedy for one in line.to_do],
        "hints": [one.text for one in line.hints],
        "hint_remedies": [one.remedy for one in line.hints],
    }
    if line.state == "new" and line.name in new_units:
        told["kept"] = new_units[line.name]
    return {**told, "settled": list(line.settled)} if line.settled else told


def _amount_told(amount: Amount | None) -> tuple[str | None, str | None]:
    if amount is None:
        return None, None
    quantity = None if amount.quantity is None else str(amount.quantity)
    return quantity if amount.upto is None else f"{quantity}-{amount.upto}", amount.unit


def _yield_told(makes: ReadYield) -> PageYield:
    return {
        "state": makes.state,
        "quantity": None if makes.quantity is None else str(makes.quantity),
        "finished_unit_slug": makes.item.slug if makes.item else None,
        "name": makes.name,
        "to_do": [one.text for one in makes.to_do],
        "remedies": [one.remedy for one in makes.to_do],
    }

"""The recipe form: a new recipe, or new lines for an existing one."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any
from uuid import UUID, uuid5

from fastapi import Path, Request
from starlette.responses import Response

from bake_tracker.domain.arguments import MAX_KEY
from bake_tracker.domain.errors import NotFoundError, ServiceError
from bake_tracker.domain.name_matching import name_key
from bake_tracker.domain.recipe_text.names import NamedItems, NewNames
from bake_tracker.domain.recipe_text.typed_lines import UNKNOWN, likely_base_unit, near, split_amount
from bake_tracker.domain.recipes.quantities import Recipe
from bake_tracker.domain.remedies import Advice
from bake_tracker.domain.units import MICRO, format_micros
from bake_tracker.domain.written import Reading, UnreadableError, read_keeping
from bake_tracker.entrypoints.http.access import BAKER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.catalog.typed_rows import (
    add_item,
    by_row,
    put_rows,
    read_line,
    rows_to_show,
    write_amount,
)
from bake_tracker.entrypoints.web.forms import Form, Sent, blank, decimals_of
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.entrypoints.web.stock.words import UNIT_WORDS
from bake_tracker.queries.catalog.archived import load_archived_items
from bake_tracker.queries.catalog.definitions import load_recipe, load_yields
from bake_tracker.queries.catalog.page_names import load_named_items
from bake_tracker.queries.views.recipe import load_recipe_names
from bake_tracker.queries.views.scaled_recipe import ScaledRecipe, load_scaled_recipe
from bake_tracker.services.catalog.recipe_makes import MadeInput, record_recipe_makes
from bake_tracker.services.catalog.recipes import LineInput, record_recipe, record_recipe_yield
from bake_tracker.services.database import Session, read_scope, run_in_transaction

router = pages()

RecipeId = Annotated[int, Path(ge=1, le=MAX_KEY)]
ABOUT = ("category", "source", "notes")
LINE = ("amount", "of")
MAKES = ("gives", "product", "part")
KEPT = ("new_item", "kept")
KEEPS = ("new_product", "keeps")
"""The fields that repeat: a line of the recipe, something that a batch makes, and what to say of each that is new."""
NO_PRODUCT = "is not a product yet"


@dataclass(frozen=True, slots=True)
class _Made:
    """A row of what a batch makes; ``line`` is its number in the form."""

    item_id: int
    quantity: int | Decimal
    share: Fraction | None
    line: str


@router.get("/recipes/new", name="new_recipe", dependencies=[BAKER])
def new(request: Request) -> Response:
    """Show the form for a new recipe."""
    return show_form(request, blank(request))


@router.post("/recipes/new", name="do_new_recipe", dependencies=[BAKER])
def add(request: Request, form: Sent) -> Response:
    """Record a new recipe."""
    return _record(request, form, None)


@router.get("/recipes/{recipe_id}/edit", name="edit_recipe", dependencies=[BAKER])
def edit(request: Request, recipe_id: RecipeId) -> Response:
    """Show the form with the recipe as it is now."""
    with read_scope() as session:
        view = load_scaled_recipe(session, recipe_id)
        makes = load_yields(session, recipe_id)
    about = {"category": view["category"], "source": view["source"], "notes": view["notes"]}
    form = blank(request, name=view["name"], **about)
    if view["together"]:
        form.put(together="yes")
    lines = view["sections"][0]["lines"]
    put_rows(form, LINE, [(write_amount(form, line["quantity"], line["unit"]), line["name"]) for line in lines])
    put_rows(
        form,
        MAKES,
        [
            (form.write(format_micros(micros)), item.name, view["shares"].get(key, ""))
            for key, (item, micros) in makes.items()
        ],
    )
    return show_form(request, form, view)


@router.post("/recipes/{recipe_id}/edit", name="do_edit_recipe", dependencies=[BAKER])
def change(request: Request, recipe_id: RecipeId, form: Sent) -> Response:
    """Record a new version of a recipe."""
    with read_scope() as session:
        view = load_scaled_recipe(session, recipe_id)
    return _record(request, form, view)


def _record(request: Request, form: Form, view: ScaledRecipe | None) -> Response:
    if form["do"] == "row":
        return show_form(request, form, view)
    try:
        recipe_id = run_in_transaction(lambda session: _write(session, form, view))
    except NotFoundError:
        raise
    except ServiceError as error:
        return show_form(request, form.refused(error), view, status_of(error))
    return go_to(request, "recipe", {"recorded": form.operation_id}, recipe_id=recipe_id)


def _write(session: Session, form: Form, view: ScaledRecipe | None) -> int:
    """Record new items, the recipe and a changed yield in one transaction."""
    form.problems = []
    own = form.operation_uuid
    known, made = load_named_items(session)
    lines = _lines(session, form, known)
    gives = [_made(session, form, row, made, own) for row in form.rows(*_made_fields(form))]
    form.done()
    about: dict[str, Any] = {name: form.text(name) for name in ABOUT}
    if view:  # an omitted field would keep its value, but an emptied one must become empty
        about = {name: value or "" for name, value in about.items()}
    recipe_id = view["recipe_id"] if view else None
    with by_row(form, "lines", "amount"):
        done = record_recipe(
            form["name"], lines, session=session, recipe_id=recipe_id, operation_id=form.operation_id, **about
        )
    before = load_recipe(session, done["recipe_id"])
    if "together" in form or before.together or any(one.share for one in gives):
        _write_together(session, form, before, gives)
        return done["recipe_id"]
    for one in gives:
        known_as = before.makes.get(one.item_id)
        if known_as is None or known_as[1] != Fraction(one.quantity) * MICRO:
            with by_row(form, "quantity", f"gives{one.line}"):
                record_recipe_yield(
                    done["recipe_id"],
                    one.item_id,
                    one.quantity,
                    session=session,
                    operation_id=uuid5(own, f"makes {one.item_id}"),
                )
    return done["recipe_id"]


def _write_together(session: Session, form: Form, before: Recipe, gives: Sequence[_Made]) -> None:
    """Record everything that a batch makes, unless it stays as it is."""
    is_together = "together" in form
    shares = {one.item_id: one.share for one in gives}
    made = {one.item_id: Fraction(one.quantity) * MICRO for one in gives}
    if made == {key: micros for key, (_, micros) in before.makes.items()} and before.together == (
        shares if is_together else {}
    ):
        return
    makes: list[MadeInput] = [
        {"finished_unit_id": one.item_id, "quantity": one.quantity, "share": one.share} for one in gives
    ]
    with by_row(form, "makes", "gives"):
        record_recipe_makes(
            before.recipe_id,
            makes,
            session=session,
            together=is_together,
            operation_id=uuid5(form.operation_uuid, "makes"),
        )


def _lines(session: Session, form: Form, known: NamedItems) -> list[LineInput]:
    """Every line as the service expects it; unreadable values are noted on their rows."""
    recipes = {
        key: recipe_id
        for recipe_id, (slug, name) in load_recipe_names(session).items()
        for key in (slug, name_key(name))
    }
    lines: list[LineInput] = []
    kept = {name_key(row["new_item"]): row["kept"] for row in form.rows(*KEPT)}
    added = NewNames[int]()
    for row in form.rows(*LINE):
        read = read_line(row, known, recipes, may_add="add_new" in form)
        if read is None:
            continue
        quantity, meant = read
        if meant.sub_recipe_id is not None:
            lines.append({"quantity": quantity, "unit": meant.unit, "sub_recipe_id": meant.sub_recipe_id})
            continue
        if meant.item is not None:
            item_id = meant.item.item_id
        elif (known_by := added.find(row["of"])) is not None:
            item_id = known_by
        else:
            base_unit = kept.get(name_key(row["of"])) or meant.likely_base_unit
            if base_unit is None:
                row.refuse("of", "is new; choose below how it is kept")
            if base_unit is None or form.problems:
                added.add(row["of"], 0)  # it will be refused, so nothing is added
                continue
            item_id = added.add(row["of"], add_item(session, form, "ingredient", row["of"], base_unit))
        lines.append({"quantity": quantity, "unit": meant.unit, "item_id": item_id})
    if not lines and not form.problems:
        form.refuse("amount[0]", "is missing; a recipe needs at least one line")
    return lines


def _made_fields(form: Form) -> tuple[str, ...]:
    """The fields of a row of products; a form that was opened before the update lacks the last."""
    return MAKES if MAKES[-1] in form else MAKES[:-1]


def _made(session: Session, form: Form, row: Form, made: NamedItems, own: UUID) -> _Made:
    """The product of a row, how much of it a batch makes, and its part of the cost."""
    part = row.quantity("part")
    share = None if part is None else Fraction(part)
    quantity = row.number("gives", needed=True)
    name = row.text("product", needed=True) or ""
    item = made.find(name) if name else None
    if item is None and name:
        if "add_new" not in form:
            row.refuse("product", f"{NO_PRODUCT}{near(made.like(name))}")
        else:
            days = _keeping(form, row, name)
            if not form.problems:
                new_id = add_item(session, form, "finished_unit", name, "each", days)
                return _Made(new_id, quantity or 0, share, row.line)
    return _Made(item.item_id if item else 0, quantity or 0, share, row.line)


def _keeping(form: Form, row: Form, name: str) -> int | None:
    """How many days a new product keeps, as typed below; None without limit."""
    typed = next((one["keeps"] for one in form.rows(*KEEPS) if name_key(one["new_product"]) == name_key(name)), "")
    if not typed.strip():
        row.refuse("product", "is new; say below how many days it keeps, or none for no limit")
        return None
    try:
        return read_keeping(typed, Reading(decimals=decimals_of(form.locale), typed=True))
    except UnreadableError as error:
        row.refuse("product", f"keeps for a time that {error}")
        return None


def _new_names(form: Form, known: NamedItems, made: NamedItems, recipes: set[str]) -> dict[str, list[dict[str, str]]]:
    """What a person is asked about the names that are not in the catalogue, with what was answered."""
    kept = {name_key(row["new_item"]): row["kept"] for row in form.rows(*KEPT)}
    keeps = {name_key(row["new_product"]): row["keeps"] for row in form.rows(*KEEPS)}
    items: dict[str, dict[str, str]] = {}
    seen = NewNames[str]()
    for row in form.rows(*LINE):
        name = row["of"].strip()
        if not name or known.find(name) or name_key(name) in recipes or seen.find(name):
            continue
        likely = None
        with suppress(ValueError):
            likely = likely_base_unit(split_amount(row["amount"])[1])
        seen.add(name, name)
        items[name] = {"name": name, "kept": kept.get(name_key(name)) or likely or ""}
    gives = (row["product"].strip() for row in form.rows(*MAKES))
    products = dict.fromkeys(name for name in gives if name and not made.find(name))
    return {
        "new_items": list(items.values()),
        "new_products": [{"name": name, "keeps": keeps.get(name_key(name), "")} for name in products],
    }


def show_form(
    request: Request,
    form: Form,
    view: ScaledRecipe | None = None,
    status: int = 200,
    *,
    to_look_at: Sequence[Advice] = (),
) -> Response:
    """Show the form as filled in; ``to_look_at`` lists what an imported page left unclear."""
    with read_scope() as session:
        known, made = load_named_items(session)
        archived = load_archived_items(session)
        named = load_recipe_names(session).values()
    recipes = [name for _, name in named]
    new = _new_names(form, known, made, {key for slug, name in named for key in (slug, name_key(name))})
    said = " ".join(one["problem"] for one in form.problems)
    return render(
        request,
        "recipe_form.html",
        status,
        form=form,
        view=view,
        lines=rows_to_show(form, LINE, least=4),
        makes=[dict.fromkeys(MAKES, "") | row for row in rows_to_show(form, _made_fields(form), least=1)],
        names=sorted({*(item.name for item in known.items if item.item_id not in archived), *recipes}),
        products=sorted(item.name for item in made.items if item.item_id not in archived),
        to_look_at=to_look_at,
        may_add="add_new" in form or UNKNOWN in said or NO_PRODUCT in said or (to_look_at and any(new.values())),
        unit_words=list(UNIT_WORDS.items()),
        **new,
    )

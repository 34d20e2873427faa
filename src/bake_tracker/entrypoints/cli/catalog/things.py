"""Commands that add and list items, recipes, finished goods, suppliers and events."""

from typing import Annotated, Any

import typer

from bake_tracker.domain.recipes.quantities import base_quantity
from bake_tracker.domain.stock.doubts import UNSTATED, told_in
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.asking import ask_keeping, at_terminal
from bake_tracker.entrypoints.cli.lookup import find
from bake_tracker.entrypoints.cli.state import answer, ask, say, write
from bake_tracker.queries.catalog.definitions import find_id, load_item, load_slugs
from bake_tracker.services.catalog.goods import record_good_components
from bake_tracker.services.catalog.recipe_makes import MadeInput, record_recipe_makes
from bake_tracker.services.catalog.recipes import record_recipe, record_recipe_yield
from bake_tracker.services.catalog.things import record_event, record_item, record_supplier
from bake_tracker.services.database import Session

Together = Annotated[
    bool,
    typer.Option(
        "--together",
        help="all products come out of every batch; the cost is divided by weight, or by the share of each, for "
        "example '20 croissant share:3/4'",
    ),
]
Slug = Annotated[str | None, typer.Option(help="short name for commands; default: made from the name")]


def add_item(
    kind: Annotated[str, typer.Argument(help="ingredient, material, finished_unit or finished_good")],
    name: str,
    unit: Annotated[str, typer.Option(help="how stock is kept: g, ml, cm, or each for counted items")] = "each",
    policy: Annotated[str, typer.Option(help="fefo: first expired, first out; fifo: first in, first out")] = "fefo",
    shelf_life: Annotated[str | None, typer.Option(help="shelf life in days, or none for no limit")] = None,
    parts: Annotated[bool, typer.Option("--parts", help="kept by the piece, and also recorded in parts")] = False,
    slug: Slug = None,
) -> None:
    """Add an item to keep in stock."""
    if kind == "finished_unit" and shelf_life is None and at_terminal():
        shelf_life = ask_keeping(name)
    days = None if shelf_life is None else parse.keeping(shelf_life)
    result: Any = write(
        lambda session: record_item(
            kind, name, unit, session=session, slug=slug, pick_policy=policy, shelf_life_days=days, allows_parts=parts
        )
    )
    if kind == "finished_unit" and shelf_life is None:
        result = {**result, "warnings": [UNSTATED]}
    answer(result, _show_item)


def _show_item(result: Any) -> None:
    kept = _kept(result["base_unit"])
    say(f"Added {result['kind'].replace('_', ' ')} {result['slug']} (id {result['item_id']}), {kept}")
    for warning in told_in(result):
        say(f"  Look again: {warning}", style="yellow")


def list_items(
    kind: Annotated[
        str, typer.Argument(help="ingredient, material, finished_unit or finished_good; default: all items")
    ] = "item",
) -> None:
    """List items by id and slug."""
    _list(kind)


def list_recipes() -> None:
    """List recipes by id and slug."""
    _list("recipe")


def add_recipe(
    name: str,
    line: Annotated[
        list[str],
        typer.Option(help="for example '2 cup flour', '1 batch icing' or '60 g icing'; repeat for each line"),
    ],
    makes: Annotated[
        list[str] | None,
        typer.Option(
            help="what one batch makes, for example '24 sugar-cookie'; repeat for alternatives, or with --together for "
            "everything that comes out of one batch"
        ),
    ] = None,
    together: Together = False,
    slug: Slug = None,
    change: Annotated[str | None, typer.Option(help="replace the lines of this recipe: slug or id")] = None,
) -> None:
    """Add a recipe, or replace the lines of one; past runs keep the recipe they were baked with."""

    def work(session: Session) -> Any:
        result = record_recipe(
            name,
            [_line(session, text) for text in line],
            session=session,
            slug=slug,
            recipe_id=None if change is None else find(session, "recipe", change),
        )
        made = [read_made(session, text) for text in makes or []]
        if together or any(one["share"] is not None for one in made):
            record_recipe_makes(result["recipe_id"], made, session=session, together=together)
            return result
        for one in made:
            record_recipe_yield(result["recipe_id"], one["finished_unit_id"], one["quantity"], session=session)
        return result

    answer(write(work), lambda r: say(f"Recorded recipe {r['slug']} (id {r['recipe_id']})"))


def recipe_yield(
    recipe: Annotated[str, typer.Argument(help="slug or id")],
    quantity: Annotated[str, typer.Argument(help="how much one batch makes")],
    finished_unit: Annotated[str, typer.Argument(help="slug or id")],
) -> None:
    """Set how much of a finished unit one batch makes."""

    def work(session: Session) -> Any:
        return _record_yield(session, find(session, "recipe", recipe), finished_unit, parse.quantity(quantity))

    answer(write(work), lambda r: say(f"One batch of {recipe} makes {r['quantity']} {finished_unit}"))


def recipe_makes(
    recipe: Annotated[str, typer.Argument(help="slug or id")],
    makes: Annotated[
        list[str], typer.Argument(help="everything that one batch makes, for example '20 croissant' '500 g scraps'")
    ],
    together: Together = False,
) -> None:
    """Set everything that one batch makes: one of the products, or with --together all of them."""

    def work(session: Session) -> Any:
        recipe_id = find(session, "recipe", recipe)
        made = [read_made(session, text) for text in makes]
        return record_recipe_makes(recipe_id, made, session=session, together=together)

    joined = " and " if together else " or "
    answer(write(work), lambda _: say(f"One batch of {recipe} makes {joined.join(makes)}"))


def add_good(
    name: str,
    part: Annotated[list[str], typer.Option(help="for example '6 sugar-cookie'; repeat for each component")],
    shelf_life: Annotated[int | None, typer.Option(help="shelf life in days")] = None,
    slug: Slug = None,
) -> None:
    """Add a finished good, such as a gift box, and its components."""

    def work(session: Session) -> Any:
        added = record_item("finished_good", name, "each", session=session, slug=slug, shelf_life_days=shelf_life)
        parts: list[Any] = []
        for text in part:
            quantity, _, component = parse.amount_of(text)
            parts.append({"item_id": find(session, "item", component), "quantity": parse.exact_decimal(quantity)})
        record_good_components(added["item_id"], parts, session=session)
        return added

    answer(write(work), lambda r: say(f"Added finished good {r['slug']} (id {r['item_id']})"))


def add_supplier(name: str, slug: Slug = None) -> None:
    """Add a supplier."""
    result = write(lambda session: record_supplier(name, session=session, slug=slug))
    answer(result, lambda r: say(f"Added supplier {r['slug']} (id {r['supplier_id']})"))


def add_event(
    name: str,
    on: Annotated[Any, typer.Option(parser=parse.day, help="the date, for example 2026-12-15")] = None,
    slug: Slug = None,
) -> None:
    """Add an event."""
    result = write(lambda session: record_event(name, session=session, happens_on=on, slug=slug))
    answer(result, lambda r: say(f"Added event {r['slug']} (id {r['event_id']})"))


def _kept(base_unit: str) -> str:
    return "counted in pieces" if base_unit == "each" else f"kept in {base_unit}"


def _record_yield(session: Session, recipe_id: int, finished_unit: str, quantity: Any) -> Any:
    unit_id = find(session, "finished_unit", finished_unit)
    return record_recipe_yield(recipe_id, unit_id, parse.exact_decimal(quantity), session=session)


def read_made(session: Session, text: str) -> MadeInput:
    """What one batch makes: ``20 croissant``, ``0.5 kg scraps`` or ``500 g scraps share:1/4``."""
    amount, _, share = text.partition(" share:")
    quantity, unit, slug = parse.amount_of(amount)
    item = load_item(session, find(session, "finished_unit", slug))
    return {
        "finished_unit_id": item.item_id,
        "quantity": parse.exact_decimal(base_quantity(item, quantity, unit) if unit else quantity),
        "share": parse.quantity(share) if share else None,
    }


def _line(session: Session, text: str) -> Any:
    quantity, unit, name = parse.amount_of(text)
    if unit in ("batch", "batches"):
        return {"sub_recipe_id": find(session, "recipe", name), "quantity": quantity}
    if find_id(session, "item", name) is None and (recipe_id := find_id(session, "recipe", name)) is not None:
        if unit:
            return {"sub_recipe_id": recipe_id, "quantity": quantity, "unit": unit}
        raise typer.BadParameter(
            f"{name} is a recipe; use a number of batches or a weight, such as '1/2 batch {name}' or '60 g {name}'"
        )
    return {"item_id": find(session, "item", name), "quantity": quantity, "unit": unit or "each"}


def _list(kind: Any) -> None:
    kinds = ("item", "ingredient", "material", "finished_unit", "finished_good", "recipe")
    if kind not in kinds:
        raise typer.BadParameter(f"{kind!r} is not a kind; use one of {', '.join(kinds)}")
    answer(ask(lambda session: load_slugs(session, kind, offered=True)), show_slugs)


def show_slugs(slugs: dict[str, int]) -> None:
    """Print an id and a slug on each line."""
    for slug, key in slugs.items():
        say(f"{key:>6}  {slug}")

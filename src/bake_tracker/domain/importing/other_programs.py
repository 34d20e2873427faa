"""Files of Mealie, Tandoor, Paprika, Grocy and Craftybase, recognised by their structure and taken as an export.

A line without an amount, such as salt to taste, goes into the notes of its recipe.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.importing.rows import Placed, dicts, exact_number, plain
from bake_tracker.domain.slugs import slugify

APPLICATION = "bake-tracker"
_OURS = {"application", "format", "import_type", "view_type", "export_type", "entity_type"}
Document = dict[str, Any]
Line = tuple[str, Any, Any, str]
"""The name of a food, its amount and unit, and the text of the line."""


def from_other_program(document: object) -> Document | None:
    """The document as an export, or None if no program that we know writes such files.

    Raises:
        ValidationError: the program is known, but its file lacks what we need; the message says what to do instead.
    """
    if isinstance(document, dict) and _OURS & document.keys():
        return None
    rows = document.get("items", document) if isinstance(document, dict) else document
    rows = rows if isinstance(rows, list) else [rows]
    found = [row for row in rows if isinstance(row, dict)]
    if not found or len(found) < len(rows):
        return None
    for fits, read in _RECIPES:
        if all(map(fits, found)):
            return _export(
                [read(f"recipes[{index}]" if found[1:] else "recipe", row) for index, row in enumerate(found)]
            )
    for fits, whole in _WHOLE:
        if fits(found[0]):
            return whole(found[0])
    return None


def _export(recipes: Sequence[Placed], **sections: list[Placed]) -> Document:
    """Recipes and what they need, in the form of the older program's export."""
    foods = {row["ingredient_slug"]: row for recipe in recipes for row in recipe["ingredients"]}
    named = [Placed(place=row.place, display_name=row.food, hierarchy_level=2) for row in foods.values()]
    known = {slugify(str(row.get("display_name"))) for row in sections.get("ingredients", ())}
    new = [row for row in named if slugify(row["display_name"]) not in known]
    ingredients = [*sections.pop("ingredients", ()), *new]
    return {"application": APPLICATION, "version": "4.2", "ingredients": ingredients, **sections, "recipes": [*recipes]}


class _Line(Placed):
    """A line of a recipe, with the name of its food."""

    def __init__(self, *, place: str, food: str, **fields: Any) -> None:
        super().__init__(place=place, ingredient_slug=slugify(food), **fields)
        self.food = food
        self.columns.update({name: f".{name}" for name in self})


def _recipe(place: str, name: object, lines: Iterable[Line], notes: Iterable[object], **more: Any) -> Placed:
    """A recipe; its lines without an amount are noted."""
    recipe, without = Placed(place=place, name=name, **more), []
    recipe["ingredients"] = []
    for number, (food, amount, unit, text) in enumerate(lines, 1):
        if food and exact_number(amount):
            line = _Line(place=f"{place}, ingredient {number}", food=food, quantity=amount, unit=unit or "each")
            recipe["ingredients"].append(line)
        elif text.strip():
            without.append(text.strip())
    said = [str(one).strip() for one in notes if one]
    recipe["notes"] = "\n".join([*said, *([f"Without an amount: {'; '.join(without)}"] if without else [])]) or None
    return recipe


def _name(thing: object) -> str:
    """The name of a food, unit or category, which is an object with a name, or only the name."""
    return str(plain(thing.get("name") if isinstance(thing, dict) else thing) or "").strip()


def _is_mealie(row: Mapping[str, Any]) -> bool:
    lines = row.get("recipeIngredient", row.get("recipe_ingredient"))
    return isinstance(lines, list) and "name" in row and all(isinstance(line, dict) for line in lines)


def _mealie(place: str, row: Mapping[str, Any]) -> Placed:
    told = {
        "".join(part.title() if index else part for index, part in enumerate(key.split("_"))): row[key] for key in row
    }
    lines = [_mealie_line(line) for line in told["recipeIngredient"]]
    steps = [step.get("text") for step in dicts(told, "recipeInstructions")]
    return _recipe(place, told["name"], lines, [told.get("description"), *steps], **_mealie_yield(told))


def _mealie_line(line: Mapping[str, Any]) -> Line:
    food, unit, note = _name(line.get("food")), _name(line.get("unit")), str(plain(line.get("note")) or "")
    return (
        food,
        line.get("quantity"),
        unit,
        str(plain(line.get("display")) or "") or " ".join(filter(None, (food, note))),
    )


def _mealie_yield(told: Mapping[str, Any]) -> Document:
    count = told.get("recipeYieldQuantity") or told.get("recipeServings")
    categories = told.get("recipeCategory")
    return {
        "source": told.get("orgURL") or told.get("orgUrl"),
        "category": _name(categories[0]) if isinstance(categories, list) and categories else None,
        "yield_quantity": count or None,
        "yield_unit": told.get("recipeYield") if told.get("recipeYieldQuantity") else None,
    }


def _is_tandoor(row: Mapping[str, Any]) -> bool:
    steps = row.get("steps")
    return (
        "name" in row
        and isinstance(steps, list)
        and bool(steps)
        and all("ingredients" in s for s in dicts(row, "steps"))
    )


def _tandoor(place: str, row: Mapping[str, Any]) -> Placed:
    steps = dicts(row, "steps")
    lines = [
        (
            _name(line.get("food")),
            None if line.get("no_amount") else line.get("amount"),
            _name(line.get("unit")),
            " ".join(filter(None, (_name(line.get("food")), _name(line.get("note"))))),
        )
        for step in steps
        for line in dicts(step, "ingredients")
        if not line.get("is_header")
    ]
    words = [_name(word) for word in dicts(row, "keywords")]
    return _recipe(
        place, row["name"], lines, [row.get("description"), *(step.get("instruction") for step in steps)],
        source=row.get("source_url"), category=words[0] if words else None,
        yield_quantity=row.get("servings"), yield_unit=row.get("servings_text"),
    )  # fmt: skip


def _is_text(row: Mapping[str, Any]) -> bool:
    return isinstance(row.get("ingredients"), str) and "directions" in row


def _is_json_ld(row: Mapping[str, Any]) -> bool:
    return "recipeIngredient" in row or str(row.get("@type")).endswith("Recipe")


def refuse_text(place: str = "", row: object = None) -> Placed:
    """Refuse recipes whose lines are text, which a person must check line by line.

    Raises:
        ValidationError: always.
    """
    raise ValidationError.of(
        "file",
        "holds recipes as text, as Paprika and web pages do, and somebody must look at each line; in Paprika, export "
        "the recipes as HTML, otherwise save their pages",
        {"kind": "import_page"},
    )


_RECIPES: tuple[tuple[Callable[[Any], bool], Callable[[str, Any], Placed]], ...] = (
    (_is_mealie, _mealie),
    (_is_tandoor, _tandoor),
    (_is_text, refuse_text),
    (_is_json_ld, refuse_text),
)


def _mealie_backup(document: Mapping[str, Any]) -> Document:
    """A backup of Mealie: its tables by name."""
    foods, units = _by_id(document, "ingredient_foods"), _by_id(document, "ingredient_units")
    lines: defaultdict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    steps: defaultdict[Any, list[object]] = defaultdict(list)
    for line in sorted(dicts(document, "recipes_ingredients"), key=_position):
        told = {**line, "food": foods.get(plain(line.get("food_id"))), "unit": units.get(plain(line.get("unit_id")))}
        lines[plain(line.get("recipe_id"))].append(told)
    for step in sorted(dicts(document, "recipe_instructions"), key=_position):
        steps[plain(step.get("recipe_id"))].append(step.get("text"))
    return _export(
        [
            _mealie(
                f"recipes[{index}]",
                {
                    **row,
                    "recipeIngredient": lines[plain(row.get("id"))],
                    "recipeInstructions": [{"text": text} for text in steps[plain(row.get("id"))]],
                    "orgURL": row.get("org_url"),
                },
            )
            for index, row in enumerate(dicts(document, "recipes"))
        ]
    )


def _position(row: Mapping[str, Any]) -> Fraction:
    return exact_number(row.get("position")) or Fraction(0)


def _by_id(document: Mapping[str, Any], table: str) -> dict[Any, Mapping[str, Any]]:
    return {plain(row.get("id")): row for row in dicts(document, table)}


def _grocy(document: Mapping[str, Any]) -> Document:
    """Tables of Grocy, as its API lists them at ``/objects``: products with their stock, and recipes."""
    products, units = _by_id(document, "products"), _by_id(document, "quantity_units")
    places, lines = _by_id(document, "locations"), defaultdict(list)

    def unit_of(key: object) -> str:
        return _name(units.get(plain(key), {}))

    for line in dicts(document, "recipes_pos"):
        product = products.get(plain(line.get("product_id")), {})
        unit = unit_of(line.get("qu_id")) or unit_of(product.get("qu_id_stock"))
        lines[plain(line.get("recipe_id"))].append((_name(product), line.get("amount"), unit, _name(product)))
    recipes = [
        _recipe(f"recipes[{index}]", row.get("name"), lines[plain(row.get("id"))], [row.get("description")],
                yield_quantity=row.get("base_servings"))
        for index, row in enumerate(dicts(document, "recipes"))
        if row.get("type") in (None, "normal")
    ]  # fmt: skip
    stock = []
    for index, row in enumerate(dicts(document, "stock")):
        product = products.get(plain(row.get("product_id")), {})
        amount, price = exact_number(row.get("amount")), exact_number(row.get("price"))
        lot = Placed(place=f"stock[{index}]", ingredient_slug=slugify(_name(product)), quantity=row.get("amount"))
        lot.update(
            package_unit=unit_of(product.get("qu_id_stock")),
            purchase_date=row.get("purchased_date"),
            expiration_date=None if row.get("best_before_date") == _NEVER else row.get("best_before_date"),
            location=_name(places.get(plain(row.get("location_id")), {})) or None,
            notes=row.get("note"),
        )
        lot.columns.update(ingredient_slug=".product_id", quantity=".amount", package_unit=".qu_id_stock")
        if amount and price:
            lot["unit_cost"] = row["price"]
        stock.append(lot)
    ingredients = []
    for index, row in enumerate(dicts(document, "products")):
        item = Placed(place=f"products[{index}]", display_name=row.get("name"), hierarchy_level=2)
        item.update(base_unit=unit_of(row.get("qu_id_stock")), description=row.get("description") or None)
        item.columns.update(display_name=".name", base_unit=".qu_id_stock")
        ingredients.append(item)
    return _export(recipes, ingredients=ingredients, inventory_items=stock)


_NEVER = "2999-12-31"  # Grocy's date for goods that never expire


def _refuse_grocy_stock(document: Mapping[str, Any]) -> Document:
    raise ValidationError.of(
        "file",
        "is Grocy's overview of the stock, which names no units; save products, quantity_units, stock, locations, "
        "recipes and recipes_pos from its API (/api/objects/...) as JSON files in one folder, and import the folder",
    )


_WHOLE: tuple[tuple[Callable[[Mapping[str, Any]], bool], Callable[[Mapping[str, Any]], Document]], ...] = (
    (lambda row: {"recipes_ingredients", "ingredient_foods"} <= row.keys(), _mealie_backup),
    (lambda row: {"products", "quantity_units"} <= row.keys(), _grocy),
    (lambda row: {"product_id", "amount"} <= row.keys() and "application" not in row, _refuse_grocy_stock),
)

CRAFTYBASE = frozenset({"name", "tracking_unit"})
"""The headings by which we know Craftybase's list of materials."""


def from_craftybase(rows: Iterable[tuple[str, Mapping[str, str], Mapping[str, str]]]) -> Document:
    """Craftybase's list of materials, each row with its place, cells and columns; stock on hand becomes lots."""
    names = {"name": "display_name", "tracking_unit": "base_unit", "sku": "notes"}
    ingredients, stock = [], []
    for place, cells, columns in rows:
        said = {names.get(heading, heading): value for heading, value in cells.items() if value}
        on_hand = next((heading for heading in ("on_hand", "in_stock", "stock", "quantity") if heading in said), "")
        each = said.pop("unit_cost", None)
        if count := exact_number(said.get(on_hand)):
            lot = Placed(place=place, ingredient_slug=slugify(cells["name"]), quantity=str(count), unit_cost=each)
            lot["package_unit"] = cells.get("tracking_unit")
            lot.columns.update(quantity=columns[on_hand], package_unit=columns["tracking_unit"])
            stock.append(lot)
            del said[on_hand]
        row = Placed(place=place, **said)
        row.columns.update({names.get(heading, heading): column for heading, column in columns.items()})
        ingredients.append(row)
    return {"application": APPLICATION, "version": "4.2", "ingredients": ingredients, "inventory_items": stock}

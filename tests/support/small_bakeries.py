"""Small bakeries for Hypothesis, as the tables of an export."""

from datetime import date
from typing import Any

from hypothesis import strategies as st

from bake_tracker.domain.importing.exporting import Tables
from bake_tracker.domain.importing.tables import FORMAT

LETTERS = st.characters(codec="utf-8", categories=("L", "N", "P", "S"), exclude_characters="\x85")
NAMES = st.text(LETTERS, min_size=1, max_size=12)
NOTES = st.lists(NAMES, min_size=1, max_size=3).map("\n".join)
AMOUNTS = st.integers(1, 10**12).map(lambda micros: f"{micros // 10**6}.{micros % 10**6:06d}".rstrip("0").rstrip("."))
DAYS = st.dates(min_value=date(2020, 1, 1), max_value=date(2040, 1, 1)).map(str)
RATIOS = st.tuples(st.integers(1, 10**9), st.integers(1, 10**9)).map(lambda pair: f"{pair[0]}/{pair[1]}")
UNITS = {"g": "kg", "ml": "cup", "each": "dozen", "cm": "inch"}


@st.composite
def bakeries(draw: st.DrawFn) -> Tables:
    """The catalogue and the stock of a small bakery."""
    house = {"name": "Corner", "currency": "EUR", "time_zone": "UTC", "format": FORMAT}
    tables: Tables = {"bakery": [house | {"label_policy": draw(st.sampled_from(["warn", "refuse"]))}]}
    items = draw(st.lists(_items(), min_size=1, max_size=6))
    for number, item in enumerate(items):
        item["slug"] = f"item-{number}x"
        categories = [other["slug"] for other in items[:number] if "is_category" in other]
        if categories and draw(st.booleans()):
            item["parent"] = draw(st.sampled_from(categories))
    tables["items"] = items
    for table, extra in (("suppliers", "details"), ("events", "date"), ("recipients", "household")):
        values = DAYS if extra == "date" else NOTES if extra == "details" else NAMES
        rows = draw(st.lists(st.fixed_dictionaries({"name": NAMES}, optional={extra: values}), max_size=2))
        tables[table] = [{"slug": f"{table}-{number}", **row} for number, row in enumerate(rows)]
    stocked = [item for item in items if "is_category" not in item]
    if stocked:
        tables |= draw(_of(stocked, [row["slug"] for row in tables["suppliers"]]))
    return tables


@st.composite
def _of(draw: st.DrawFn, items: list[dict[str, str]], suppliers: list[str]) -> Tables:
    def item(*kinds: str) -> Any:
        slugs = [one["slug"] for one in items if one["kind"] in kinds or not kinds]
        return st.sampled_from(slugs) if slugs else None

    tables: Tables = {"recipes": [], "recipe_lines": [], "recipe_makes": [], "good_parts": [], "names": [], "lots": []}
    for number in range(draw(st.integers(0, 2))):
        slug = f"recipe-{number}"
        more = {"category": NAMES, "source": NAMES, "notes": NOTES}
        tables["recipes"].append({"slug": slug, **draw(st.fixed_dictionaries({"name": NAMES}, optional=more))})
        for _ in range(draw(st.integers(1, 3))):
            line = {"recipe": slug, "quantity": draw(RATIOS | AMOUNTS)}
            if number and draw(st.booleans()):
                line |= {"sub_recipe": "recipe-0", "unit": "batch"}
            else:
                line |= {"item": draw(item()), "unit": draw(st.sampled_from(["g", "cup", "each", "stick"]))}
            tables["recipe_lines"].append(line)
        if item("finished_unit") is not None:
            made = {"recipe": slug, "item": draw(item("finished_unit")), "per_batch": draw(AMOUNTS)}
            tables["recipe_makes"].append(made)
    if None not in (item("finished_good"), item("material", "finished_unit")):
        part = draw(item("material", "finished_unit"))
        tables["good_parts"].append({"good": draw(item("finished_good")), "component": part, "quantity": draw(AMOUNTS)})
    for name in draw(st.lists(NAMES, max_size=2, unique_by=str.casefold)):
        tables["names"].append({"name": f"{name}?", "item": draw(item())})
    if item("ingredient", "material") is not None:
        package = {"package_unit": st.just("kg"), "name": NAMES}
        more = {"brand": NAMES, "package_quantity": AMOUNTS, "gtin": st.from_regex(r"[0-9]{8,13}", fullmatch=True)}
        product = {"item": draw(item("ingredient", "material")), **draw(st.fixed_dictionaries(package, optional=more))}
        tables["products"] = [product | ({"supplier": suppliers[0]} if suppliers else {})]
        said = {"product": product["name"]}
        tables["product_allergens"] = [said | one for one in draw(_allergens())]
    spoken = draw(st.lists(item(), max_size=2, unique=True))
    tables["allergens"] = [{"item": slug} | one for slug in spoken for one in draw(_allergens())]
    tables["lots"] = draw(st.lists(_lots(items, suppliers), max_size=4))
    return tables


def _allergens() -> st.SearchStrategy[list[dict[str, str]]]:
    """The statement about one thing: each allergen at most once, or that there are none."""
    keys = st.sampled_from(["wheat", "milk", "eggs", "pine_nuts"])
    said = st.dictionaries(keys, st.sampled_from(["contains", "may_contain"]), max_size=3)
    return (said.filter(len) | st.just({"none": "contains"})).map(
        lambda all_of_it: [{"allergen": key, "presence": presence} for key, presence in all_of_it.items()]
    )


@st.composite
def _items(draw: st.DrawFn) -> dict[str, str]:
    kind = draw(st.sampled_from(["ingredient", "material", "finished_unit", "finished_good"]))
    more = {
        "shelf_life_days": st.integers(0, 400).map(str), "g_per_ml": RATIOS, "g_per_each": RATIOS,
        "description": NOTES, "lot_count": st.integers(1, 99).map(str),
    }  # fmt: skip
    if kind == "ingredient":
        more["is_category"] = st.just("yes")
    told = {"base_unit": st.sampled_from([*UNITS]), "pick_policy": st.sampled_from(["fefo", "fifo"]), "name": NAMES}
    return {"kind": kind, **draw(st.fixed_dictionaries(told, optional=more))}


@st.composite
def _lots(draw: st.DrawFn, items: list[dict[str, str]], suppliers: list[str]) -> dict[str, str]:
    item = draw(st.sampled_from(items))
    more = {
        "cost": AMOUNTS, "expires": DAYS, "on_hold": st.just("yes"), "location": NAMES,
        "usable_until": st.just("2041-02-03"),
    }  # fmt: skip
    if suppliers:
        more["supplier"] = st.sampled_from(suppliers)
    codes = st.sampled_from([f"{item['slug']}-20260101-1", "M-7", "0042"])
    lot = draw(st.fixed_dictionaries({"lot": codes, "quantity": AMOUNTS, "received": DAYS}, optional=more))
    return {"item": item["slug"], "unit": item["base_unit"], **lot}

"""What to bake and pack: what the stock allows, what would allow more, and what is short."""

from typing import TypedDict

from bake_tracker.queries.runs.can_make import Larder, Possible, possible


class ToMake(TypedDict):
    """Something to make; ``wanted_for`` lists the finished goods that wait for a recipe's product."""

    made: Possible
    wanted_for: list[str]


class ShortIngredient(TypedDict):
    """An item too short for even one; ``stops`` lists what cannot be made."""

    item_slug: str
    unit: str
    needed: str
    usable: str
    unusable: str
    stops: list[str]


def to_make(larder: Larder) -> tuple[list[ToMake], list[ShortIngredient]]:
    """What can be made, finished goods first, then the recipes they wait for; and what is short."""
    rows = [row for row in possible(larder) if row["makes"] and row["count"] is not None]
    wanted: dict[str, list[str]] = {}
    short: dict[str, ShortIngredient] = {}
    for row in rows:
        for one in row["stopped_by"]:
            for maker in one["made_by"] if row["what"] == "box" else ():
                wanted.setdefault(maker["recipe_slug"], []).append(row["name"])
            if row["count"] == 0:
                item = short.setdefault(
                    one["item_slug"],
                    {
                        "item_slug": one["item_slug"],
                        "unit": one["unit"],
                        "needed": one["needed"],
                        "usable": one["usable"],
                        "unusable": one["unusable"],
                        "stops": [],
                    },
                )
                item["stops"].append(row["name"])
    made: list[ToMake] = [
        {"made": row, "wanted_for": wanted.get(row["slug"], []) if row["what"] == "recipe" else []} for row in rows
    ]
    made.sort(
        key=lambda one: (
            one["made"]["what"] != "box",
            not one["made"]["count"],
            not one["wanted_for"],
            one["made"]["name"],
        )
    )
    return made, sorted(short.values(), key=lambda one: (-len(one["stops"]), one["item_slug"]))

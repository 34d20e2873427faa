"""Remedies in the words of a page: a link if a page can do it, otherwise plain words."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from bake_tracker.domain.plurals import one_of
from bake_tracker.domain.remedies import Missing, Remedy, RemedyKind


@dataclass(frozen=True, slots=True)
class Way:
    """A remedy for a person: the text, and the page it leads to, by its route's name and parts."""

    text: str
    route: str | None = None
    parts: dict[str, Any] = field(default_factory=dict)


def helps(lead: Callable[..., str], remedy: Remedy | None) -> Markup:
    """A sentence with the remedy, as a link if a page can do it; ``lead`` returns the page's path."""
    if remedy is None:
        return Markup()
    way = WAYS[remedy["kind"]](remedy)
    if way.route is None:
        return Markup(" {}.").format(way.text)
    return Markup(' <a class="alert-link" href="{}">{}</a>.').format(lead(way.route, **way.parts), way.text)


def remedies_of(problem: dict[str, Any]) -> list[Remedy]:
    """Every remedy in the details of a problem, without repeats."""
    found: Iterable[Remedy | None] = (problem.get("remedy"), *(one.get("remedy") for one in problem.get("errors", ())))
    kept: list[Remedy] = []
    for remedy in found:
        if remedy is not None and remedy not in kept:
            kept.append(remedy)
    return kept


def _measure(remedy: Remedy) -> Way:
    weights = " and ".join(_weight(remedy, one) for one in remedy["missing"])
    ask = f"sk the person who keeps the catalogue to record what {weights}"
    if "base_unit" not in remedy:
        return _item(remedy, f"A{ask}")
    unit = "pieces" if remedy["base_unit"] == "each" else remedy["base_unit"]
    return _item(remedy, f"Give the amount in {unit}, or a{ask}")


def _weight(remedy: Remedy, one: Missing) -> str:
    name = remedy["item_name"]
    return f"one {one_of(name)} weighs" if one["measure"] == "piece" else f"1 {one['unit']} of {name} weighs"


def _item(remedy: Remedy, text: str) -> Way:
    return Way(text, "item", {"item_id": remedy["item_id"]})


def _explain(remedy: Remedy) -> Way:
    if not (known := remedy["operation_id"]):
        return Way("Look at the latest operations before you do it again", "operations")
    return Way("Check whether it was recorded before you do it again", "operation", {"operation_id": known})


def _settle_line(remedy: Remedy) -> Way:
    return Way(f"Write an amount and an ingredient in row {remedy['line']}, or clear the row")


WAYS: dict[RemedyKind, Callable[[Remedy], Way]] = {
    "add_product": lambda one: Way("Add the product with its size", "new_product", {"item_id": one["item_id"]}),
    "allow_parts": lambda one: Way("Allow parts of it", "edit", {"kind": "item", "key": one["item_id"]}),
    "begin_anew": lambda one: Way("Ask the person who runs the server to bring the database back"),
    "answer_count": lambda one: Way("Answer the question in the form and send it again"),
    "choose_range": lambda one: Way("Choose one of the two amounts"),
    "correct_settings": lambda one: Way("Correct the currency or time zone", "correct_settings"),
    "declare_ingredients": lambda one: _item(
        one, f"Ask the person who keeps the catalogue to put the ingredients of {one['item_slug']} on file"
    ),
    "explain_operation": _explain,
    "file_label": lambda one: Way("Or have the new list put on file; the settings say whether a difference is refused"),
    "import_page": lambda one: Way("Import each of them as a recipe page"),
    "list_things": lambda one: Way("See what there is", "recipes" if one["what"] == "recipe" else "stock"),
    "map_name": lambda one: Way(f"If you mean {one['item_slug']}, write that"),
    "measure": _measure,
    "measure_items": lambda one: Way("Ask the person who keeps the catalogue to record it"),
    "name_ingredient": lambda one: Way("Choose an ingredient from the catalogue, or add it as a new one"),
    "name_table": lambda one: Way(f"Name the table one of {', '.join(one['tables'])}"),
    "prepare_database": lambda one: Way("Ask the person who runs the server to prepare the database"),
    "record_again": lambda one: Way("If it really came twice, tick the box that says so"),
    "record_count": lambda one: Way("Count the shelf", "count"),
    "release_lots": lambda one: Way("Or release it first", "release", {"lot_id": one["lot_ids"][0]}),
    "rename": lambda one: Way(
        f"Ask the person who keeps the catalogue to record {one['name']} as a name for {one['item_slug']} first"
    ),
    "replace_file": lambda one: Way("Ask the person who runs the server to replace it"),
    "restore_again": lambda one: Way("Ask the person who runs the server to restore it again"),
    "settle_line": _settle_line,
    "state_allergens": lambda one: _item(
        one, f"Ask the person who keeps the catalogue to record which allergens {one['item_slug']} contains"
    ),
    "state_dates": lambda one: Way("Write every date that way"),
    "scale_batches": lambda one: Way(f"Enter 1 batch, and {one['quantity']} as the size of a batch"),
    "state_decimals": lambda one: Way("Write every number that way"),
    "state_yield": lambda one: Way("Enter how many of which product one batch makes, or leave it empty"),
    "take_good_rows": lambda one: Way("Correct the rows first"),
    "verify_ledger": lambda one: Way("Ask the person who runs the server to verify the ledger"),
    "verify_log": lambda one: Way("Ask the person who runs the server to verify the log"),
}

"""Remedies in the words of a terminal: for each kind, the command or flag to type."""

import shlex
from collections.abc import Callable
from typing import Any

from bake_tracker.domain.errors import ServiceError
from bake_tracker.domain.plurals import one_of
from bake_tracker.domain.remedies import Missing, Published, Remedy, RemedyKind, mended, worded
from bake_tracker.domain.written import UnreadableError

_LISTS = {
    "recipe": "bake recipe list",
    "finished_unit": "bake item list finished_unit",
    "finished_good": "bake item list finished_good",
    "item": "bake item list",
}


def words(remedy: Remedy) -> str:
    """What to type, worded to follow the text of the problem."""
    return WORDS[remedy["kind"]](remedy)


def told(error: Exception) -> str:
    """The text of an error, with the command or flag to type."""
    if isinstance(error, UnreadableError):
        return mended(str(error), error.remedy, words)
    return error.in_words(words) if isinstance(error, ServiceError) else str(error)


def told_by_line(error: ServiceError) -> str:
    """The text of an error; if it has several problems, each on its own line."""
    problems = worded(getattr(error, "problems", []), words)
    if len(problems) < 2:
        return told(error)
    lines = [": ".join(filter(None, (problem.get("field"), problem["problem"]))) for problem in problems]
    return "\n  ".join([f"{len(lines)} problems", *lines])


def in_words(answer: Any) -> Any:
    """An answer with every remedy worded after its text."""
    return worded(answer, words)


def _mapping(remedy: Remedy) -> str:
    """A name and its item as one word of a command; a shell changes some characters even inside double quotes."""
    text = f"{remedy['name']}={remedy['item_slug']}"
    return shlex.quote(text) if set(text) & set('"$`\\!') else f'"{text}"'


def _measure(remedy: Remedy) -> str:
    return "; and ".join(_weigh(remedy, one) for one in remedy["missing"])


def _weigh(remedy: Remedy, one: Missing) -> str:
    slug = remedy["item_slug"]
    is_piece = one["measure"] == "piece"
    what = f"one {one_of(remedy['item_name'])}" if is_piece else f"1 {one['unit']} of {remedy['item_name']}"
    option = "--piece 1" if is_piece else f'--volume "1 {one["unit"]}"'
    weigh = f'bake measure {slug} {option} --weighs "GRAMS g" --source "our scale"'
    published = f"; or use a published figure, {_published(slug, one['published'])}" if one["published"] else ""
    return f"weigh {what} and record it: {weigh}{published}"


def _published(slug: str | None, known: Published) -> str:
    amount, unit = known["amount"], known["unit"]
    option = f"--piece {amount}" if unit == "each" else f'--volume "{amount} {unit}"'
    command = f'bake measure {slug} {option} --weighs "{known["weight_g"]} g" --source "{known["source"]}"'
    return f"{known['told']}, if yours is similar: {command}"


def _file_label(remedy: Remedy) -> str:
    listed = remedy.get("ingredients", "...")
    keys = [f" --contains {one}" for one in remedy.get("contains", ())]
    keys += [f" --may-contain {one}" for one in remedy.get("may_contain", ())]
    return (
        f'or put the new list on file: bake declare {remedy["item_slug"]} "{listed}"{"".join(keys)}; '
        "bake init --label-policy warn lets it pass with a warning"
    )


def _explain(remedy: Remedy) -> str:
    known = remedy["operation_id"]
    return f"before you repeat it, run: bake explain {known}" if known else "repeat it with the same --operation-id"


def _settle_line(remedy: Remedy) -> str:
    number = remedy["line"]
    accept = [f"--accept {number}"] if remedy["can_accept"] else []
    return "add " + " or ".join([*accept, f"--line '{number}=250 g SLUG'", f"--leave-out {number}"])


def _state_yield(remedy: Remedy) -> str:
    create = " or --create-missing" if remedy["can_create"] else ""
    return f"add --makes '{remedy['quantity']} {remedy['item_slug'] or 'SLUG'}' or --without-yield{create}"


WORDS: dict[RemedyKind, Callable[[Remedy], str]] = {
    "add_product": lambda one: "or add the product with its size: bake product add",
    "allow_parts": lambda one: f"if it comes in parts: bake item change {one['item_slug']} --parts",
    "begin_anew": lambda one: "or begin a new bakery there: bake init",
    "answer_count": lambda one: "if the count had seen it, add --count-saw before; if not, add --count-saw after",
    "choose_range": lambda one: "add --ranges low or --ranges high",
    "correct_settings": lambda one: "run: bake correct-settings",
    "declare_ingredients": lambda one: f'put them on file: bake declare {one["item_slug"]} "..."',
    "explain_operation": _explain,
    "file_label": _file_label,
    "import_page": lambda one: "and run bake import-page on each of them",
    "list_things": lambda one: f"to see them: {_LISTS[one['what']]}",
    "map_name": lambda one: f"if it is one of these, add --map {_mapping(one)}",
    "measure": _measure,
    "measure_items": lambda one: f"to record it: bake measure {one['item_slugs'][0]}",
    "name_ingredient": lambda one: f"add --map '{one['name']}={one['item_slug'] or 'SLUG'}' or --create-missing",
    "name_table": lambda one: f"add --table with one of {', '.join(one['tables'])}",
    "prepare_database": lambda one: "run: bake init",
    "record_again": lambda one: "if it really came twice, add --again",
    "record_count": lambda one: "use bake count record or bake waste",
    "release_lots": lambda one: f"or release it first, with a reason: bake release {' '.join(one['lot_codes'])}",
    "rename": lambda one: f"first run: bake names add {one['name']!r} {one['item_slug']}",
    "replace_file": lambda one: "or add --force",
    "restore_again": lambda one: "run: bake restore FILE",
    "settle_line": _settle_line,
    "state_allergens": lambda one: f"record them: bake allergen set {one['item_slug']} --contains ..., or --none",
    "state_dates": lambda one: "or add --dates dmy or --dates mdy for the whole file",
    "scale_batches": lambda one: f"use 1 batch and --scale {one['quantity']}",
    "state_decimals": lambda one: "or add --decimals comma or --decimals point for the whole file",
    "state_yield": _state_yield,
    "take_good_rows": lambda one: "or import only the good rows with --skip-bad",
    "verify_ledger": lambda one: "run: bake verify",
    "verify_log": lambda one: "for details, run: bake log verify",
}

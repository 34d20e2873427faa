"""Remedies in the words of the API: for each kind, the route to call or the field to send."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NotRequired, TypedDict

from bake_tracker.domain.plurals import one_of
from bake_tracker.domain.remedies import Missing, Remedy, RemedyKind, worded
from bake_tracker.entrypoints.http.problems import Problem

_LISTS = {
    "recipe": "GET /api/v1/recipes",
    "finished_unit": "GET /api/v1/items?kind=finished_unit",
    "finished_good": "GET /api/v1/items?kind=finished_good",
    "item": "GET /api/v1/items",
}
_OPERATOR = "ask the person who runs the server to"


class Way(TypedDict):
    """A remedy for a program: the text, and the route or field that it names."""

    text: str
    route: NotRequired[str]
    field: NotRequired[str]


def words(remedy: Remedy) -> str:
    """What to send, worded to follow the text of the problem."""
    return WAYS[remedy["kind"]](remedy)["text"]


def in_words(answer: Any) -> Any:
    """An answer with every remedy worded after its text, and with its route or field."""
    return worded(answer, words, details=_details)


def word_problem(problem: Problem) -> Problem:
    """The same for the details of a problem; ``detail`` combines all its errors."""
    told: Problem = in_words(problem)
    if any("remedy" in error for error in problem.get("errors", ())):
        texts = [": ".join(filter(None, (error.get("field"), error["problem"]))) for error in told["errors"]]
        told["detail"] = "; ".join(texts)
    return told


def _details(remedy: Remedy) -> Mapping[str, Any]:
    return {name: text for name, text in WAYS[remedy["kind"]](remedy).items() if name != "text"}


def _measure(remedy: Remedy) -> Way:
    ways = [_weigh(remedy, one) for one in remedy["missing"]]
    return {"text": "; and ".join(way["text"] for way in ways), "route": ways[0]["route"]}


def _weigh(remedy: Remedy, one: Missing) -> Way:
    is_piece = one["measure"] == "piece"
    what = f"one {one_of(remedy['item_name'])}" if is_piece else f"1 {one['unit']} of {remedy['item_name']}"
    route = f"POST /api/v1/items/{remedy['item_id']}/{'piece-weights' if is_piece else 'densities'}"
    known = one["published"]
    published = f"; or use a published figure, {known['told']}, if yours is similar" if known else ""
    return {"text": f"weigh {what} and record it: {route}{published}", "route": route}


def _file_label(remedy: Remedy) -> Way:
    route = "POST /api/v1/filed-labels"
    names = ("item_id", "ingredients", "contains", "may_contain")
    body = {name: remedy[name] for name in names if name in remedy}  # type: ignore[literal-required]  # its own fields
    sent = f" with {json.dumps(body, ensure_ascii=False)}" if "item_id" in body else ""
    return {
        "text": f"or put the new list on file: {route}{sent}; "
        "PATCH /api/v1/bakery with label_policy warn lets it pass with a warning",
        "route": route,
    }


def _explain(remedy: Remedy) -> Way:
    if not (known := remedy["operation_id"]):
        return {"text": "send it again with the same Idempotency-Key", "field": "Idempotency-Key"}
    route = f"GET /api/v1/operations/{known}"
    return {"text": f"before you repeat it, check: {route}", "route": route}


def _settle_line(remedy: Remedy) -> Way:
    number, field = remedy["line"], "choices.accepted" if remedy["can_accept"] else "choices.said"
    accept = f"add {number} to choices.accepted to accept it as read, or " if remedy["can_accept"] else ""
    return {
        "text": f"{accept}give its meaning in choices.said under {number}, or add {number} to choices.left_out",
        "field": field,
    }


def _state_yield(remedy: Remedy) -> Way:
    create = ", or set choices.create_missing to true" if remedy["can_create"] else ""
    text = f"set choices.makes to a finished unit and a quantity, or choices.without_yield to true{create}"
    return {"text": text, "field": "choices.makes"}


def _route(route: str, text: str) -> Way:
    return {"text": f"{text}: {route}", "route": route}


def _field(field: str, text: str) -> Way:
    return {"text": text, "field": field}


WAYS: dict[RemedyKind, Callable[[Remedy], Way]] = {
    "add_product": lambda one: _route("POST /api/v1/products", "or add the product with its size"),
    "allow_parts": lambda one: _route(
        f"PATCH /api/v1/items/{one['item_id']}", "if it comes in parts, set allows_parts to true"
    ),
    "begin_anew": lambda one: {"text": f"{_OPERATOR} bring the database back"},
    "answer_count": lambda one: _field(
        "count_saw", "if the count had seen it, set count_saw to before; if not, to after"
    ),
    "choose_range": lambda one: _field("choices.ranges", "set choices.ranges to low or high"),
    "correct_settings": lambda one: _route("POST /api/v1/bakery/corrections", "to correct them"),
    "declare_ingredients": lambda one: _route(
        "POST /api/v1/filed-labels", f"put them on file for item_id {one['item_id']}"
    ),
    "explain_operation": _explain,
    "file_label": _file_label,
    "import_page": lambda one: _route("POST /api/v1/recipe-pages", "and send each of them"),
    "list_things": lambda one: _route(_LISTS[one["what"]], "to see them"),
    "map_name": lambda one: _field(
        "names", f"if it is one of these, add to names: {json.dumps({one['name']: one['item_slug']})}"
    ),
    "measure": _measure,
    "measure_items": lambda one: {
        "text": "to record it: POST /api/v1/items/{item_id}/densities or POST /api/v1/items/{item_id}/piece-weights",
        "route": "POST /api/v1/items/{item_id}/densities",
    },
    "name_ingredient": lambda one: _field(
        "choices.names",
        f"give the id of an item for {one['name']!r} in choices.names, or set choices.create_missing to true",
    ),
    "name_table": lambda one: _field("document", f"send its rows in document under one of {', '.join(one['tables'])}"),
    "prepare_database": lambda one: {"text": f"{_OPERATOR} prepare the database"},
    "record_again": lambda one: _field("again", "if it really came twice, set again to true"),
    "record_count": lambda one: {
        "text": "use POST /api/v1/stocktakes or POST /api/v1/adjustments",
        "route": "POST /api/v1/stocktakes",
    },
    "release_lots": lambda one: _route("POST /api/v1/releases", "or release it first, with a reason"),
    "rename": lambda one: _route("POST /api/v1/names", f"first record that {one['name']!r} means {one['item_slug']}"),
    "replace_file": lambda one: {"text": f"or {_OPERATOR} replace it"},
    "restore_again": lambda one: {"text": f"{_OPERATOR} restore it again"},
    "settle_line": _settle_line,
    "state_allergens": lambda one: _route(f"PUT /api/v1/items/{one['item_id']}/allergens", "record them"),
    "state_dates": lambda one: _field("document", "write every date in document that way"),
    "scale_batches": lambda one: _field("scale_factor", f"send 1 batch and scale_factor {one['quantity']}"),
    "state_decimals": lambda one: _field("document", "write every number in document that way"),
    "state_yield": _state_yield,
    "take_good_rows": lambda one: _field("skip_bad", "or set skip_bad to true to import only the good rows"),
    "verify_ledger": lambda one: _route("GET /api/v1/verification", "verify the ledger"),
    "verify_log": lambda one: _route("GET /api/v1/verification", "for details"),
}

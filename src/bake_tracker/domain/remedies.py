"""Remedies for refusals, as values; each interface words them with its own flags, fields and routes, or links.

A value is plain JSON, because import reports keep it. It stands beside the text it belongs to: ``remedy`` beside a
``problem`` or ``reason``; ``remedies`` beside a ``problem`` that combines several, or one for each text in ``to_do``;
``hint_remedies``, one for each of ``hints``.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, NotRequired, TypedDict

RemedyKind = Literal[
    "add_product",
    "allow_parts",
    "answer_count",
    "begin_anew",
    "choose_range",
    "correct_settings",
    "declare_ingredients",
    "explain_operation",
    "file_label",
    "import_page",
    "list_things",
    "map_name",
    "measure",
    "measure_items",
    "name_ingredient",
    "name_table",
    "prepare_database",
    "record_again",
    "record_count",
    "release_lots",
    "rename",
    "replace_file",
    "restore_again",
    "scale_batches",
    "settle_line",
    "state_allergens",
    "state_dates",
    "state_decimals",
    "state_yield",
    "take_good_rows",
    "verify_ledger",
    "verify_log",
]


class Published(TypedDict):
    """A published weight, offered in place of a scale: ``weight_g`` for ``amount`` of ``unit``."""

    told: str
    amount: int
    unit: str
    weight_g: str
    source: str


class Missing(TypedDict):
    """A weight that nobody has recorded: of one ``unit`` (``density``) or of one piece (``piece``)."""

    measure: Literal["density", "piece"]
    unit: str
    published: Published | None


class Remedy(TypedDict):
    """A remedy for a refusal: its kind, and the values of that kind."""

    kind: RemedyKind
    item_id: NotRequired[int]
    item_slug: NotRequired[str | None]
    item_slugs: NotRequired[list[str]]
    item_name: NotRequired[str]
    base_unit: NotRequired[str]
    missing: NotRequired[list[Missing]]
    ingredients: NotRequired[str]
    contains: NotRequired[list[str]]
    may_contain: NotRequired[list[str]]
    lot_ids: NotRequired[list[int]]
    lot_codes: NotRequired[list[str]]
    operation_id: NotRequired[str | None]
    name: NotRequired[str]
    tables: NotRequired[list[str]]
    what: NotRequired[str]
    line: NotRequired[int]
    quantity: NotRequired[str]
    can_accept: NotRequired[bool]
    can_create: NotRequired[bool]


class Advice(NamedTuple):
    """A problem or an unknown, and its remedy."""

    text: str
    remedy: Remedy | None = None


Words = Callable[[Remedy], str]
"""How an interface words a remedy, to follow the text of the problem."""


def mended(text: str, remedy: Remedy | None, words: Words) -> str:
    """The text of a problem, followed by its remedy in words."""
    if remedy is None:
        return text
    said = words(remedy)
    return f"{text}{', ' if said.startswith('or ') else '; '}{said}"


def worded(answer: Any, words: Words, *, details: Callable[[Remedy], Mapping[str, Any]] | None = None) -> Any:
    """The same answer with every remedy worded after its text; ``details`` adds fields to the remedy."""
    if isinstance(answer, list):
        return [worded(one, words, details=details) for one in answer]
    if not isinstance(answer, Mapping):
        return answer
    told: dict[str, Any] = {}
    for name, value in answer.items():
        if name == "remedy" and value is not None:
            told[name] = {**value, **(details(value) if details else {})}
        elif name in ("remedies", "hint_remedies"):
            told[name] = [one and {**one, **(details(one) if details else {})} for one in value]
        else:
            told[name] = worded(value, words, details=details)
    for name in ("problem", "reason", "detail"):
        if isinstance(told.get(name), str):
            for remedy in (answer.get("remedy"), *(answer.get("remedies", ()) if name == "problem" else ())):
                told[name] = mended(told[name], remedy, words)
    for texts, remedies in (("to_do", "remedies"), ("hints", "hint_remedies")):
        if texts in answer and remedies in answer:
            told[texts] = _each(answer[texts], answer[remedies], words)
    return told


def _each(texts: Sequence[str], remedies: Sequence[Remedy | None], words: Words) -> list[str]:
    return [mended(text, remedy, words) for text, remedy in zip(texts, remedies, strict=True)]

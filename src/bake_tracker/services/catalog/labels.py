"""The label on file: the printed ingredients and allergens, with which every run is compared."""

from collections.abc import Sequence
from typing import TypedDict, cast
from uuid import UUID

from sqlalchemy import Connection, delete, insert
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.label.allergens import Statement, in_order, label_text, read_allergens
from bake_tracker.domain.label.text import list_text
from bake_tracker.models import tables
from bake_tracker.queries.catalog.definitions import load_item
from bake_tracker.queries.catalog.label_facts import FiledLabel, load_filed
from bake_tracker.queries.catalog.things import load_things
from bake_tracker.queries.views.label import check_complete, load_label
from bake_tracker.services.catalog.changes import note_changes
from bake_tracker.services.operation import Kind, recording
from bake_tracker.services.stock.ledger import lock_items

RECORD = Kind(
    "record_label_filed",
    "label_service",
    "Filed a label",
    success_fields=("item_id", "slug", "lot_id", "ingredients", "contains", "may_contain"),
)


class OnFile(TypedDict):
    """A current or former label on file."""

    ingredients: str
    contains: list[str]
    may_contain: list[str]
    filed_at: str


class LabelFiledResult(TypedDict):
    """The label now on file; ``was`` is the previous one, or None."""

    operation_id: str
    item_id: int
    slug: str
    lot_id: int | None
    ingredients: str
    contains: list[str]
    may_contain: list[str]
    filed_at: str
    was: OnFile | None


def record_label_filed(
    item_id: int | None = None,
    ingredients: str | None = None,
    contains: Sequence[str] = (),
    may_contain: Sequence[str] = (),
    *,
    session: Session,
    lot_id: int | None = None,
    operation_id: UUID | str | None = None,
) -> LabelFiledResult:
    """File an item's label: this list with these allergens, or the actual contents of one of its lots.

    For a purchased item, it is the list on the supplier's package, which labels then show in brackets.

    Raises:
        ValidationError: an argument is not allowed, or both an item and a lot are given, or neither.
        ItemNotFoundError, LotNotFoundError: there is no such item or lot.
        LabelIncompleteError: the lot's label would have gaps; lists what has not been recorded.
        ConflictError: the operation that made the lot was reversed, or ``operation_id`` was used for something else.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        key = given.optional_key("item_id", item_id)
        lot = given.optional_key("lot_id", lot_id)
        text = None if ingredients is None else given.name("ingredients", ingredients, limit=5_000)
        inside = read_allergens(given, "contains", contains)
        maybe = read_allergens(given, "may_contain", may_contain, also_unnamed=True)
        if both := in_order(set(inside) & set(maybe)):
            given.refuse("may_contain", f"must not repeat {', '.join(both)} from contains")
        if lot is None and (key is None or text is None):
            given.refuse("item_id", "give an item with its ingredients, or a lot")
        if lot is not None and (key is not None or text is not None or inside or maybe):
            given.refuse("lot_id", "must be given alone: the item, ingredients and allergens come from the lot")
        given.done()
        asked = {"item_id": key, "ingredients": text, "contains": inside, "may_contain": maybe, "lot_id": lot}
        if done := operation.claim(asked):
            return cast(LabelFiledResult, done)
        if lot is not None:
            label = load_label(session, lot).label
            check_complete(label)
            key, text = label.food.item_id, list_text(label)
            inside, maybe = list(label.contains), list(label.may_contain)
        assert key is not None
        assert text is not None
        item = load_item(session, key)
        lock_items(operation, [key])
        was = load_filed(operation.connection, key)
        filed = FiledLabel(text, frozenset(inside), frozenset(maybe), operation.now)
        before = load_things(session, [("item_label", str(key))])
        _write(operation.connection, key, filed)
        note_changes(operation, before)
        shown = cast(OnFile, _shown(filed))
        return operation.succeed(
            LabelFiledResult(
                operation_id=operation.id, item_id=key, slug=item.slug, lot_id=lot, **shown, was=_shown(was)
            )
        )


def _write(connection: Connection, item_id: int, filed: FiledLabel) -> None:
    connection.execute(delete(tables.item_label).where(tables.item_label.c.item_id == item_id))
    allergens = label_text(Statement(filed.contains, filed.may_contain))
    row = {"ingredients": filed.ingredients, "allergens": allergens, "filed_at": filed.filed_at}
    connection.execute(insert(tables.item_label), {"item_id": item_id, **row})


def _shown(filed: FiledLabel | None) -> OnFile | None:
    if filed is None:
        return None
    return {
        "ingredients": filed.ingredients,
        "contains": in_order(filed.contains),
        "may_contain": in_order(filed.may_contain),
        "filed_at": filed.filed_at.isoformat(),
    }

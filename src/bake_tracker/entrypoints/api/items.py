"""Routes of items: stock, prices, measures and allergens."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import Request
from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema
from starlette.responses import Response

from bake_tracker.domain.slice_keys import read_key, write_key
from bake_tracker.domain.stock.doubts import UNSTATED
from bake_tracker.entrypoints.api.common import (
    After,
    Body,
    IdempotencyKey,
    Key,
    Limit,
    Page,
    Search,
    Since,
    Strict,
    Warned,
    checked,
    checks,
    reads,
    recorded,
    routes,
    tagged,
    today,
    writes,
)
from bake_tracker.entrypoints.api.fields import (
    Amount,
    Day,
    Days,
    Id,
    Many,
    Name,
    Slug,
    Text,
    UnitText,
    line,
)
from bake_tracker.queries.catalog.measures import MeasureRow, load_measures
from bake_tracker.queries.reports.prices import PriceHistory, load_prices
from bake_tracker.queries.views.item import ItemOnHand, ItemView, load_item_facts, load_item_slice, load_item_view
from bake_tracker.queries.views.lot import LotRow, load_open_lots
from bake_tracker.services.catalog.allergens import AllergensResult, record_allergens
from bake_tracker.services.catalog.edits import ItemChangeResult, record_item_change
from bake_tracker.services.catalog.measures import DensityResult, PieceResult, record_density, record_piece_weight
from bake_tracker.services.catalog.things import ItemResult, record_item
from bake_tracker.services.catalog.unit_change import (
    UnitChangeCheck,
    UnitChangeResult,
    check_unit_change,
    record_unit_change,
)
from bake_tracker.services.database import read_scope

router = routes("/items", "items")

Kind = Literal["ingredient", "material", "finished_unit", "finished_good"]
BaseUnit = Literal["g", "ml", "each", "cm"]


class ItemPage(Page):
    """Items by name."""

    items: list[ItemOnHand]


class NewItem(Body):
    """An item; see ``record_item``."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "ingredient", "name": "Rye flour", "base_unit": "g"}]}
    )

    kind: Kind
    name: Name
    base_unit: BaseUnit
    slug: Slug | None = None
    pick_policy: Literal["fefo", "fifo"] = "fefo"
    shelf_life_days: Days | None = None
    parent_id: Id | None = None
    description: Text | None = None
    allows_parts: bool = False


class Allergens(Body):
    """All allergens of an item, or of one package of it; two empty lists mean that it contains none."""

    contains: Many[str]
    may_contain: Many[str] = Field(default_factory=list)
    product_id: Id | None = None


class ItemChange(Body):
    """The fields of an item to change; see ``record_item_change``."""

    name: Name | SkipJsonSchema[None] = None
    pick_policy: Literal["fefo", "fifo"] | SkipJsonSchema[None] = None
    shelf_life_days: Days | None = None
    description: Text | None = None
    allows_parts: bool = False
    archived: bool | SkipJsonSchema[None] = None


class NewUnit(Body):
    """The unit that an item is kept in from now on; see ``record_unit_change``."""

    base_unit: BaseUnit


class Density(Body):
    """What a volume weighs, such as 1 cup and 120 g; with ``lot_id``, only of that lot.

    ``correct`` replaces a mistyped figure for the same lots.
    """

    volume: Amount
    volume_unit: UnitText
    weight: Amount
    weight_unit: UnitText
    source: Annotated[str, line(300)] | None = None
    measured_on: Day | None = None
    lot_id: Id | None = None
    correct: bool = False


class PieceWeight(Body):
    """What a number of pieces weighs, such as 12 pieces and 600 g; see ``Density``."""

    pieces: Amount
    weight: Amount
    weight_unit: UnitText
    source: Annotated[str, line(300)] | None = None
    measured_on: Day | None = None
    lot_id: Id | None = None
    correct: bool = False


@router.get("", **reads(ItemPage))
def list_items(
    request: Request,
    limit: Limit = 50,
    after: After = None,
    kind: Kind | None = None,
    search: Search = None,
    archived: bool | None = None,
) -> Response:
    """Items by name, with stock on hand and its cost."""
    key = None if after is None else read_key(after, str, int)
    with read_scope() as session:
        items = load_item_slice(session, limit + 1, after=key, kind=kind, search=search, archived=archived)
    last = items[limit - 1] if len(items) > limit else None
    page = ItemPage(items=items[:limit], next=write_key([last["name"], last["item_id"]] if last else None))
    return tagged(request, page)


class ItemAnswer(ItemResult, Warned):
    """A new item; ``shelf_life_not_stated`` in ``warnings`` if a finished unit came without ``shelf_life_days``."""


@router.post("", **writes(ItemAnswer))
def add_item(
    request: Request, body: NewItem, idempotency_key: IdempotencyKey = None, strict: Strict = False
) -> Response:
    """Add an ingredient, material, finished unit or finished good. With ``null`` as its shelf life, it has no limit."""

    def record(**arguments: Any) -> Mapping[str, Any]:
        done = record_item(**arguments)
        is_stated = body.kind != "finished_unit" or "shelf_life_days" in body.model_fields_set
        return done if is_stated else {**done, "warnings": [UNSTATED]}

    return recorded(request, idempotency_key, record, at="/items/{item_id}", strict=strict, **body.given())


@router.patch("/{item_id}", **writes(ItemChangeResult, status=200))
def change_item(request: Request, item_id: Key, body: ItemChange, idempotency_key: IdempotencyKey = None) -> Response:
    """Change an item's fields, or archive it; fields that you leave out stay as they are."""
    return recorded(request, idempotency_key, record_item_change, at=None, item_id=item_id, changes=body.given())


@router.post("/{item_id}/unit-changes/check", **checks(UnitChangeCheck))
def check_unit(item_id: Key, body: NewUnit) -> Response:
    """What would change if the item were kept in another unit; records nothing."""
    with read_scope() as session:
        return checked(check_unit_change(item_id, body.base_unit, session=session))


@router.post("/{item_id}/unit-changes", **writes(UnitChangeResult))
def change_unit(request: Request, item_id: Key, body: NewUnit, idempotency_key: IdempotencyKey = None) -> Response:
    """Keep the item in another unit; another item takes its slug, stock and recipes, and this one keeps the history."""
    return recorded(request, idempotency_key, record_unit_change, item_id=item_id, **body.given())


@router.get("/{item_id}", **reads(ItemView))
def get_item(request: Request, item_id: Key) -> Response:
    """An item in the catalogue, with its stock."""
    with read_scope() as session:
        return tagged(request, load_item_view(session, item_id, today(session)))


@router.get("/{item_id}/lots", **reads(list[LotRow]))
def list_open_lots(request: Request, item_id: Key) -> Response:
    """The item's open lots in the order of use."""
    with read_scope() as session:
        load_item_facts(session, item_id)
        return tagged(request, load_open_lots(session, item_id, today(session)))


@router.get("/{item_id}/prices", **reads(PriceHistory))
def list_prices(request: Request, item_id: Key, since: Since = None) -> Response:
    """What you paid for the item, newest first, and each supplier's last price."""
    with read_scope() as session:
        return tagged(request, load_prices(session, item_id, since=since))


@router.get("/{item_id}/measures", **reads(list[MeasureRow]))
def list_measures_of_item(request: Request, item_id: Key) -> Response:
    """What volumes and pieces of the item weigh, with source and date."""
    with read_scope() as session:
        load_item_facts(session, item_id)
        return tagged(request, load_measures(session, item_id))


@router.post("/{item_id}/densities", **writes(DensityResult))
def state_density(request: Request, item_id: Key, body: Density, idempotency_key: IdempotencyKey = None) -> Response:
    """Record what a volume of the item weighs."""
    return recorded(request, idempotency_key, record_density, item_id=item_id, **body.given())


@router.post("/{item_id}/piece-weights", **writes(PieceResult))
def state_piece_weight(
    request: Request, item_id: Key, body: PieceWeight, idempotency_key: IdempotencyKey = None
) -> Response:
    """Record what a number of pieces weighs."""
    return recorded(request, idempotency_key, record_piece_weight, item_id=item_id, **body.given())


@router.put("/{item_id}/allergens", **writes(AllergensResult, status=200))
def state_allergens(
    request: Request, item_id: Key, body: Allergens, idempotency_key: IdempotencyKey = None
) -> Response:
    """State all allergens of the item, replacing the previous statement."""
    return recorded(request, idempotency_key, record_allergens, at=None, item_id=item_id, **body.given())

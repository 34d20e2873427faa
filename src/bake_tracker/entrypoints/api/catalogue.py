"""Routes of the catalogue except items: suppliers, customers, events, products, names and measures."""

from fractions import Fraction
from typing import Annotated

from fastapi import Query, Request
from pydantic import ConfigDict
from pydantic.json_schema import SkipJsonSchema
from starlette.responses import Response

from bake_tracker.domain.arguments import MAX_KEY, Arguments
from bake_tracker.domain.buying.terms import MAX_LEAD_DAYS, WEEKDAYS
from bake_tracker.domain.slice_keys import write_key
from bake_tracker.domain.slices import Ask, slice_of
from bake_tracker.domain.stock.conversions import Conversion
from bake_tracker.entrypoints.api.common import (
    After,
    Body,
    IdempotencyKey,
    Key,
    Limit,
    Page,
    Search,
    asked,
    reads,
    recorded,
    routes,
    tagged,
    writes,
)
from bake_tracker.entrypoints.api.fields import (
    Amount,
    Day,
    HowMany,
    Id,
    Many,
    Money,
    Name,
    Quantity,
    Slug,
    Text,
    UnitText,
    Whole,
    line,
    one_of,
    whole,
)
from bake_tracker.entrypoints.http.access import OWNER
from bake_tracker.queries.catalog.archived import ArchivedThing, load_archived
from bake_tracker.queries.catalog.measures import MeasureRow, explain_conversion, load_measures
from bake_tracker.queries.catalog.names import NameRow, load_name_rows
from bake_tracker.queries.catalog.products import ProductRow, load_products
from bake_tracker.queries.views.event import EventRow, load_event_slice
from bake_tracker.queries.views.recipient import ListedRecipient, load_recipient_slice
from bake_tracker.queries.views.supplier import SupplierRow, load_supplier_slice
from bake_tracker.services.catalog.edits import (
    EventChangeResult,
    RecipientChangeResult,
    SupplierChangeResult,
    record_event_change,
    record_recipient_change,
    record_supplier_change,
)
from bake_tracker.services.catalog.names import NameResult, record_name
from bake_tracker.services.catalog.product_change import ProductChangeResult, record_product_change
from bake_tracker.services.catalog.products import ProductResult, record_product
from bake_tracker.services.catalog.things import (
    EventResult,
    RecipientResult,
    SupplierResult,
    record_event,
    record_recipient,
    record_supplier,
)
from bake_tracker.services.database import read_scope

router = routes("", "catalogue")

ItemId = Annotated[int | None, Query(ge=1, le=MAX_KEY, description="only this item")]
Weekday = Annotated[str, one_of(WEEKDAYS)]
UnitName = Annotated[str, Query(max_length=100, description="such as cup or g")]


class NewSupplier(Body):
    """A supplier to add."""

    name: Name
    slug: Slug | None = None


class NewRecipient(Body):
    """A customer to add."""

    name: Name
    household: Name | None = None
    slug: Slug | None = None


class NewEvent(Body):
    """An event to add."""

    name: Name
    happens_on: Day | None = None
    slug: Slug | None = None


class SupplierChange(Body):
    """The fields of a supplier to change; see ``record_supplier_change``."""

    name: Name | SkipJsonSchema[None] = None
    details: Text | None = None
    archived: bool | SkipJsonSchema[None] = None


class RecipientChange(Body):
    """The fields of a customer to change; see ``record_recipient_change``."""

    name: Name | SkipJsonSchema[None] = None
    household: Name | None = None
    archived: bool | SkipJsonSchema[None] = None


class EventChange(Body):
    """The fields of an event to change; see ``record_event_change``."""

    name: Name | SkipJsonSchema[None] = None
    happens_on: Day | None = None
    archived: bool | SkipJsonSchema[None] = None


class NewProduct(Body):
    """A package that an item is bought in; see ``record_product``."""

    item_id: Id
    name: Annotated[str, line(300)]
    package_quantity: Amount
    package_unit: UnitText
    brand: Name | None = None
    package_type: Annotated[str, line(60)] | None = None
    gtin: Annotated[str, line(20)] | None = None
    supplier_id: Id | None = None
    notes: Text | None = None


class PackPrice(Body):
    """The price of each pack, from a number of packs on."""

    from_packs: HowMany = 1
    price: Money


class ProductChange(Body):
    """The fields of a product to change; see ``record_product_change``."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "supplier_id": 1,
                    "least_packs": 2,
                    "lead_days": 2,
                    "order_days": ["monday", "thursday"],
                    "prices": [{"price": "18.50"}, {"from_packs": 10, "price": "17.90"}],
                }
            ]
        }
    )

    supplier_id: Id | None = None
    notes: Text | None = None
    least_packs: HowMany | None = None
    multiple_packs: HowMany | None = None
    lead_days: Annotated[Whole, whole(0, MAX_LEAD_DAYS)] | None = None
    order_days: Many[Weekday] | None = None
    prices: Many[PackPrice] | None = None


class Named(Body):
    """Another name for an item; without an item the name is forgotten."""

    name: Annotated[str, line(300)]
    item_id: Id | None


class SupplierPage(Page):
    """Suppliers by name."""

    suppliers: list[SupplierRow]


class RecipientPage(Page):
    """Customers by name."""

    recipients: list[ListedRecipient]


class EventPage(Page):
    """Events by name."""

    events: list[EventRow]


class ProductPage(Page):
    """Products by their id."""

    products: list[ProductRow]


@router.get("/archived", **reads(list[ArchivedThing]))
def list_archived(request: Request) -> Response:
    """Archived items, suppliers, events and customers."""
    with read_scope() as session:
        return tagged(request, load_archived(session))


@router.patch("/suppliers/{supplier_id}", **writes(SupplierChangeResult, status=200))
def change_supplier(
    request: Request, supplier_id: Key, body: SupplierChange, idempotency_key: IdempotencyKey = None
) -> Response:
    """Change a supplier's fields, or archive it; fields that you leave out stay as they are."""
    return recorded(
        request, idempotency_key, record_supplier_change, at=None, supplier_id=supplier_id, changes=body.given()
    )


@router.patch("/recipients/{recipient_id}", **writes(RecipientChangeResult, status=200))
def change_recipient(
    request: Request, recipient_id: Key, body: RecipientChange, idempotency_key: IdempotencyKey = None
) -> Response:
    """Change a customer's fields, or archive them; fields that you leave out stay as they are."""
    return recorded(
        request, idempotency_key, record_recipient_change, at=None, recipient_id=recipient_id, changes=body.given()
    )


@router.patch("/events/{event_id}", **writes(EventChangeResult, status=200))
def change_event(
    request: Request, event_id: Key, body: EventChange, idempotency_key: IdempotencyKey = None
) -> Response:
    """Change an event's fields, or archive it; fields that you leave out stay as they are."""
    return recorded(request, idempotency_key, record_event_change, at=None, event_id=event_id, changes=body.given())


@router.get("/suppliers", **reads(SupplierPage))
def list_suppliers(request: Request, limit: Limit = 50, after: After = None, search: Search = None) -> Response:
    """Suppliers by name."""
    with read_scope() as session:
        found = load_supplier_slice(session, asked("name", limit, after, search))
    return tagged(request, SupplierPage(suppliers=found.rows, next=write_key(found.next)))


@router.post("/suppliers", **writes(SupplierResult))
def add_supplier(request: Request, body: NewSupplier, idempotency_key: IdempotencyKey = None) -> Response:
    """Add a supplier."""
    return recorded(request, idempotency_key, record_supplier, **body.given())


@router.get("/recipients", **reads(RecipientPage))
def list_recipients(request: Request, limit: Limit = 50, after: After = None, search: Search = None) -> Response:
    """Customers by name."""
    with read_scope() as session:
        found = load_recipient_slice(session, asked("name", limit, after, search))
    return tagged(request, RecipientPage(recipients=found.rows, next=write_key(found.next)))


@router.post("/recipients", **writes(RecipientResult))
def add_recipient(request: Request, body: NewRecipient, idempotency_key: IdempotencyKey = None) -> Response:
    """Add a customer."""
    return recorded(request, idempotency_key, record_recipient, **body.given())


@router.get("/events", **reads(EventPage))
def list_events(request: Request, limit: Limit = 50, after: After = None, search: Search = None) -> Response:
    """Events by name."""
    with read_scope() as session:
        found = load_event_slice(session, asked("name", limit, after, search))
    return tagged(request, EventPage(events=found.rows, next=write_key(found.next)))


@router.post("/events", **writes(EventResult))
def add_event(request: Request, body: NewEvent, idempotency_key: IdempotencyKey = None) -> Response:
    """Add an event."""
    return recorded(request, idempotency_key, record_event, **body.given())


@router.get("/products", **reads(ProductPage))
def list_products(
    request: Request, limit: Limit = 50, after: After = None, search: Search = None, item_id: ItemId = None
) -> Response:
    """The packages that items are bought in."""
    ask: Ask = asked("product_id", limit, after, search)
    with read_scope() as session:
        rows = load_products(session, item_id)
    found = slice_of(rows, ask, key="product_id", search_in=("name", "brand", "item_slug", "gtin"))
    return tagged(request, ProductPage(products=found.rows, next=write_key(found.next)))


@router.post("/products", **writes(ProductResult))
def add_product(request: Request, body: NewProduct, idempotency_key: IdempotencyKey = None) -> Response:
    """Add a package that an item is bought in, so that "2 bags" can be received."""
    return recorded(request, idempotency_key, record_product, **body.given())


@router.patch("/products/{product_id}", **writes(ProductChangeResult, role=OWNER, status=200))
def change_product(
    request: Request, product_id: Key, body: ProductChange, idempotency_key: IdempotencyKey = None
) -> Response:
    """Change who sells a product and on which terms; fields that you leave out stay as they are."""
    return recorded(
        request, idempotency_key, record_product_change, at=None, product_id=product_id, changes=body.given()
    )


@router.get("/names", **reads(list[NameRow]))
def list_names(request: Request) -> Response:
    """Other people's names for your items."""
    with read_scope() as session:
        return tagged(request, load_name_rows(session))


@router.post("/names", **writes(NameResult))
def remember_name(request: Request, body: Named, idempotency_key: IdempotencyKey = None) -> Response:
    """Remember another name for an item, or forget it."""
    return recorded(request, idempotency_key, record_name, **body.given())


@router.get("/measures", **reads(list[MeasureRow]))
def list_measures(request: Request) -> Response:
    """What volumes and pieces of all items weigh."""
    with read_scope() as session:
        return tagged(request, load_measures(session))


@router.get("/conversion", **reads(Conversion))
def convert(
    request: Request,
    quantity: Quantity,
    unit: UnitName,
    to: UnitName,
    item_id: ItemId = None,
) -> Response:
    """Convert a quantity exactly, showing every factor and its source."""
    given = Arguments()
    exact = given.exact("quantity", quantity)
    to_unit = given.unit("to", to)
    given.unit("unit", unit)
    given.done()
    assert to_unit is not None
    with read_scope() as session:
        return tagged(request, explain_conversion(session, item_id, Fraction(exact), unit, to_unit))

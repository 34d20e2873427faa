"""The page of a product's terms: who sells it, and how."""

from typing import Annotated, Any

from fastapi import Path, Request
from starlette.responses import Response

from bake_tracker.domain.arguments import MAX_KEY
from bake_tracker.domain.buying.terms import WEEKDAYS
from bake_tracker.domain.errors import ProductNotFoundError, ServiceError
from bake_tracker.entrypoints.http.access import OWNER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.forms import Form, Sent, blank, choices
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.entrypoints.web.stock.words import BY_NAME, package_words
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.catalog.products import ProductRow, load_products
from bake_tracker.queries.views.supplier import load_supplier_slice
from bake_tracker.services.catalog.product_change import record_product_change
from bake_tracker.services.database import Session, read_scope, run_in_transaction

router = pages()

ProductId = Annotated[int, Path(ge=1, le=MAX_KEY)]
NUMBERS = ("least_packs", "multiple_packs", "lead_days")
TIER = ("from_packs", "price")
EMPTY_TIERS = 2


@router.get("/products/{product_id}", name="product_terms", dependencies=[OWNER])
def product_terms(request: Request, product_id: ProductId) -> Response:
    """Show a product's terms, to be changed."""
    with read_scope() as session:
        product = _product(session, product_id)
    numbers = {name: product[name] for name in NUMBERS}  # type: ignore[literal-required]
    form = blank(
        request, supplier_id=None if product["supplier_id"] is None else str(product["supplier_id"]), **numbers
    )
    form.sent = [*form.sent, *(("order_days", day) for day in product["order_days"])]
    for one in product["prices"]:
        row = (str(one["from_packs"]), form.write(one["price"]))
        form.sent = [*form.sent, *zip(TIER, row, strict=True)]
    return _form(request, product_id, form)


@router.post("/products/{product_id}", name="do_product_terms", dependencies=[OWNER])
def do_product_terms(request: Request, product_id: ProductId, form: Sent) -> Response:
    """Change a product's terms to what the form says."""
    try:
        changes: dict[str, Any] = {
            "supplier_id": form.key("supplier_id"),
            **{name: form.number(name) for name in NUMBERS},
            "order_days": [value for name, value in form.sent if name == "order_days"],
        }
        rows = [row for row in form.rows(*TIER) if any(row[name].strip() for name in TIER)]
        tiers = [
            {"from_packs": row.number("from_packs") or 1, "price": row.money("price", needed=True)} for row in rows
        ]
        form.done()
        changes["prices"] = tiers or None
        done = run_in_transaction(
            lambda session: record_product_change(product_id, changes, session=session, operation_id=form.operation_id)
        )
    except ServiceError as error:
        return _form(request, product_id, form.refused(error), status_of(error))
    return go_to(request, "item", {"done": done["operation_id"]}, item_id=done["item_id"])


def _suppliers(session: Session) -> list[Any]:
    return list(load_supplier_slice(session, BY_NAME).rows)


def _product(session: Session, product_id: int) -> ProductRow:
    found = next((one for one in load_products(session) if one["product_id"] == product_id), None)
    if found is None:
        raise ProductNotFoundError(product_id)
    return found


def _form(request: Request, product_id: int, form: Form, status: int = 200) -> Response:
    with read_scope() as session:
        product = _product(session, product_id)
        suppliers = _suppliers(session)
        currency = load_bakery(session).currency
    rows = form.rows(*TIER)
    return render(
        request,
        "product_terms.html",
        status,
        form=form,
        product=product,
        package=package_words(product),
        suppliers=choices(suppliers, "supplier_id"),
        days=WEEKDAYS,
        chosen={value for name, value in form.sent if name == "order_days"},
        rows=[*rows, *(Form(form.locale, line=f"[{n}]") for n in range(len(rows), len(rows) + EMPTY_TIERS))],
        currency=currency,
    )

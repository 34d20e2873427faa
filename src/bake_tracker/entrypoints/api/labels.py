"""Routes of allergens and labels: statements, labels on file, a lot's label, and files to print."""

from datetime import date
from typing import Annotated, Literal

from fastapi import Query, Request
from pydantic import ConfigDict
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.domain.errors import ValidationError
from bake_tracker.entrypoints.api.common import (
    Body,
    IdempotencyKey,
    Key,
    SameCode,
    reads,
    recorded,
    routes,
    sends,
    tagged,
    writes,
)
from bake_tracker.entrypoints.api.fields import (
    Id,
    Many,
    line,
)
from bake_tracker.entrypoints.api.remedies import in_words
from bake_tracker.entrypoints.http.access import caller_of
from bake_tracker.entrypoints.http.downloads import file_answer
from bake_tracker.files.recall_table import render_recall_table
from bake_tracker.queries.operations.history import load_operation
from bake_tracker.queries.stock.recall import load_recall
from bake_tracker.queries.views.allergen import AllergensOf, load_allergens
from bake_tracker.queries.views.label import (
    LabelView,
    check_complete,
    label_view,
    label_words,
    load_difference,
    load_label,
)
from bake_tracker.services.catalog.labels import LabelFiledResult, record_label_filed
from bake_tracker.services.database import read_scope

router = routes("", "labels and recalls")

Style = Literal["eu", "us"]
BestBefore = Annotated[date | None, Query(description="default: the lot's expiry")]
Words = Annotated[str | None, Query(max_length=300, pattern=r"^[^\x00-\x1f]*$")]


class LabelToFile(Body):
    """The text of an item's label, or the lot to make it from; see ``record_label_filed``."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"item_id": 3, "ingredients": "flour (wheat), sugar", "contains": ["wheat"]}]}
    )

    item_id: Id | None = None
    lot_id: Id | None = None
    ingredients: Annotated[str, line(5_000)] | None = None
    contains: Many[str] | None = None
    may_contain: Many[str] | None = None


@router.get("/allergens", **reads(list[AllergensOf]))
def list_allergens(request: Request) -> Response:
    """Recorded allergens, and the items without a record."""
    with read_scope() as session:
        return tagged(request, load_allergens(session))


@router.post("/filed-labels", **writes(LabelFiledResult))
def file_label(request: Request, body: LabelToFile, idempotency_key: IdempotencyKey = None) -> Response:
    """File an item's label; every later run is compared with it."""
    return recorded(request, idempotency_key, record_label_filed, **body.given())


@router.get("/lots/{lot_id}/label", **reads(LabelView))
def get_label(
    request: Request,
    lot_id: Key,
    style: Style = "eu",
    best_before: BestBefore = None,
    use_by: bool = False,
    net: Words = None,
    address: Words = None,
) -> Response:
    """The label of a lot, made from what was really used, and what is not recorded yet."""
    with read_scope() as session:
        found = load_label(session, lot_id)
        differs = load_difference(session, found)
    words = label_words(found, style, best_before, is_use_by=use_by, net=net, address=address)
    return tagged(request, in_words(label_view(found, words, style, differs)))


@router.get("/lots/{lot_id}/label.pdf", **sends("pdf"))
def get_label_pdf(
    lot_id: Key,
    style: Style = "eu",
    width_mm: Annotated[int, Query(ge=1, le=1_000)] = 100,
    height_mm: Annotated[int | None, Query(ge=1, le=1_000)] = None,
    best_before: BestBefore = None,
    use_by: bool = False,
    net: Words = None,
    address: Words = None,
    small: bool = False,
) -> Response:
    """The label as a PDF; 409 lists the required facts that are not recorded."""
    from bake_tracker.files.label_pdf import Size, render_label  # no other route should wait for the PDF library

    with read_scope() as session:
        found = load_label(session, lot_id)
    words = label_words(found, style, best_before, is_use_by=use_by, net=net, address=address)
    check_complete(found.label)
    content = render_label(words, found.code, Size(width_mm, height_mm), is_small_package=small)
    return file_answer(content, f"label-{found.code}.pdf")


@router.get("/lots/{lot_id}/recall.csv", **sends("csv"))
def get_recall_csv(lot_id: Key, same_code: SameCode = False) -> Response:
    """One row per tracking event of every lot that this one reached, as CSV."""
    return _recall_table(lot_id, "csv", same_code)


@router.get("/lots/{lot_id}/recall.xlsx", **sends("xlsx"))
def get_recall_xlsx(lot_id: Key, same_code: SameCode = False) -> Response:
    """The tracking events as a workbook, with the mass balance of every lot."""
    return _recall_table(lot_id, "xlsx", same_code)


@router.get("/lots/{lot_id}/recall.pdf", **sends("pdf"))
def get_recall_pdf(
    request: Request,
    lot_id: Key,
    operation_id: Annotated[
        str | None, Query(max_length=36, description="the recall's operation; leave it out for a drill")
    ] = None,
    same_code: SameCode = False,
) -> Response:
    """The recall as a PDF for an inspector."""
    from bake_tracker.files.recall_pdf import RecallHeading, render_recall

    caller = caller_of(request)
    by = caller.name if caller else None
    with read_scope() as session:
        found = load_recall(session, lot_id, same_code=same_code)
        heading = RecallHeading(f"drill of lot {found['lot']['lot_code']}", now(), by)
        if operation_id is not None:
            view = load_operation(session, operation_id)
            done = view["result"]
            if view["operation"] != "record_recall" or done.get("lot_id") != lot_id:
                raise ValidationError.of("operation_id", "is not a recall of this lot")
            held = [f"{lot['quantity']} {lot['unit']} of {lot['lot_code']}" for lot in done["held"]]
            heading = RecallHeading(done["reason"], now(), by, view["operation_id"], held)
    return file_answer(render_recall(found, heading), f"recall-{found['lot']['lot_code']}.pdf")


def _recall_table(lot_id: int, kind: Literal["csv", "xlsx"], same_code: bool) -> Response:
    with read_scope() as session:
        found = load_recall(session, lot_id, same_code=same_code)
    content = render_recall_table(found, is_csv=kind == "csv")
    return file_answer(content, f"recall-{found['lot']['lot_code']}.{kind}")

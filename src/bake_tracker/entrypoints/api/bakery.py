"""The bakery itself: its settings, whether its ledger and log agree, its seals, its tables, and what is brought in."""

from typing import Annotated, Any, Literal, TypedDict

from fastapi import Query, Request
from starlette.responses import Response

from bake_tracker.config import load_settings
from bake_tracker.domain.importing.report import ImportReport
from bake_tracker.entrypoints.api.common import (
    Body,
    IdempotencyKey,
    Quantity,
    Whole,
    checks,
    reads,
    recorded,
    routes,
    tagged,
    writes,
)
from bake_tracker.entrypoints.http.access import OWNER, VIEWER
from bake_tracker.files.exports import json_content
from bake_tracker.log.scan import total_bytes
from bake_tracker.log.setup import log_file
from bake_tracker.queries.archive.rows import see_one_moment
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.importing.exporting import load_tables
from bake_tracker.queries.verify.everything import Verification, verify_ledger
from bake_tracker.services.catalog.things import BakeryResult, record_bakery
from bake_tracker.services.database import database_url, read_scope
from bake_tracker.services.importing.recipe_page import PagePreview, PageResult, check_recipe_page, record_recipe_page
from bake_tracker.services.importing.tables import check_import, record_import
from bake_tracker.services.reconcile.verification import LogVerification, verify_log
from bake_tracker.services.seal import SealResult, record_seal

router = routes("", "bakery")


class BakeryView(TypedDict):
    """The bakery's settings."""

    database_id: str
    name: str
    currency: str
    time_zone: str
    label_policy: str


class VerificationView(Verification):
    """What was compared and every disagreement, of the ledger and, where it is here, of the log."""

    log: LogVerification | None


class BakerySettings(Body):
    """What is to be otherwise; currency and time zone only while there is no stock."""

    name: str | None = None
    currency: str | None = None
    time_zone: str | None = None
    label_policy: Literal["warn", "refuse"] | None = None


class Document(Body):
    """Another program's data, as `bake export` or bake-tracker 4.x writes it, and what its names mean here."""

    document: dict[str, Any]
    source: str = "export.json"
    names: dict[str, str] | None = None


class Import(Document):
    """What to bring in; with ``skip_bad`` the good rows alone."""

    skip_bad: bool = False


class SaidLine(Body):
    """What a line of the page means."""

    item_id: Whole
    quantity: Quantity
    unit: str


class SaidYield(Body):
    """What a batch gives."""

    finished_unit_id: Whole
    quantity: Quantity


class Choices(Body):
    """What a person has said of a page; lines go by their number, the first being 1."""

    said: dict[int, SaidLine] | None = None
    accepted: list[Whole] | None = None
    left_out: list[Whole] | None = None
    names: dict[str, Whole] | None = None
    ranges: Literal["ask", "low", "high"] = "ask"
    create_missing: bool = False
    makes: SaidYield | None = None
    without_yield: bool = False


class SavedPage(Body):
    """A recipe as a page has it: its name, the lines of its ingredients, and what it says it makes."""

    name: str
    lines: list[str]
    yields: list[str] | None = None
    choices: Choices | None = None


class NewSavedPage(SavedPage):
    """A recipe as a page has it, to be recorded."""

    slug: str | None = None
    recipe_id: Whole | None = None
    source: str | None = None
    category: str | None = None


@router.get("/bakery", **reads(BakeryView))
def get_bakery(request: Request) -> Response:
    """The bakery's settings."""
    with read_scope() as session:
        found = load_bakery(session)
    names = ("database_id", "name", "currency", "time_zone", "label_policy")
    return tagged(request, {name: getattr(found, name) for name in names})


@router.patch("/bakery", **writes(BakeryResult, OWNER, status=200))
def change_bakery(request: Request, body: BakerySettings, idempotency_key: IdempotencyKey = None) -> Response:
    """Name the bakery, set its currency and time zone while there is no stock, and what becomes of labels."""
    return recorded(request, idempotency_key, record_bakery, at=None, **body.given())


@router.get("/verification", **reads(VerificationView, OWNER))
def verify(
    request: Request,
    expect: Annotated[
        str | None, Query(pattern="^[0-9a-fA-F]{64}$", description="the hash of a seal that was kept elsewhere")
    ] = None,
) -> Response:
    """Recompute every quantity, cost, answer, trace and seal from the ledger, and hold the log to the database."""
    log = log_file(load_settings(), database_url())
    with read_scope() as session:
        see_one_moment(session)
        ledger = verify_ledger(session, expect=expect and expect.lower())
        told = verify_log(session, log) if total_bytes(log) else None
    return tagged(request, VerificationView(**ledger, log=told))


@router.post("/seals", **writes(SealResult, OWNER))
def seal(request: Request, idempotency_key: IdempotencyKey = None) -> Response:
    """Seal the operations that are not sealed yet; keep the hash elsewhere."""
    return recorded(request, idempotency_key, record_seal)


@router.get("/export", dependencies=[VIEWER], response_model=dict[str, Any])
def export() -> Response:
    """Catalogue and stock as tables that an import reads; runs and ledger are in a backup."""
    with read_scope() as session:
        see_one_moment(session)
        tables = load_tables(session)
    return Response(json_content(tables), media_type="application/json")


@router.post("/imports/check", **checks(ImportReport, OWNER))
def check_document(body: Document) -> ImportReport:
    """What an import would add, skip and refuse; nothing is recorded."""
    with read_scope() as session:
        return check_import(session=session, **body.given())


@router.post("/imports", **writes(ImportReport, OWNER))
def bring_in(request: Request, body: Import, idempotency_key: IdempotencyKey = None) -> Response:
    """Add what the document has and the bakery has not; the same document again adds nothing."""
    return recorded(request, idempotency_key, record_import, **body.given())


@router.post("/recipe-pages/check", **checks(PagePreview))
def check_page(body: SavedPage) -> PagePreview:
    """What would be recorded of a page, and what a person has to say first; nothing is recorded."""
    with read_scope() as session:
        return check_recipe_page(session=session, **body.given())


@router.post("/recipe-pages", **writes(PageResult))
def record_page(request: Request, body: NewSavedPage, idempotency_key: IdempotencyKey = None) -> Response:
    """Add the recipe of a page, with what it makes and the items it lacks, as one operation."""
    return recorded(request, idempotency_key, record_recipe_page, at="/recipes/{recipe_id}", **body.given())

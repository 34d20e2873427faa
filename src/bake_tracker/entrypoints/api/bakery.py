"""Routes of the bakery itself: settings, verification, seals, export and import."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypedDict, TypeVar

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from bake_tracker.config import load_settings
from bake_tracker.domain.importing.report import ImportReport
from bake_tracker.domain.recipe_text.request import MAX_LINE, MAX_LINES
from bake_tracker.domain.stock.doubts import UNSTATED
from bake_tracker.entrypoints.api.common import (
    Body,
    IdempotencyKey,
    Strict,
    Warned,
    checked,
    checks,
    reads,
    recorded,
    routes,
    tagged,
    writes,
)
from bake_tracker.entrypoints.api.fields import (
    Amount,
    CurrencyCode,
    Days,
    HowMany,
    Id,
    Name,
    Reason,
    Slug,
    SomeMillionths,
    UnitText,
    line,
    text,
)
from bake_tracker.entrypoints.http.access import OWNER, VIEWER
from bake_tracker.files.exports import json_content
from bake_tracker.log.scan import total_bytes
from bake_tracker.log.setup import log_file
from bake_tracker.queries.archive.rows import see_one_moment
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.importing.exporting import load_tables
from bake_tracker.queries.verify.everything import Verification, verify_ledger
from bake_tracker.services.catalog.settings import (
    BakeryCorrectionCheck,
    BakeryCorrectionResult,
    check_bakery_correction,
    record_bakery_correction,
)
from bake_tracker.services.catalog.things import BakeryResult, record_bakery
from bake_tracker.services.database import database_url, read_scope
from bake_tracker.services.importing.recipe_page import PagePreview, PageResult, check_recipe_page, record_recipe_page
from bake_tracker.services.importing.tables import check_import, record_import
from bake_tracker.services.reconcile.verification import LogVerification, verify_log
from bake_tracker.services.seal import SealResult, record_seal

router = routes("", "bakery")

Given = TypeVar("Given")
Lines = Annotated[Given, Field(max_length=MAX_LINES)]


def _named(**key: Any) -> Any:
    """The description of an object whose keys look like this."""
    return Field(max_length=MAX_LINES, json_schema_extra={"propertyNames": key})


PageLine = Annotated[str, text(MAX_LINE)]


class BakeryView(TypedDict):
    """The bakery's settings."""

    database_id: str
    name: str
    currency: str
    time_zone: str
    label_policy: str


class VerificationView(Verification):
    """What was compared, and every disagreement in the ledger and, if it is on this machine, the log."""

    log: LogVerification | None


class BakerySettings(Body):
    """The settings to change; currency and time zone only while there is no stock."""

    name: Name | None = None
    currency: CurrencyCode | None = None
    time_zone: Annotated[str, line(60)] | None = None
    label_policy: Literal["warn", "refuse"] | None = None


class BakeryCorrection(Body):
    """Settings that were wrong from the beginning; see ``record_bakery_correction``."""

    currency: CurrencyCode | None = None
    time_zone: Annotated[str, line(60)] | None = None


class NewBakeryCorrection(BakeryCorrection):
    """A correction of the settings to record."""

    reason: Reason


class Document(Body):
    """Another program's data: an export of Bake Tracker or of the older bake-tracker, and what its names mean here."""

    document: dict[str, Any]
    source: Annotated[str, line(300)] = "export.json"
    names: dict[str, str] | None = None


class Import(Document):
    """What to import; with ``skip_bad`` only the valid rows."""

    skip_bad: bool = False


class SaidLine(Body):
    """The meaning of one line of the recipe page."""

    item_id: Id
    quantity: Amount
    unit: UnitText


class SaidYield(Body):
    """What one batch makes."""

    finished_unit_id: Id
    quantity: SomeMillionths


class Choices(Body):
    """Your decisions about a recipe page; lines are numbered from 1."""

    said: Annotated[dict[HowMany, SaidLine], _named(pattern="^[1-9][0-9]{0,5}$")] | None = None
    accepted: Lines[list[HowMany]] | None = None
    left_out: Lines[list[HowMany]] | None = None
    names: Annotated[dict[str, Id], _named(minLength=1, maxLength=300)] | None = None
    ranges: Literal["ask", "low", "high"] | None = None
    create_missing: bool = False
    makes: SaidYield | None = None
    without_yield: bool = False
    kept: Annotated[dict[str, Literal["g", "ml", "each", "cm"]], _named(minLength=1, maxLength=300)] | None = None
    shelf_life_days: Days | None = None


class SavedPage(Body):
    """A recipe page: its name, its ingredient lines, and what it says it makes."""

    name: Name
    lines: Annotated[list[PageLine], Field(max_length=MAX_LINES, json_schema_extra={"minItems": 1})]
    yields: Lines[list[PageLine]] | None = None
    choices: Choices | None = None
    slug: Slug | None = None
    recipe_id: Id | None = None


class NewSavedPage(SavedPage):
    """A recipe page to record."""

    source: Annotated[str, text(300)] | None = None
    category: Annotated[str, text(120)] | None = None


@router.get("/bakery", **reads(BakeryView))
def get_bakery(request: Request) -> Response:
    """The bakery's settings."""
    with read_scope() as session:
        found = load_bakery(session)
    names = ("database_id", "name", "currency", "time_zone", "label_policy")
    return tagged(request, {name: getattr(found, name) for name in names})


@router.patch("/bakery", **writes(BakeryResult, OWNER, status=200))
def change_bakery(request: Request, body: BakerySettings, idempotency_key: IdempotencyKey = None) -> Response:
    """Change the bakery's name, its label policy and, while there is no stock, its currency and time zone."""
    return recorded(request, idempotency_key, record_bakery, at=None, **body.given())


@router.post("/bakery/corrections/check", **checks(BakeryCorrectionCheck, OWNER))
def check_correction(body: BakeryCorrection) -> BakeryCorrectionCheck:
    """Which days another time zone would move. Nothing is recorded."""
    with read_scope() as session:
        return check_bakery_correction(session=session, **body.given())


@router.post("/bakery/corrections", **writes(BakeryCorrectionResult, OWNER))
def correct_bakery(request: Request, body: NewBakeryCorrection, idempotency_key: IdempotencyKey = None) -> Response:
    """Correct a currency or time zone that was wrong from the beginning."""
    return recorded(request, idempotency_key, record_bakery_correction, **body.given())


@router.get("/verification", **reads(VerificationView, OWNER))
def verify(
    request: Request,
    expect: Annotated[
        str | None, Query(pattern="^[0-9a-fA-F]{64}$", description="the hash of a seal that you kept elsewhere")
    ] = None,
) -> Response:
    """Recompute every quantity, cost, answer, trace and seal from the ledger, and compare the log with the database."""
    log = log_file(load_settings(), database_url())
    with read_scope(of_primary=True) as session:
        see_one_moment(session)
        ledger = verify_ledger(session, expect=expect and expect.lower())
        told = verify_log(session, log) if total_bytes(log) else None
    return tagged(request, VerificationView(**ledger, log=told))


@router.post("/seals", **writes(SealResult, OWNER))
def seal(request: Request, idempotency_key: IdempotencyKey = None) -> Response:
    """Seal all operations that are not sealed yet. Keep the hash elsewhere."""
    return recorded(request, idempotency_key, record_seal)


@router.get("/export", dependencies=[VIEWER], response_model=dict[str, Any])
def export() -> Response:
    """Catalogue and stock as tables that an import can read. Runs and the ledger are in a backup."""
    with read_scope() as session:
        see_one_moment(session)
        tables = load_tables(session)
    return Response(json_content(tables), media_type="application/json")


@router.post("/imports/check", **checks(ImportReport, OWNER))
def check_document(body: Document) -> Response:
    """What an import would add, skip and refuse. Nothing is recorded."""
    with read_scope() as session:
        return checked(check_import(session=session, **body.given()))


@router.post("/imports", **writes(ImportReport, OWNER))
def bring_in(request: Request, body: Import, idempotency_key: IdempotencyKey = None) -> Response:
    """Add what the document has and the bakery lacks. Importing the same document again adds nothing."""
    return recorded(request, idempotency_key, record_import, **body.given())


@router.post("/recipe-pages/check", **checks(PagePreview))
def check_page(body: SavedPage) -> Response:
    """What would be recorded from a recipe page, and what you have to decide first. Nothing is recorded."""
    with read_scope() as session:
        return checked(check_recipe_page(session=session, **body.given()))


class PageAnswer(PageResult, Warned):
    """The recipe made from a page; ``warnings`` has ``shelf_life_not_stated`` if the choices leave it out."""


@router.post("/recipe-pages", **writes(PageAnswer))
def record_page(
    request: Request, body: NewSavedPage, idempotency_key: IdempotencyKey = None, strict: Strict = False
) -> Response:
    """Add the recipe of a page, what it makes and its missing items as one operation."""

    def record(**arguments: Any) -> Mapping[str, Any]:
        done = record_recipe_page(**arguments)
        is_stated = body.choices is not None and "shelf_life_days" in body.choices.model_fields_set
        is_new = done["finished_unit_slug"] in done["created"]
        return {**done, "warnings": [UNSTATED]} if is_new and not is_stated else done

    return recorded(request, idempotency_key, record, at="/recipes/{recipe_id}", strict=strict, **body.given())

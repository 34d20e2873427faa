"""Find the id for the slug, code or id that somebody typed, and suggest close matches if there is none."""

import re

from rapidfuzz import fuzz, process

from bake_tracker.domain.amounts import unit_problem
from bake_tracker.domain.errors import (
    DeliveryNotFoundError,
    EventNotFoundError,
    FinishedGoodNotFoundError,
    FinishedUnitNotFoundError,
    ItemNotFoundError,
    LotNotFoundError,
    NotFoundError,
    OperationNotFoundError,
    RecipeNotFoundError,
    RecipientNotFoundError,
    SupplierNotFoundError,
    ValidationError,
)
from bake_tracker.domain.searching import search_key
from bake_tracker.queries.catalog.definitions import SluggedKind, load_item, load_slugs, load_yields
from bake_tracker.queries.explain.operation import find_operations, find_runs
from bake_tracker.queries.stock.deliveries import load_deliveries_called
from bake_tracker.queries.stock.lots import load_lot, load_lot_codes
from bake_tracker.services.database import Session

LOT = "lot:"
RUN = re.compile(r"(run|production|assembly)[ :#]?(\d{1,15})", re.IGNORECASE)
_ERRORS: dict[SluggedKind, type[NotFoundError]] = {
    "item": ItemNotFoundError,
    "recipe": RecipeNotFoundError,
    "finished_unit": FinishedUnitNotFoundError,
    "finished_good": FinishedGoodNotFoundError,
    "event": EventNotFoundError,
    "supplier": SupplierNotFoundError,
    "recipient": RecipientNotFoundError,
}


def find(session: Session, kind: SluggedKind, typed: str) -> int:
    """The id of the slug that was typed, in any case and with or without accents; a number is taken as the id.

    Raises:
        NotFoundError: there is none; suggests similar slugs.
    """
    slugs = load_slugs(session, kind)
    if typed in slugs:
        return slugs[typed]
    alike = [key for slug, key in slugs.items() if search_key(slug) == search_key(typed)]
    if len(alike) == 1:
        return alike[0]
    if typed.isascii() and typed.isdigit():
        return int(typed)
    near = process.extract(typed.lower(), list(slugs), scorer=fuzz.WRatio, limit=3, score_cutoff=60)
    raise _ERRORS[kind](typed, [slug for slug, _, _ in near])


def find_optional(session: Session, kind: SluggedKind, typed: str | None) -> int | None:
    """Like ``find``; None if nothing was typed."""
    return None if typed is None else find(session, kind, typed)


def find_lot(session: Session, typed: str) -> int:
    """The id of the lot with this code; a number without such a code is taken as the id.

    Raises:
        ValidationError: several lots have this code; lists their ids.
        LotNotFoundError: there is none; suggests similar codes.
    """
    found = find_lots(session, typed)
    if len(found) > 1:
        ids = ", ".join(map(str, found))
        raise ValidationError.of("lot", f"several lots have the code {typed}; use the id of one: {ids}")
    return found[0]


def find_goods(session: Session, typed: str, unit: str) -> dict[str, int]:
    """The lot of ``lot:CODE``, or the item with this slug or id, for a quantity in ``unit``.

    Raises:
        NotFoundError, ValidationError: there is none, several lots have the code, or the unit is missing.
    """
    is_lot = typed.startswith(LOT)
    of = {"lot_id": find_lot(session, typed.removeprefix(LOT))} if is_lot else {"item_id": find(session, "item", typed)}
    check_unit(session, unit, **of)
    return of


def find_delivery(session: Session, typed: str) -> int:
    """The id of the delivery with this document number; a number that is on no document is taken as the id.

    Raises:
        ValidationError: several deliveries have this document; lists their ids.
        DeliveryNotFoundError: there is none.
    """
    found = load_deliveries_called(session, typed)
    if len(found) > 1:
        ids = ", ".join(map(str, found))
        raise ValidationError.of("delivery", f"several deliveries have the document {typed}; use the id of one: {ids}")
    if found:
        return found[0]
    if typed.isascii() and typed.isdigit() and len(typed) < 19:
        return int(typed)
    raise DeliveryNotFoundError(typed)


def find_lots(session: Session, typed: str) -> list[int]:
    """The ids of all lots with this code, oldest first; a number without such a code is taken as an id.

    Raises:
        LotNotFoundError: there is none; suggests similar codes.
    """
    codes = load_lot_codes(session)
    if typed in codes:
        return codes[typed]
    if typed.isascii() and typed.isdigit():
        return [int(typed)]
    near = process.extract(typed.lower(), list(codes), scorer=fuzz.WRatio, limit=3, score_cutoff=60)
    raise LotNotFoundError(typed, [code for code, _, _ in near])


def check_unit(session: Session, unit: str | None, *, item_id: int | None = None, lot_id: int | None = None) -> None:
    """Refuse a typed quantity without a unit, unless the item is kept by the piece.

    Raises:
        ValidationError: the unit is missing.
        NotFoundError: there is no such lot or item.
    """
    if unit:
        return
    of = load_item(session, load_lot(session, lot_id).item_id if lot_id is not None else item_id or 0)
    if problem := unit_problem(of.base_unit):
        raise ValidationError.of("quantity", f"{problem}; {of.slug} is kept in {of.base_unit}")


def find_product(session: Session, recipe_id: int, typed: str | None) -> int:
    """The finished unit that was typed, or the only one that the recipe makes.

    Raises:
        ValidationError: the recipe makes none, or several to choose from.
        NotFoundError: there is no such finished unit.
    """
    if typed is not None:
        return find(session, "finished_unit", typed)
    made = load_yields(session, recipe_id)
    if len(made) == 1:
        return next(iter(made))
    names = ", ".join(item.slug for item, _ in made.values())
    raise ValidationError.of(
        "finished_unit",
        f"this recipe makes several finished units; choose one with --unit: {names}"
        if made
        else "this recipe has no yield yet; set it first: bake recipe yield RECIPE QUANTITY FINISHED_UNIT",
    )


def find_operation(session: Session, typed: str) -> str:
    """The id of an operation, from its id, the beginning of it, or a run such as ``production:12``.

    Raises:
        ValidationError: several operations match.
        OperationNotFoundError: there is none.
    """
    if run := RUN.fullmatch(typed):
        kind = run[1].lower()
        found = find_runs(session, None if kind == "run" else kind, int(run[2]))
    else:
        found = find_operations(session, typed)
    if len(found) == 1:
        return found[0]["operation_id"]
    if not found:
        raise OperationNotFoundError(typed)
    named = ", ".join(f"{one['operation_id']} ({one['operation']})" for one in found[:5])
    raise ValidationError.of("operation", f"several operations match {typed}; use the full id of one: {named}")

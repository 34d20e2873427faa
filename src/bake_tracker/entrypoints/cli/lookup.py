"""From what people type, a slug or an id, to the id; with close matches where there is none."""

from rapidfuzz import fuzz, process

from bake_tracker.domain.errors import (
    EventNotFoundError,
    FinishedGoodNotFoundError,
    FinishedUnitNotFoundError,
    ItemNotFoundError,
    LotNotFoundError,
    NotFoundError,
    RecipeNotFoundError,
    RecipientNotFoundError,
    SupplierNotFoundError,
    ValidationError,
)
from bake_tracker.queries.catalog import SluggedKind, load_slugs, load_yields
from bake_tracker.queries.lots import load_lot_codes
from bake_tracker.services.database import Session

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
    """The id of what was typed: a slug looked up, or else an id as it is.

    Raises:
        NotFoundError: there is none; the nearest slugs are suggested.
    """
    slugs = load_slugs(session, kind)
    if typed in slugs:
        return slugs[typed]
    if typed.isascii() and typed.isdigit():
        return int(typed)
    near = process.extract(typed.lower(), list(slugs), scorer=fuzz.WRatio, limit=3, score_cutoff=60)
    raise _ERRORS[kind](typed, [slug for slug, _, _ in near])


def find_optional(session: Session, kind: SluggedKind, typed: str | None) -> int | None:
    """As ``find``; None when nothing was typed."""
    return None if typed is None else find(session, kind, typed)


def find_lot(session: Session, typed: str) -> int:
    """The id of the lot with the code that was typed, or else an id as it is.

    Raises:
        ValidationError: several lots have this code, so one must be named by its id.
        LotNotFoundError: there is none; the nearest codes are suggested.
    """
    codes = load_lot_codes(session)
    if typed in codes:
        if len(codes[typed]) > 1:
            ids = ", ".join(map(str, codes[typed]))
            raise ValidationError.of("lot", f"several lots have the code {typed}; name one by its id: {ids}")
        return codes[typed][0]
    if typed.isascii() and typed.isdigit():
        return int(typed)
    near = process.extract(typed.lower(), list(codes), scorer=fuzz.WRatio, limit=3, score_cutoff=60)
    raise LotNotFoundError(typed, [code for code, _, _ in near])


def find_product(session: Session, recipe_id: int, typed: str | None) -> int:
    """The finished unit of a recipe: the one that was typed, or the only one that the recipe makes.

    Raises:
        ValidationError: the recipe makes none, or several, so one must be named.
        NotFoundError: what was typed is no finished unit.
    """
    if typed is not None:
        return find(session, "finished_unit", typed)
    made = load_yields(session, recipe_id)
    if len(made) == 1:
        return next(iter(made))
    names = ", ".join(item.slug for item, _ in made.values())
    raise ValidationError.of(
        "finished_unit",
        f"this recipe makes several; name one with --unit: {names}"
        if made
        else "this recipe makes nothing yet; say what a batch gives: bake recipe yield RECIPE QUANTITY FINISHED_UNIT",
    )

"""Import a saved recipe page into the form of a new recipe, for a person to check."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import Request, UploadFile
from starlette.responses import Response

from bake_tracker.domain.errors import ServiceError, ValidationError
from bake_tracker.domain.remedies import Advice
from bake_tracker.domain.units import format_quantity
from bake_tracker.entrypoints.http.access import BAKER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.catalog.recipe_forms import LINE, MAKES, show_form
from bake_tracker.entrypoints.web.catalog.typed_rows import put_rows, write_amount
from bake_tracker.entrypoints.web.forms import Form, blank
from bake_tracker.entrypoints.web.pages import pages, render
from bake_tracker.files.recipe_page import RecipePage, load_recipe_page
from bake_tracker.services.database import read_scope
from bake_tracker.services.importing.recipe_page import PagePreview, check_recipe_page

router = pages()

LONGEST_NAME = 100


@router.get("/recipes/import", name="import_recipe", dependencies=[BAKER])
def choose(request: Request) -> Response:
    """Show the upload form."""
    return render(request, "recipe_import.html", problem=None)


@router.post("/recipes/import", name="do_import_recipe", dependencies=[BAKER])
def read(request: Request, page: UploadFile | None = None) -> Response:
    """Show the recipe form filled from the page; nothing is recorded yet."""
    try:
        found = _load(page)
        with read_scope() as session:
            preview = check_recipe_page(found.name or "Recipe", found.lines, session=session, yields=found.yields)
    except ServiceError as error:
        problems = error.problems if isinstance(error, ValidationError) else []
        problem = "; ".join(one["problem"] for one in problems) or str(error)
        return render(request, "recipe_import.html", status_of(error), problem=problem)
    form = blank(request, name=preview["name"], category=found.category, source=found.source)
    form.put(notes="\n".join(found.lines))
    _fill(form, preview)
    return show_form(request, form, to_look_at=_doubts(preview))


def _load(page: UploadFile | None) -> RecipePage:
    if page is None or not page.filename:
        raise ValidationError.of("page", "choose a file first")
    with TemporaryDirectory() as folder:
        name = "".join(one if one.isalnum() or one in " ._-" else "_" for one in Path(page.filename).name)
        file = Path(folder) / (name[-LONGEST_NAME:].lstrip(".") or "page.html")
        file.write_bytes(page.file.read())
        try:
            return load_recipe_page(file)
        except ValidationError as error:
            told = [{**one, "problem": one["problem"].replace(str(file), "the file")} for one in error.problems]
            raise ValidationError(told) from None  # type: ignore[arg-type]  # a problem with another text


def _fill(form: Form, preview: PagePreview) -> None:
    lines = [line for line in preview["lines"] if line["state"] in ("taken", "new", "unsure")]
    names = [line["item_slug"] or line["ingredient"] or line["text"] for line in lines]
    put_rows(
        form, LINE, list(zip([_amount(form, line["quantity"], line["unit"]) for line in lines], names, strict=True))
    )
    makes = preview["makes"]
    if makes["quantity"]:
        put_rows(form, MAKES, [(_amount(form, makes["quantity"]), makes["finished_unit_slug"] or makes["name"], "")])


def _amount(form: Form, quantity: str | None, unit: str | None = None) -> str:
    """An amount as typed text; a range stays a range, for a person to decide."""
    if quantity is None:
        return ""
    *low, last = [format_quantity(Fraction(one)) for one in quantity.split("-")]
    return "-".join([*(write_amount(form, one, "each") for one in low), write_amount(form, last, unit or "each")])


def _doubts(preview: PagePreview) -> list[Advice]:
    """What a person should check, in the page's own words."""
    unsure = [
        f"“{line['text']}” could not be read with certainty. {_sentence(line['to_do'])}"
        for line in preview["lines"]
        if line["state"] == "unsure"
    ]
    settled = [f"“{line['text']}”: {rule}" for line in preview["lines"] for rule in line.get("settled", ())]
    new = [f"{line['ingredient']} is not in the catalogue" for line in preview["lines"] if line["state"] == "new"]
    hints = [
        Advice(text, remedy)
        for line in preview["lines"]
        for text, remedy in zip(line["hints"], line["hint_remedies"], strict=True)
    ]
    doubts = ["What one batch makes could not be read with certainty"] if preview["makes"]["state"] == "unsure" else []
    return [*map(Advice, unsure), *map(Advice, settled), *map(Advice, new), *hints, *map(Advice, doubts)]


def _sentence(reasons: Sequence[str]) -> str:
    told = "; ".join(reasons)
    return f"{told[:1].upper()}{told[1:]}"

"""Import a recipe from a saved web page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from bake_tracker.domain.name_matching import name_key
from bake_tracker.domain.recipe_text.request import PageChoices
from bake_tracker.domain.stock.doubts import UNSTATED, told_in
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.asking import Yes, ask_how_kept, ask_keeping, at_terminal, leave_unless
from bake_tracker.entrypoints.cli.lookup import find, find_optional
from bake_tracker.entrypoints.cli.options import OperationId
from bake_tracker.entrypoints.cli.remedies import in_words
from bake_tracker.entrypoints.cli.state import answer, ask, complain, counted, say, show_table, state, write
from bake_tracker.files.recipe_page import load_recipe_page
from bake_tracker.services.database import Session
from bake_tracker.services.importing.recipe_page import (
    PageLine,
    PagePreview,
    PageResult,
    check_recipe_page,
    record_recipe_page,
)


def import_page(
    file: Annotated[Path, typer.Argument(help="a web page saved as HTML that contains a schema.org recipe")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="show what would be recorded, without recording it")
    ] = False,
    yes: Yes = False,
    line: Annotated[
        list[str] | None, typer.Option(help="what a line means, for example '3=250 g flour'; repeat for each line")
    ] = None,
    accept: Annotated[list[int] | None, typer.Option(help="accept this line as it was read")] = None,
    leave_out: Annotated[list[int] | None, typer.Option(help="leave out this line")] = None,
    name_of: Annotated[
        list[str] | None, typer.Option("--map", metavar="NAME=ITEM", help="what a name on the page means; remembered")
    ] = None,
    ranges: Annotated[
        str | None,
        typer.Option(help="low (the default) or high end of ranges such as '2-3 cups'; ask: decide line by line"),
    ] = None,
    create_missing: Annotated[
        bool, typer.Option("--create-missing", help="add an ingredient for every unknown name")
    ] = False,
    kept: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=HOW", help="how a new item is kept: weight, volume, pieces or length; default: as in its line"
        ),
    ] = None,
    keeps: Annotated[str | None, typer.Option(help="shelf life of a new product in days, or none for no limit")] = None,
    makes: Annotated[str | None, typer.Option(help="what one batch makes, for example '24 sugar-cookie'")] = None,
    without_yield: Annotated[bool, typer.Option("--without-yield", help="record the recipe without a yield")] = False,
    name: Annotated[str | None, typer.Option(help="the recipe's name; default: as on the page")] = None,
    slug: Annotated[str | None, typer.Option(help="short name for commands; default: made from the name")] = None,
    change: Annotated[str | None, typer.Option(help="replace the lines of this recipe: slug or id")] = None,
    operation_id: OperationId = None,
) -> None:
    """Read a recipe from a saved page, show it and record it. Unclear lines have to be settled first."""
    page = load_recipe_page(file)
    called = name or page.name
    how_kept = dict(_kept(text) for text in kept or [])
    asked_too: dict[str, Any] = {} if keeps is None else {"shelf_life_days": parse.keeping(keeps)}

    def choices(session: Session) -> PageChoices:
        return {
            "said": dict(_said(session, text) for text in line or []),
            "accepted": accept or [],
            "left_out": leave_out or [],
            "names": dict(_named(session, text) for text in name_of or []),
            "create_missing": create_missing,
            "makes": None if makes is None else _makes(session, makes),
            "without_yield": without_yield,
            "kept": how_kept,
            **({} if ranges is None else {"ranges": ranges}),
            **asked_too,  # type: ignore[typeddict-item]  # the shelf life, if it is known
        }

    def asked(session: Session) -> dict[str, Any]:
        recipe_id = find_optional(session, "recipe", change)
        return {"yields": page.yields, "choices": choices(session), "slug": slug, "recipe_id": recipe_id}

    def check(session: Session) -> PagePreview:
        return cast(PagePreview, in_words(check_recipe_page(called, page.lines, session=session, **asked(session))))

    if dry_run:
        preview = ask(check)
        answer(preview, lambda found: show_preview(found, with_to_do=True))
        raise typer.Exit(0 if preview["is_sure"] and "taken_slug" not in preview else 1)
    if not state.as_json:
        preview = ask(check)
        show_preview(preview, with_to_do=False)
        if preview["is_sure"] and "taken_slug" not in preview and at_terminal() and not yes:
            how_kept |= _ask_how_kept(preview, how_kept)
            if preview["makes"]["state"] == "new" and not asked_too:
                asked_too["shelf_life_days"] = parse.keeping(ask_keeping(preview["makes"]["name"]))
            leave_unless("Record this recipe?")
    result = write(
        lambda session: record_recipe_page(
            called,
            page.lines,
            session=session,
            source=page.source,
            category=page.category,
            operation_id=operation_id,
            **asked(session),
        )
    )
    if result["finished_unit_slug"] in result["created"] and not asked_too:
        answer({**result, "warnings": [UNSTATED]}, show_recorded)
    else:
        answer(result, show_recorded)


def show_preview(preview: PagePreview, *, with_to_do: bool) -> None:
    """Print a row for each line, the yield, and what is still unclear."""
    say(preview["name"], style="bold")
    show_table(
        {"line": "right", "quantity": "right", "": "left", "item": "left", " ": "left", "on the page": "left"},
        (
            [
                str(line["line"]),
                line["quantity"] or "-",
                line["unit"] or "",
                line["item_slug"] or (line["ingredient"] if line["state"] in ("new", "unsure") else "-"),
                _state(line),
                line["text"],
            ]
            for line in preview["lines"]
        ),
    )
    makes = preview["makes"]
    if makes["state"] in ("taken", "new"):
        new = " (new)" if makes["state"] == "new" else ""
        say(f"One batch makes {makes['quantity']} {makes['finished_unit_slug'] or makes['name']}{new}")
    for line in preview["lines"]:
        for rule in line.get("settled", ()):
            say(f"  line {line['line']}: {rule}")
    for line in preview["lines"]:
        for hint in line["hints"]:
            say(f"  line {line['line']}, needed before baking: {hint}", style="yellow")
    if with_to_do:
        for line in preview["lines"]:
            for to_do in line["to_do"]:
                complain(f"  line {line['line']}: {to_do}")
        for to_do in makes["to_do"]:
            complain(f"  yield: {to_do}")
        if taken := preview.get("taken_slug"):
            complain(
                f"  there is already a recipe {taken!r}; add --slug SLUG, or --change {taken} to replace its lines"
            )


def show_recorded(result: PageResult) -> None:
    say(f"Recorded recipe {result['slug']} (id {result['recipe_id']}) with {counted(result['line_count'], 'line')}")
    if result["finished_unit_slug"]:
        say(f"  one batch makes {result['finished_unit_quantity']} {result['finished_unit_slug']}")
    if result["created"]:
        say(f"  added {', '.join(result['created'])}")
    for text in result["left_out"]:
        say(f"  left out: {text}")
    for warning in told_in(result):
        say(f"  Look again: {warning}", style="yellow")
    say(f"  operation {result['operation_id']}")


def _state(line: PageLine) -> str:
    by_unit = {unit: word for word, unit in parse.KEPT.items()}
    kept = f", by {by_unit[line['kept']]}" if "kept" in line else ""
    return "" if line["state"] == "taken" else line["state"] + kept


def _ask_how_kept(preview: PagePreview, known: Mapping[str, str]) -> dict[str, str]:
    """Ask about every new item; a volume suggests nothing, because flour and sugar are measured in cups, too."""
    settled = {name_key(name) for name in known}
    found: dict[str, str] = {}
    for line in preview["lines"]:
        key = name_key(line["ingredient"])
        if "kept" in line and key not in settled:
            settled.add(key)
            likely = None if line["kept"] == "ml" else line["kept"]
            found[line["ingredient"]] = parse.how_kept(ask_how_kept(line["ingredient"], likely))
    return found


def _kept(text: str) -> tuple[str, str]:
    called, equals, how = text.rpartition("=")
    if not equals or not called.strip():
        raise typer.BadParameter(f"cannot read {text!r}; write it like 'flour=weight'")
    return called, parse.how_kept(how)


def _said(session: Session, text: str) -> tuple[int, Any]:
    number, equals, said = text.partition("=")
    if not equals or not number.strip().isdecimal():
        raise typer.BadParameter(f"cannot read {text!r}; write it like '3=250 g flour'")
    quantity, unit, item = parse.amount_of(said)
    return int(number), {"item_id": find(session, "item", item), "quantity": quantity, "unit": unit or "each"}


def _named(session: Session, text: str) -> tuple[str, int]:
    called, equals, item = text.rpartition("=")
    if not equals or not called.strip():
        raise typer.BadParameter(f"cannot read {text!r}; write it like 'plain flour=flour'")
    return called, find(session, "item", item.strip())


def _makes(session: Session, text: str) -> Any:
    quantity, _, unit = parse.amount_of(text)
    return {"finished_unit_id": find(session, "finished_unit", unit), "quantity": parse.exact_decimal(quantity)}

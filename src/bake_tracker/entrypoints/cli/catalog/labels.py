"""Allergens, and labels made from the ingredients really used."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from bake_tracker.domain.label.text import STYLES, LabelWords, difference_text
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.catalog.products import find_package
from bake_tracker.entrypoints.cli.lookup import find, find_lot
from bake_tracker.entrypoints.cli.options import OperationId
from bake_tracker.entrypoints.cli.remedies import in_words
from bake_tracker.entrypoints.cli.state import answer, ask, counted, out, say, show_table, twig, write
from bake_tracker.files.tables import write_table
from bake_tracker.queries.views.allergen import AllergensOf, load_allergens
from bake_tracker.queries.views.label import check_complete, label_view, label_words, load_difference, load_label
from bake_tracker.services.catalog.allergens import AllergensResult, record_allergens
from bake_tracker.services.catalog.labels import LabelFiledResult, record_label_filed
from bake_tracker.services.database import Session

Contains = Annotated[list[str] | None, typer.Option("--contains", help="for example wheat, or several: wheat,milk")]
MayContain = Annotated[list[str] | None, typer.Option("--may-contain", help="traces from other products, such as nuts")]
_SIZE = re.compile(r"(\d+(?:\.\d+)?)(?:\s*[x×]\s*(\d+(?:\.\d+)?))?")


def set_allergens(
    item: Annotated[str, typer.Argument(help="slug or id")],
    contains: Contains = None,
    may_contain: MayContain = None,
    none: Annotated[bool, typer.Option("--none", help="it contains no allergens")] = False,
    product: Annotated[str | None, typer.Option(help="only for this package of it: name or id")] = None,
    operation_id: OperationId = None,
) -> None:
    """Record all allergens of an item, replacing any earlier record."""
    if bool(contains or may_contain) == none:
        raise typer.BadParameter("use --contains and --may-contain to list its allergens, or --none if it has none")

    def work(session: Session) -> AllergensResult:
        key = find(session, "item", item)
        package = find_package(session, key, product, "g")
        return record_allergens(
            key,
            _split(contains),
            _split(may_contain),
            session=session,
            product_id=package.product_id if package else None,
            operation_id=operation_id,
        )

    answer(write(work), _show_set)


def list_allergens(
    item: Annotated[str | None, typer.Argument(help="slug or id; also shows its packages")] = None,
    missing: Annotated[bool, typer.Option("--missing", help="only items without recorded allergens")] = False,
    csv: Annotated[Path | None, typer.Option("--csv", help="write the table to this file")] = None,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", help="write the table to this file")] = None,
) -> None:
    """List the allergens of each item, and the items that have none recorded."""
    if csv and xlsx:
        raise typer.BadParameter("use --csv or --xlsx, not both")
    stated = ask(lambda session: load_allergens(session, None if item is None else find(session, "item", item)))
    rows = [one for one in stated if not (missing and one["contains"] is not None)]
    if file := csv or xlsx:
        if file.suffix.lower() != (wanted := ".csv" if csv else ".xlsx"):
            raise typer.BadParameter(f"{file} must end in {wanted}")
        count = write_table(file, _COLUMNS, ([_cell(row, name) for name in _COLUMNS] for row in rows))
        answer({"file": str(file), "rows": count}, lambda r: say(f"Wrote {counted(r['rows'], 'row')} to {r['file']}"))
        return
    answer(rows, _show_list)


def declare(
    item: Annotated[str, typer.Argument(help="slug or id")],
    ingredients: Annotated[str, typer.Argument(help="the list of ingredients, as printed on the package or label")],
    contains: Contains = None,
    may_contain: MayContain = None,
    operation_id: OperationId = None,
) -> None:
    """Put an ingredient list on file: the supplier's for a bought item, or the label you print for your own."""

    def work(session: Session) -> LabelFiledResult:
        key = find(session, "item", item)
        return record_label_filed(
            key, ingredients, _split(contains), _split(may_contain), session=session, operation_id=operation_id
        )

    answer(write(work), _show_filed)


def label(
    lot: Annotated[str, typer.Argument(help="lot code or id")],
    pdf: Annotated[Path | None, typer.Option("--pdf", help="write the label to this PDF file")] = None,
    style: Annotated[str, typer.Option(help="eu (also for the UK) or us")] = "eu",
    best_before: Annotated[Any, typer.Option(parser=parse.day, help="a date; default: the lot's expiry")] = None,
    use_by: Annotated[bool, typer.Option("--use-by", help="print the date as a use-by date")] = False,
    net: Annotated[str | None, typer.Option(help="net quantity; default: the weight of one piece")] = None,
    address: Annotated[str | None, typer.Option(help="the bakery's address")] = None,
    size: Annotated[str, typer.Option(help="in mm: WIDTH (as high as needed) or WIDTHxHEIGHT")] = "100",
    small: Annotated[
        bool, typer.Option("--small", help="allow smaller type: the package's largest side is under 80 cm2")
    ] = False,
    file: Annotated[
        bool, typer.Option("--file", help="put this label on file, so that later runs are compared with it")
    ] = False,
    operation_id: OperationId = None,
) -> None:
    """Show or print the label of a lot, made from the ingredients really used."""
    if style not in STYLES:
        raise typer.BadParameter(f"--style must be one of {', '.join(STYLES)}, not {style!r}")
    if file:
        filed = write(
            lambda session: record_label_filed(
                session=session, lot_id=find_lot(session, lot), operation_id=operation_id
            )
        )
        answer(filed, _show_filed)
        return

    def work(session: Session) -> Any:
        found = load_label(session, find_lot(session, lot))
        return found, load_difference(session, found)

    found, differs = ask(work)
    words = label_words(found, style, best_before, is_use_by=use_by, net=net, address=address)
    if pdf is not None:
        check_complete(found.label)
        _draw(pdf, words, found.code, size, small)
    drawn = None if pdf is None else str(pdf)
    view = {**label_view(found, words, style, differs), "pdf": drawn}
    answer(in_words(view), lambda view: _show_label(view, words))


def _draw(pdf: Path, words: LabelWords, lot_code: str, size: str, small: bool) -> None:
    from bake_tracker.files.label_pdf import Size, write_label  # only this command waits for the PDF library

    given = _SIZE.fullmatch(size.strip().lower())
    if given is None:
        raise typer.BadParameter(f"{size!r} is not a size; write it in mm, for example 100 or 100x60")
    wanted = Size(float(given[1]), None if given[2] is None else float(given[2]))
    write_label(pdf, words, lot_code, wanted, is_small_package=small)


def _show_label(view: dict[str, Any], words: LabelWords) -> None:
    say(words.name, style="bold")
    text = twig("")
    for piece, is_emphasised in words.ingredients:
        text.append_text(twig(piece, "bold" if is_emphasised else ""))
    out.print(text, soft_wrap=True)
    for line in words.lines()[2:]:
        say(line)
    for gap in view["problems"]:
        say(f"missing: {gap['item_slug']}: {gap['problem']}", style="yellow")
    if differs := view["label_differs"]:
        say(f"differs from the label on file: {difference_text(differs)}", style="yellow")
    if view["pdf"]:
        say(f"Wrote the label to {view['pdf']}")


def _show_set(result: AllergensResult) -> None:
    of = result["slug"] if result["product_id"] is None else f"{result['slug']}, package {result['product_id']},"
    said = [", ".join(result["contains"])] if result["contains"] else []
    said += [f"may contain {', '.join(result['may_contain'])}"] if result["may_contain"] else []
    say(f"{of} contains {'; '.join(said) or 'no allergens'}" if result["contains"] or not said else f"{of} {said[0]}")
    say(f"  operation {result['operation_id']}")


def _show_filed(result: LabelFiledResult) -> None:
    say(f"{'Replaced' if result['was'] else 'Put on file'} the label of {result['slug']}: {result['ingredients']}")
    for verb, keys in (("contains", result["contains"]), ("may contain", result["may_contain"])):
        if keys:
            say(f"  {verb} {', '.join(keys)}")
    say(f"  operation {result['operation_id']}")


_COLUMNS = ("item_slug", "product_id", "product", "contains", "may_contain")


def _cell(row: Mapping[str, Any], name: str) -> str:
    value = row[name]
    if value is None:
        return "?" if name in ("contains", "may_contain") else ""
    return ", ".join(value) if isinstance(value, list) else str(value)


def _show_list(rows: list[AllergensOf]) -> None:
    if not rows:
        say("Every bought item has its allergens recorded.")
        return
    table = []
    for row in rows:
        contains = "not recorded yet" if row["contains"] is None else ", ".join(row["contains"]) or "none"
        package = f"{row['product']} (id {row['product_id']})" if row["product_id"] else ""
        table.append([row["item_slug"], package, contains, ", ".join(row["may_contain"] or ())])
    show_table({"item": "left", "package": "left", "contains": "left", "may contain": "left"}, table)


def _split(given: list[str] | None) -> list[str]:
    return [name for text in given or () for name in text.split(",") if name.strip()]

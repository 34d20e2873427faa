"""Commands for weights of volumes and pieces, and for explained conversions."""

from typing import Annotated, Any

import typer

from bake_tracker.domain.amounts import amount_of
from bake_tracker.domain.plurals import plural
from bake_tracker.domain.recipes.common_measures import COMMON_MEASURES
from bake_tracker.domain.stock.conversions import Conversion
from bake_tracker.domain.units import UnknownUnitError, format_exact, parse_unit
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.catalog.products import find_package
from bake_tracker.entrypoints.cli.lookup import find, find_lot
from bake_tracker.entrypoints.cli.options import OperationId
from bake_tracker.entrypoints.cli.state import answer, ask, say, show_table, write
from bake_tracker.entrypoints.cli.tables import Csv, Xlsx, write_file
from bake_tracker.queries.catalog.measures import MeasureRow, explain_conversion, load_measures
from bake_tracker.services.catalog.measures import record_density, record_piece_weight
from bake_tracker.services.database import Session

Item = Annotated[str, typer.Argument(help="slug or id")]
Source = Annotated[str | None, typer.Option(help="where the figure comes from, for example 'our scale'")]
On = Annotated[
    Any, typer.Option(parser=parse.day, help="the day it was weighed, for example 2026-11-23; default: today")
]


def measure(
    item: Item,
    weighs: Annotated[str, typer.Option(help="the weight, for example '125 g'")],
    volume: Annotated[str | None, typer.Option(help="the volume that was weighed, for example '1 cup'")] = None,
    piece: Annotated[str | None, typer.Option("--piece", "--pieces", help="how many pieces were weighed")] = None,
    source: Source = None,
    on: On = None,
    lot: Annotated[
        str | None, typer.Option(help="code or id of the only lot it is for; default: the lots since the last measure")
    ] = None,
    correct: Annotated[
        bool, typer.Option("--correct", help="the last figure was mistyped: replace it for the same lots")
    ] = False,
    operation_id: OperationId = None,
) -> None:
    """Record what a volume or a piece of an item weighs, for the lots since the last measure and later ones."""
    if (volume is None) == (piece is None):
        raise typer.BadParameter("say what was weighed, with either --volume '1 cup' or --piece 1")
    weight, weight_unit = parse.amount(weighs)
    more: dict[str, Any] = {"source": source, "measured_on": on, "correct": correct, "operation_id": operation_id}

    def work(session: Session) -> Any:
        item_id = find(session, "item", item)
        more["lot_id"] = None if lot is None else find_lot(session, lot)
        if piece is not None:
            return record_piece_weight(item_id, parse.quantity(piece), weight, weight_unit, session=session, **more)
        quantity, unit = parse.amount(volume or "")
        return record_density(item_id, quantity, unit, weight, weight_unit, session=session, **more)

    answer(write(work), lambda r: show_measured(r, volume, piece, weighs))


def density(
    item: Item,
    volume: Annotated[str, typer.Argument(help="how much, for example 1 or 1/2")],
    volume_unit: Annotated[str, typer.Argument(help="its unit, for example cup")],
    weight: Annotated[str, typer.Argument(help="for example 120")],
    weight_unit: Annotated[str, typer.Argument(help="for example g")],
    source: Source = None,
) -> None:
    """Record what a volume of an ingredient weighs."""
    result = write(
        lambda session: record_density(
            find(session, "item", item),
            parse.quantity(volume),
            volume_unit,
            parse.quantity(weight),
            weight_unit,
            session=session,
            source=source,
        )
    )
    answer(result, lambda r: say(f"{volume} {volume_unit} of {r['slug']} weighs {weight} {weight_unit}"))


def measures(
    item: Annotated[str | None, typer.Argument(help="slug or id; default: all items")] = None,
    common: Annotated[
        bool, typer.Option("--common", help="list published figures; none is used until you record it")
    ] = False,
    csv: Csv = None,
    xlsx: Xlsx = None,
) -> None:
    """Show what volumes and pieces weigh, with source and date; --common lists published figures to choose from."""
    if common and item is not None:
        raise typer.BadParameter("use either an item or --common, not both")
    if common:
        rows: list[Any] = common_rows()
    else:
        rows = ask(lambda session: load_measures(session, None if item is None else find(session, "item", item)))
    if not write_file(rows, list(rows[0]) if rows else list(MeasureRow.__annotations__), csv, xlsx, money=()):
        answer(rows, show_common if common else show_measures)


def convert(
    amount: Annotated[str, typer.Argument(help="for example '2 cups'")],
    item: Annotated[
        str | None, typer.Argument(help="slug or id; not needed between units of one kind, such as cups to ml")
    ] = None,
    to: Annotated[str, typer.Option(help="the unit you want, for example g")] = "g",
    product: Annotated[
        str | None, typer.Option(help="name or id of the package, if the amount is in bags or cartons")
    ] = None,
) -> None:
    """Convert a quantity and explain every step."""
    quantity, unit = parse.amount(amount)

    def work(session: Session) -> Conversion:
        item_id = None if item is None else find(session, "item", item)
        package = find_package(session, item_id, product, unit) if item_id is not None else None
        return explain_conversion(session, item_id, quantity, unit, parse_unit(to), package)

    try:
        result = ask(work)
    except UnknownUnitError as error:
        raise typer.BadParameter(str(error)) from None
    answer(result, show_conversion)


def common_rows() -> list[dict[str, str]]:
    """Published figures as rows."""
    return [
        {
            "food": measure.food,
            "kind": measure.kind,
            "amount": str(measure.amount),
            "unit": measure.unit,
            "weight_g": format_exact(measure.weight_g),
            "value": format_exact(measure.value),
            "source": measure.source,
        }
        for measure in COMMON_MEASURES
    ]


def show_measured(result: Any, volume: str | None, pieces: str | None, weighs: str) -> None:
    of_lot = f", lot {result['lot_code']}," if "lot_code" in result else ""
    what = (amount_of(pieces, "each", result["slug"]) if pieces else f"{volume} of {result['slug']}") + of_lot
    verb = "weigh" if pieces and pieces != "1" else "weighs"
    say(f"{what} {verb} {weighs} ({result['source']}, {result['measured_on']})")
    if result["was"] is not None:
        unit = "g/ml" if "g_per_ml" in result else "g each"
        before = "mistyped" if "corrects" in result else "before"
        say(f"  {before}: {format_exact(parse.quantity(result['was']))} {unit}")
    say(f"  operation {result['operation_id']}")


def show_measures(rows: list[Any]) -> None:
    if not rows:
        say("Nothing has been weighed yet. Weigh a cup: bake measure ITEM --volume '1 cup' --weighs 'GRAMS g'")
        return
    show_table(
        {"item": "left", "weighs": "right", "": "left", "since": "left", "state": "left", "source": "left"},
        (
            [
                row["item_slug"] if row["lot_code"] is None else f"{row['item_slug']}, lot {row['lot_code']}",
                row["value"],
                row["unit"],
                row["measured_on"] or "-",
                row["state"],
                row["source"],
            ]
            for row in rows
        ),
    )


def show_common(rows: list[Any]) -> None:
    show_table(
        {"food": "left", "amount": "left", "weighs": "right", "source": "left"},
        ([row["food"], f"{row['amount']} {row['unit']}", f"{row['weight_g']} g", row["source"]] for row in rows),
    )
    say("None of these is used until you record it: bake measure ITEM --volume '1 cup' --weighs '125 g' --source '...'")


_SPELLED_OUT = frozenset({"cup", "gallon", "inch", "pair", "pint", "quart", "stick", "yard"})


def _amount_in_words(quantity: str, unit: str, slug: str | None) -> str:
    """``244 g``, ``2 cups``, ``3 eggs``; without an item, counted things are the number alone."""
    if unit == "each":
        return amount_of(quantity, unit, slug) if slug else quantity
    return f"{quantity} {plural(unit) if unit in _SPELLED_OUT and quantity != '1' else unit}"


def show_conversion(result: Any) -> None:
    slug, quantity, unit = result["item_slug"], result["quantity"], result["unit"]
    given = _amount_in_words(quantity, unit, slug)
    of = f" of {slug}" if slug and unit != "each" else ""
    verb = "are" if unit == "each" and quantity != "1" else "is"
    about = "about" if result["is_rounded"] else "exactly"
    found = _amount_in_words(result["result"], result["to_unit"], slug)
    say(f"{given}{of} {verb} {about} {found}", style="bold")
    for step in result["steps"]:
        since = f", {step['measured_on']}" if step["measured_on"] else ""
        by = f", operation {step['operation_id']}" if step["operation_id"] else ""
        say(
            f"  {step['quantity']} {step['unit']} = {step['gives']} {step['gives_unit']}: "
            f"{step['because']} ({step['source']}{since}{by})"
        )
    if result["is_rounded"]:
        say(f"  exactly {result['exact']} {result['to_unit']}; rounded only for display")

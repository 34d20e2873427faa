"""Commands that record production and assembly, check them in advance, and show past operations."""

from decimal import Decimal
from typing import Annotated, Any, Literal

import typer

from bake_tracker.domain.amounts import amount, amount_of
from bake_tracker.domain.label.text import difference_text
from bake_tracker.domain.stock.doubts import told_in
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.asking import Yes, at_terminal, be_sure
from bake_tracker.entrypoints.cli.lookup import find, find_operation, find_optional, find_product
from bake_tracker.entrypoints.cli.options import CountSawOption, OperationId
from bake_tracker.entrypoints.cli.production.outputs import AlsoMade, also_made
from bake_tracker.entrypoints.cli.production.really_used import ReallyUsed, really_used
from bake_tracker.entrypoints.cli.state import adding_up, answer, ask, money, price, say, show_table, write
from bake_tracker.queries.catalog.parts import refuse_parts_of_yields
from bake_tracker.queries.operations.history import load_operation, load_runs
from bake_tracker.queries.operations.recorded import is_recorded
from bake_tracker.queries.runs.plans import load_plan_doubts
from bake_tracker.services.assembly_service import check_can_assemble, record_assembly
from bake_tracker.services.batch_production_service import check_can_produce, record_batch_production
from bake_tracker.services.database import Session
from bake_tracker.services.production.bake_and_pack import record_bake_and_pack

Count = Annotated[Any, typer.Argument(parser=parse.whole_or_decimal, help="a whole number of 1 or more")]
Batches = Annotated[
    Any, typer.Argument(parser=parse.whole_or_exact, help="a whole number of 1 or more; for part of one, use --scale")
]
Scale = Annotated[
    Any,
    typer.Option(
        "--scale", parser=parse.whole_or_exact, help="multiply every quantity of the recipe by this, such as 1/3 or 1.5"
    ),
]
Event = Annotated[str | None, typer.Option(help="the event: slug or id")]
At = Annotated[
    Any,
    typer.Option("--at", parser=parse.moment, help="when it happened, for example 2026-11-23T14:30; default: now"),
]


def check_produce(recipe: str, batches: Batches, scale: Scale = Decimal(1), used: ReallyUsed = None) -> None:
    """Check whether the stock allows these batches; exit 1 if it does not."""
    result = ask(
        lambda session: check_can_produce(
            find(session, "recipe", recipe),
            batches,
            session=session,
            scale_factor=scale,
            used=really_used(session, used),
        )
    )
    answer(result, lambda r: show_check(r["can_produce"], r["missing_ingredients"], f"{batches} x {recipe}"))
    raise typer.Exit(0 if result["can_produce"] else 1)


def check_assemble(good: str, quantity: Count, used: ReallyUsed = None) -> None:
    """Check whether the stock allows packing these goods; exit 1 if it does not."""
    result = ask(
        lambda session: check_can_assemble(
            find(session, "finished_good", good), quantity, session=session, used=really_used(session, used)
        )
    )
    answer(result, lambda r: show_check(r["can_assemble"], r["missing_components"], f"{quantity} x {good}"))
    raise typer.Exit(0 if result["can_assemble"] else 1)


def produce(
    recipe: Annotated[str, typer.Argument(help="slug or id")],
    batches: Batches,
    actual: Annotated[Any, typer.Option("--yield", parser=parse.whole_or_decimal, help="how many were really made")],
    unit: Annotated[str | None, typer.Option(help="the finished unit, if the recipe makes several")] = None,
    scale: Scale = Decimal(1),
    event: Event = None,
    loss_reason: Annotated[str | None, typer.Option(help="why the yield is lower than planned")] = None,
    notes: Annotated[str | None, typer.Option(help="free text")] = None,
    at: At = None,
    count_saw: CountSawOption = None,
    pack: Annotated[
        str | None, typer.Option(help="also pack this finished good in the same transaction: slug or id")
    ] = None,
    boxes: Annotated[Any, typer.Option(parser=parse.whole_or_decimal, help="how many to pack, with --pack")] = None,
    labour: Annotated[str | None, typer.Option(help="labour cost of the run; default: by the recipe's rates")] = None,
    overhead: Annotated[
        str | None, typer.Option(help="overhead cost of the run; default: by the recipe's rates")
    ] = None,
    used: ReallyUsed = None,
    also: AlsoMade = None,
    yes: Yes = False,
    operation_id: OperationId = None,
) -> None:
    """Record a production: take the ingredients and add what was made."""
    if (pack is None) != (boxes is None):
        raise typer.BadParameter("use --pack GOOD and --boxes N together")
    if pack is not None and not labour is overhead is None:
        raise typer.BadParameter(
            "with --pack, labour and overhead follow the recipe's rates; leave out --labour and --overhead"
        )

    def work(session: Session) -> Any:
        recipe_id = find(session, "recipe", recipe)
        common: dict[str, Any] = {
            "session": session,
            "scale_factor": scale,
            "event_id": find_optional(session, "event", event),
            "loss_reason": loss_reason,
            "notes": notes,
            "used": really_used(session, used),
            "outputs": also_made(session, also),
            "count_saw": count_saw,
            "operation_id": operation_id,
        }
        product = find_product(session, recipe_id, unit)
        if not is_recorded(session, operation_id):
            refuse_parts_of_yields(session, ("yield", product, actual), common["outputs"])
        if pack is None:
            took: dict[str, Any] = {
                "labour_cost": parse.money_if_given(session, labour),
                "overhead_cost": parse.money_if_given(session, overhead),
            }
            return record_batch_production(recipe_id, product, batches, actual, produced_at=at, **took, **common)
        good = find(session, "finished_good", pack)
        return record_bake_and_pack(recipe_id, product, batches, actual, good, boxes, made_at=at, **common)

    def doubts(session: Session) -> list[str]:
        recipe_id = find(session, "recipe", recipe)
        came_out = find_product(session, recipe_id, unit), actual
        return load_plan_doubts(session, recipe_id, batches, scale, came_out, also_made(session, also))

    if at_terminal() and not yes:
        be_sure(doubts, operation_id)
    answer(write(work), show_production if pack is None else show_both)


def assemble(
    good: Annotated[str, typer.Argument(help="slug or id")],
    quantity: Count,
    event: Event = None,
    notes: Annotated[str | None, typer.Option(help="free text")] = None,
    at: At = None,
    used: ReallyUsed = None,
    count_saw: CountSawOption = None,
    operation_id: OperationId = None,
) -> None:
    """Record an assembly: take the components and add the packed goods."""

    def work(session: Session) -> Any:
        return record_assembly(
            find(session, "finished_good", good),
            quantity,
            session=session,
            assembled_at=at,
            event_id=find_optional(session, "event", event),
            notes=notes,
            used=really_used(session, used),
            count_saw=count_saw,
            operation_id=operation_id,
        )

    answer(write(work), show_assembly)


def runs(
    last: Annotated[int, typer.Option(min=1, max=10_000, help="how many runs to show")] = 20,
    before: Annotated[
        str | None, typer.Option(help="only runs before this one: its operation id or the beginning of it")
    ] = None,
) -> None:
    """Show the latest productions and assemblies."""
    answer(ask(lambda session: load_runs(session, last, before=before)), show_runs)


def show(
    operation_id: Annotated[str, typer.Argument(help="operation id or its beginning, or a run such as production:12")],
) -> None:
    """Show one operation: its arguments, its movements and its result."""

    answer(ask(lambda session: load_operation(session, find_operation(session, operation_id))), show_operation)


def show_check(yes: bool, missing: list[Any], what: str) -> None:
    if yes:
        say(f"Yes: the stock allows {what}.")
        return
    say(f"No: the stock is too low for {what}:")
    for short in missing:
        slug = short.get("ingredient_slug") or short.get("component_slug")
        needed, there = (amount(short[name], short["unit"]) for name in ("needed", "available"))
        say(f"  {slug}: {needed} needed, {there} available")


def show_production(result: Any) -> None:
    status = result["production_status"].replace("_", " ")
    say(
        f"Baked {result['actual_yield']}, planned {result['expected_yield']} ({status})"
        + (f" as lot {result['lot_code']}" if result["lot_code"] else "")
    )
    loss = f", of which {money(result['loss_cost'])} lost" if result["loss_quantity"] != "0" else ""
    per_unit = f", {price(result['per_unit_cost'])} each" if result["per_unit_cost"] else ""
    outputs = result.get("outputs", ())
    own = f"; {money(outputs[0]['cost'])} of it for this product" if outputs else ""
    say(f"  cost {money(result['total_ingredient_cost'])}{loss}{own}{per_unit}")
    if result.get("labour_cost"):
        say(f"  plus labour {money(result['labour_cost'])}, overhead {money(result['overhead_cost'])}")
    for one in outputs[1:]:
        lot = f" as lot {one['lot_code']}" if one["lot_code"] else ""
        say(f"  also {one['actual_yield']}, planned {one['expected_yield']}{lot}, cost {money(one['cost'])}")
    show_consumptions(result)
    for warning in told_in(result):
        say(f"  Look again: {warning}", style="yellow")


def show_assembly(result: Any) -> None:
    say(f"Packed {result['quantity']} as lot {result['lot_code']}")
    each = f", {price(result['per_unit_cost'])} each" if result["per_unit_cost"] else ""
    say(f"  cost {money(result['total_component_cost'])}{each}")
    show_consumptions(result)


def show_both(result: Any) -> None:
    show_production(result["production"])
    show_assembly(result["assembly"])
    say(f"  both as operation {result['operation_id']}")


def show_consumptions(result: Any) -> None:
    if differs := result.get("label_differs"):
        say(f"  warning: differs from the label of {differs['item_slug']}: {difference_text(differs)}", style="yellow")
    total = result.get("total_ingredient_cost", result.get("total_component_cost"))
    costs = adding_up([used["cost"] for used in result["consumptions"]], total)
    for used, cost in zip(result["consumptions"], costs, strict=True):
        say(f"  used {amount(used['quantity'], used['unit'])} from {used['lot_code']}, cost {cost}")
    for said in result.get("used", ()):
        if said["reason"]:
            instead = f" instead of {said['instead_of']}" if said["instead_of"] else ""
            say(f"  {said['item_slug']} from {said['lot_code']}{instead}: {said['reason']}")
    say(f"  operation {result['operation_id']}")


def _products(row: Any) -> list[Any]:
    return row.get("outputs") or [row]


def show_runs(rows: list[Any]) -> None:
    if not rows:
        say("Nothing has been baked or packed yet.")
        return
    has_rates = any(row["labour_cost"] for row in rows)
    beside: dict[str, Literal["left", "right"]] = {"labour": "right", "overhead": "right"} if has_rates else {}
    show_table(
        {
            "when": "left",
            "made": "left",
            "status": "left",
            "cost": "right",
            **beside,
            "lot": "left",
            "operation": "left",
        },
        (
            [
                row["at"][:16].replace("T", " "),
                " and ".join(amount_of(one["quantity"], one["unit"], one["made"]) for one in _products(row)),
                "undone" if row["reversed"] else row["status"].replace("_", " "),
                money(row["cost"]),
                *((money(row[f"{name}_cost"]) if row["labour_cost"] else "-") for name in beside),
                ", ".join(one["lot_code"] or "-" for one in _products(row)),
                row["operation_id"][:13],
            ]
            for row in rows
        ),
    )


def show_reversal(view: Any) -> None:
    """Say which operation undid this one and why, or which one it undid."""
    if undone := view["reversed_by"]:
        say(f"  undone by {undone['operation_id']}: {undone['reason']}", style="yellow")
    if undoes := view["reverses"]:
        say(f"  undoes {undoes['operation']} {undoes['operation_id']}: {undoes['reason']}")


def show_operation(view: Any) -> None:
    say(f"{view['operation']}  {view['operation_id']}", style="bold")
    by = f" by {view['actor']}" if view["actor"] else ""
    say(f"  recorded {view['recorded_at'][:19].replace('T', ' ')} UTC{by}, attempt {view['attempt']}")
    show_reversal(view)
    for title, fields in (("arguments", view["arguments"]), ("result", view["result"])):
        say(f"  {title}")
        for key, value in fields.items():
            if value is not None and not isinstance(value, list | dict):
                say(f"    {key}: {value}")
    for movement in view["movements"]:
        cost = money(movement["cost"])
        say(f"  moved {amount(movement['quantity'], movement['unit'])} of lot {movement['lot_code']}, cost {cost}")
    for child in view["children"]:
        say(f"  includes {child}")

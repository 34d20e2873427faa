"""Say why: what an operation, a lot or an item's stock rests on, or what a refusal would have needed."""

from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.tree import Tree

from bake_tracker.domain.errors import OperationNotFoundError, ValidationError
from bake_tracker.domain.log_tree import TransactionNode, walk
from bake_tracker.entrypoints.cli.commands_log import draw_all
from bake_tracker.entrypoints.cli.state import answer, ask, money, out, say, state, twig
from bake_tracker.queries.explain import explain_lots, explain_operation, find_lots
from bake_tracker.queries.history import load_operation
from bake_tracker.services.database import Session
from bake_tracker.services.log_reader import read_trees


def explain(
    what: Annotated[str, typer.Argument(help="an operation's id or its beginning, a lot's code, or an item's slug")],
) -> None:
    """Explain down to the receipts: which lots were used and why those; or why it was refused, and what was missing."""
    found = ask(lambda session: _from_the_ledger(session, what))
    if found is not None:
        answer(found, _show_found)
        return
    trees = read_trees(state.log_file, what)
    if not trees:
        raise ValidationError.of("what", f"neither ledger nor log knows {what!r}; name an operation, a lot or an item")
    refused = _missing(trees)
    answer({"refused": refused}, lambda _: _show_refused(trees, refused))


def _from_the_ledger(session: Session, what: str) -> Any:
    lots = find_lots(session, what)
    if lots:
        return {"lots": explain_lots(session, lots)}
    try:
        operation_id = load_operation(session, what)["operation_id"]
    except OperationNotFoundError:
        return None
    return explain_operation(session, operation_id)


def _missing(trees: list[TransactionNode]) -> list[dict[str, Any]]:
    """Per refused operation what each short item lacked; enough would have been that much more."""
    return [
        {
            "operation_id": node.line["operation_id"],
            "operation": node.line["operation"],
            "short": [
                {**short, "missing": str(Decimal(short["needed"]) - Decimal(short["available"]))}
                for short in node.line["shortages"]
            ],
        }
        for tree in trees
        for node in walk(tree.operations)
        if node.line.get("shortages")
    ]


def _show_refused(trees: list[TransactionNode], refused: list[dict[str, Any]]) -> None:
    draw_all(trees)
    for operation in refused[-1:]:
        for short in operation["short"]:
            slug = short.get("ingredient_slug") or short.get("component_slug")
            say(f"Enough would have been {short['missing']} {short['unit']} more of {slug}.")


def _show_found(found: Any) -> None:
    lots = found.get("lots", found.get("brought"))
    if "operation" in found:
        say(f"{found['operation']}  {found['operation_id']}", style="bold")
    for lot in lots:
        tree = Tree(twig(_lot_line(lot)), guide_style="dim")
        _add_draws(tree, lot["used"])
        out.print(tree)
    if found.get("used"):
        tree = Tree("used", guide_style="dim")
        _add_draws(tree, found["used"])
        out.print(tree)


def _add_draws(branch: Tree, draws: list[Any]) -> None:
    for draw in draws:
        lot = draw["lot"]
        line = f"{draw['quantity']} {lot['unit']} for {money(draw['cost'])} of {_lot_line(lot)}"
        below = branch.add(twig(line))
        below.add(twig(f"why this lot: {draw['why']}"))
        _add_draws(below, lot["used"])


def _lot_line(lot: Any) -> str:
    source = f" from {lot['supplier']}" if lot["supplier"] else ""
    verb = "received" if lot["operation"] == "record_receipt" else "made"
    return (
        f"{lot['lot_code']}: {lot['quantity']} {lot['unit']} {verb} {lot['received_on']}{source} "
        f"for {money(lot['cost'])} ({lot['operation_id'][:13]})"
    )

"""Draw the transactions in the log as trees: operations, outcomes and the lots they used."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Annotated, Any

import typer
from rich.text import Text
from rich.tree import Tree

from bake_tracker.config import sqlite_path
from bake_tracker.domain.amounts import amount, amount_of
from bake_tracker.domain.ids import digits_of
from bake_tracker.domain.log.conditions import SIGNS
from bake_tracker.domain.log.query import LogQuery
from bake_tracker.domain.log.tree import (
    TIMES,
    LogLine,
    OperationNode,
    TransactionNode,
    committed_in,
    is_refusal,
    tree_view,
    walk,
)
from bake_tracker.entrypoints.cli.log.lines import fields, on_one_line, spent
from bake_tracker.entrypoints.cli.log.search import Since, Until, conditions_of, refuse_no_span
from bake_tracker.entrypoints.cli.progress import reading
from bake_tracker.entrypoints.cli.state import answer, ask, complain, counted, out, print_json, say, state, twig
from bake_tracker.log.reader import read_trees
from bake_tracker.log.values import error_text, escape_unsafe
from bake_tracker.queries.explain.operation import Relative, find_operations
from bake_tracker.queries.stock.draws import ConsumedLot, load_consumed

_STYLES = {
    "success": "green",
    "replayed": "green",
    "rolled_back": "yellow",
    "retried": "yellow",
    "unknown": "red",
    "lost": "red",
}
_OPEN = frozenset({"unknown", "prepared"})
LATEST = 20
SLOW_MS = 250
"""What took less is on the line, not in the tree."""
Consumed = Mapping[str, list[ConsumedLot]]


def tree(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID|CONDITION]...",
            help="the id of a transaction, operation, request or trace, or the beginning of it; or conditions as for "
            "find, such as outcome=retried, for every transaction with such a line",
        ),
    ] = None,
    last: Annotated[
        int | None,
        typer.Option(min=1, help="how many of the latest transactions to show, if nothing else is given (default 20)"),
    ] = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Draw transactions as trees: operations, outcomes, durations, lots used and refusals."""
    wanted = _wanted(words or [], since, until)
    if wanted is not None and last is not None:
        raise typer.BadParameter("use either an ID or --last, not both; conditions show every transaction")
    with reading(state.log_file) as read:
        trees = read_trees(state.log_file, wanted, last or LATEST, read)
    if not trees:
        _say_why_none(wanted)
        raise typer.Exit(1)
    consumed = _consumed_by(trees)
    answer([tree_view(found, consumed) for found in trees], lambda _: _draw_with_advice(trees, consumed))


def _wanted(words: list[str], since: str | None, until: str | None) -> str | LogQuery | None:
    """An id or its beginning, the conditions that lines must meet, or None for the latest transactions."""
    refuse_no_span(since, until)
    if words and not words[0].strip():
        raise typer.BadParameter(
            "the ID is empty; type an id or its beginning, or leave it out to see the latest transactions"
        )
    if len(words) == 1 and since is None and until is None and not any(sign in words[0] for sign in SIGNS):
        return words[0]
    return LogQuery(conditions_of(words), since, until) if words or since or until else None


def _say_why_none(wanted: str | LogQuery | None) -> None:
    if state.as_json:
        print_json([])
        return
    if isinstance(wanted, LogQuery):
        complain(f"No transaction in the log has a line that matches ({state.log_file}).")
        return
    complain(f"The log has nothing{f' about {wanted}' if wanted else ' yet'} ({state.log_file}).")
    for found in _in_ledger(wanted) if wanted else ():
        at = f"{found['recorded_at'][:19].replace('T', ' ')} UTC"
        complain(
            f"{found['operation']} {found['operation_id']} was committed, recorded {at}, and has no line: "
            "bake explain shows it, and bake log verify --repair writes its line."
        )


def _in_ledger(wanted: str) -> list[Relative]:
    """The operations of this id in the ledger: their process wrote no line, or its file is gone."""
    if digits_of(wanted) is None:
        return []
    with suppress(Exception):  # without a database, there is only the log
        return ask(lambda session: find_operations(session, wanted))
    return []


def _draw_with_advice(trees: list[TransactionNode], consumed: Consumed) -> None:
    draw_all(trees, consumed)
    lines = [node.line for tree in trees for node in walk(tree.operations)]
    if refused := [line for tree in trees for line in (node.line for node in tree.operations) if is_refusal(line)]:
        say(f"Why it was refused: bake explain {str(refused[-1]['operation_id'])[:13]}", "dim")
    if any(line["outcome"] in _OPEN for line in lines):
        say("To settle what is unknown or prepared: bake log verify --repair", "dim")


def _consumed_by(trees: list[TransactionNode]) -> Consumed:
    """The lots used in these transactions, from the ledger; nothing if the ledger cannot be read."""
    committed = committed_in(trees)
    database_file = sqlite_path(state.url)
    if not committed or (database_file is not None and not database_file.exists()):
        return {}
    try:
        return ask(lambda session: load_consumed(session, committed))
    except Exception as error:  # if the database is the problem, a tree from the log alone still helps
        complain(f"This tree uses only the log, without the lots used: {error_text(error)}")
        return {}


def draw_all(trees: list[TransactionNode], consumed: Consumed = MappingProxyType({})) -> None:
    """Print every transaction as a tree; ``consumed`` are lots by operation id."""
    for tree in trees:
        out.print(draw(tree, consumed))


def draw(transaction: TransactionNode, consumed: Consumed = MappingProxyType({})) -> Tree:
    """One transaction as a tree."""
    if transaction.transaction_id is None:
        is_check = all(str(node.line["operation"]).startswith("check_") for node in transaction.operations)
        title = "check outside a transaction" if is_check else "refused before its transaction began"
    else:
        title = f"transaction {transaction.transaction_id[:13]}  {_title(transaction)}"
    root = Tree(Text(escape_unsafe(title), style="bold"), guide_style="dim")
    reason = transaction.reason
    if reason is not None:
        root.add(twig(f"because: {on_one_line(reason)}", "yellow"))
    for node in transaction.operations:
        _add(root, node, transaction.causes, consumed)
    return root


def _title(transaction: TransactionNode) -> str:
    """How the transaction ended, with retries and refusals."""
    title = transaction.fate
    if transaction.retry_of is not None:
        earlier = str(transaction.retry_of.transaction_id)[:13]
        title += f" on attempt {transaction.attempt}, after {earlier} failed"
    if transaction.fate == "committed" and (refused := transaction.refused_count):
        title += f", except for {counted(refused, 'refused operation')}"
    if actor := transaction.first("actor"):
        title += f", by {actor}"
    if request := transaction.first("request_id"):
        title += f", request {request[:13]}"
    return title


def _add(branch: Tree, node: OperationNode, causes: frozenset[str], consumed: Consumed) -> None:
    line = node.line
    style = _STYLES.get(line["outcome"], "red" if is_refusal(line) or line["outcome"] == "error" else "dim")
    is_cause = line["operation_id"] in causes  # named after "because of"; highlighted here
    text = twig(f"{line['operation']}: ", "bold" if is_cause else "")
    text.append(escape_unsafe(line["outcome"]), style=f"bold reverse {style}" if is_cause else style)
    attempt = f", attempt {line['attempt']}" if line.get("attempt", 1) != 1 else ""
    text.append(escape_unsafe(f"  {spent(line)}{attempt}  {line['operation_id'][:13]}"), style="dim")
    below = branch.add(text)
    for details, style in _details(line):
        below.add(twig(details, style))
    if line["outcome"] == "success":
        for taken in consumed.get(line["operation_id"], ()):
            what = amount_of(taken["quantity"], taken["unit"], taken["item_slug"])
            below.add(twig(f"{what} from lot {taken['lot_code']}"))
    for child in node.children:
        _add(below, child, causes, consumed)


def _details(line: LogLine) -> Iterator[tuple[str, str]]:
    if known := fields({key: value for key, value in line.items() if key not in TIMES}):
        yield ", ".join(known), ""
    for name, what in (
        ("lock_wait_ms", "waiting for locks"),
        ("slowest_sql_ms", "in one statement"),
        ("commit_ms", "in COMMIT"),
    ):
        if isinstance(ms := line.get(name), int | float) and ms >= SLOW_MS:
            statement = f": {line.get('slowest_sql')}" if name == "slowest_sql_ms" else ""
            yield f"{ms} ms {what}{statement}", "yellow"
    shortages = [short for short in _list(line.get("shortages")) if isinstance(short, Mapping)]
    for short in shortages:
        slug = short.get("ingredient_slug") or short.get("component_slug")
        needed, there = (amount(str(short.get(name)), str(short.get("unit"))) for name in ("needed", "available"))
        yield f"{slug}: {needed} needed, {there} available", "red"
    if line["outcome"] == "rolled_back":  # the transaction, or the operation around it, has the reason
        return
    if line.get("error") and not shortages:
        yield on_one_line(line["error"]), "red"
    exception = line.get("exception")
    for frame in _list(exception.get("frames"))[-3:] if isinstance(exception, Mapping) else ():
        yield f"at {frame}", "red"
    if line.get("cause_operation_id"):
        yield f"because of {str(line['cause_operation_id'])[:13]}", "red"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

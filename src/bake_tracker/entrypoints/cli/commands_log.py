"""Read the log: find lines, count them, and draw the tree of a transaction."""

import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.text import Text
from rich.tree import Tree

from bake_tracker.domain.log_stats import gather_stats
from bake_tracker.domain.log_tree import LogLine, OperationNode, TransactionNode
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.state import answer, complain, out, print_json, say, show_table, state, twig
from bake_tracker.services.log_files import read_log
from bake_tracker.services.log_reader import read_trees
from bake_tracker.services.log_values import escape_unsafe

_STYLES = {"success": "green", "replayed": "green", "rolled_back": "yellow", "retried": "yellow", "unknown": "red"}
_SHOWN_APART = frozenset(
    {"timestamp", "settled_at", "level", "logger", "message", "operation", "outcome", "operation_id", "database_id"}
    | {"parent_operation_id", "transaction_id", "request_id", "actor", "duration_ms", "sql_count", "attempt"}
    | {"shortages", "exception", "error", "cause_operation_id"}
)


def tree(
    wanted: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="a transaction, operation or request, or its beginning")
    ] = None,
    last: Annotated[int, typer.Option(min=1, help="how many transactions, without an ID")] = 20,
) -> None:
    """Draw transactions as trees: operations, outcomes, durations and what was refused."""
    trees = read_trees(state.log_file, wanted, last)
    if not trees and state.as_json:
        print_json([])
        raise typer.Exit(1)
    if not trees:
        what = f"about {wanted} " if wanted else ""
        complain(f"The log says nothing {what}({state.log_file}).")
        raise typer.Exit(1)
    answer([_as_json(found) for found in trees], lambda _: draw_all(trees))


def find(
    where: Annotated[
        list[str] | None, typer.Argument(metavar="[FIELD=VALUE]...", help="like outcome=rolled_back or recipe_id=3")
    ] = None,
    since: Annotated[Any, typer.Option(parser=parse.instant, help="like 2026-11-23 or 2026-11-23T14:30, UTC")] = None,
    until: Annotated[Any, typer.Option(parser=parse.instant, help="up to and not including")] = None,
) -> None:
    """Print the log's lines that have these values, oldest first; exit 1 when there are none."""
    wanted = dict(parse.field_value(text) for text in where or [])
    found = False
    for line in read_log(state.log_file):
        if line is None or not _matches(line, wanted, since, until):
            continue
        found = True
        say(json.dumps(line, ensure_ascii=False) if state.as_json else _one_line(line))
    raise typer.Exit(0 if found else 1)


def stats() -> None:
    """Count operations by outcome, with the share refused and how long they took."""
    answer(gather_stats(line for line in read_log(state.log_file) if line is not None), _show_stats)


def _matches(line: LogLine, wanted: dict[str, str], since: str | None, until: str | None) -> bool:
    at = line["timestamp"]
    if (since is not None and at < since) or (until is not None and at >= until):
        return False
    return all(key in line and _says(line[key], value) for key, value in wanted.items())


def _one_line(line: LogLine) -> str:
    fields = [f"{key}={_plain(value)}" for key, value in line.items() if key not in _SHOWN_APART and value is not None]
    ending = [line["error"]] if line.get("error") else []
    head = f"{line['timestamp']} {line['level']:<7} {line['message']}  {str(line.get('operation_id', ''))[:13]}"
    return "  ".join([head, *fields, *ending])


def _says(value: Any, wanted: str) -> bool:
    return any(_says(one, wanted) for one in value) if isinstance(value, list) else str(value) == wanted


def _show_stats(rows: list[Any]) -> None:
    show_table(
        {
            "operation": "left",
            "count": "right",
            "refused": "right",
            "p50 ms": "right",
            "p95 ms": "right",
            "p99 ms": "right",
            "outcomes": "left",
        },
        (
            [
                row["operation"],
                str(row["count"]),
                f"{row['refused_percent']} %",
                *(str(row[name]) for name in ("p50_ms", "p95_ms", "p99_ms")),
                ", ".join(f"{outcome} {number}" for outcome, number in row["outcomes"].items()),
            ]
            for row in rows
        ),
    )


def draw_all(trees: list[TransactionNode]) -> None:
    """Print every transaction as a tree."""
    for tree in trees:
        out.print(draw(tree))


def draw(transaction: TransactionNode) -> Tree:
    if transaction.transaction_id is None:
        root = Tree(Text("asked outside of a transaction", style="bold"), guide_style="dim")
    else:
        title = f"transaction {transaction.transaction_id[:13]}  {transaction.fate}"
        root = Tree(Text(title, style="bold"), guide_style="dim")
    for node in transaction.operations:
        _add(root, node)
    return root


def _add(branch: Tree, node: OperationNode) -> None:
    line = node.line
    style = _STYLES.get(line["outcome"], "dim" if line["level"] in ("DEBUG", "INFO") else "red")
    text = twig(f"{line['operation']}: ")
    text.append(escape_unsafe(line["outcome"]), style=style)
    attempt = f", attempt {line['attempt']}" if line.get("attempt", 1) != 1 else ""
    spent = f"{line.get('duration_ms', 0)} ms, {line.get('sql_count', 0)} SQL{attempt}"
    text.append(escape_unsafe(f"  {spent}  {line['operation_id'][:13]}"), style="dim")
    below = branch.add(text)
    for details, style in _details(line):
        below.add(twig(details, style))
    for child in node.children:
        _add(below, child)


def _details(line: LogLine) -> Iterator[tuple[str, str]]:
    fields = [f"{key}={_plain(value)}" for key, value in line.items() if key not in _SHOWN_APART and value is not None]
    if fields:
        yield ", ".join(fields), ""
    for short in line.get("shortages", []):
        slug = short.get("ingredient_slug") or short.get("component_slug")
        yield f"{slug}: needs {short['needed']} {short['unit']}, has {short['available']}", "red"
    if line.get("error") and not line.get("shortages"):
        yield str(line["error"]), "red"
    if line.get("cause_operation_id"):
        yield f"because of {line['cause_operation_id'][:13]}", "red"


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _as_json(transaction: TransactionNode) -> dict[str, Any]:
    def node_json(node: OperationNode) -> dict[str, Any]:
        return {**node.line, "children": [node_json(child) for child in node.children]}

    return {
        "transaction_id": transaction.transaction_id,
        "fate": transaction.fate,
        "operations": [node_json(node) for node in transaction.operations],
    }

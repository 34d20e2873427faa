"""Draw where stock went, by kind; changes made by hand are listed in more detail than the daily work."""

from collections.abc import Sequence
from typing import Any

from rich.tree import Tree

from bake_tracker.domain.amounts import amount
from bake_tracker.entrypoints.cli.state import counted, money, twig
from bake_tracker.queries.explain.outflows import DAILY, WENT

_FEW = 3
"""How many changes of a daily kind are listed; the last ones rarely explain anything."""


def add_outflows(tree: Tree, kinds: Sequence[dict[str, Any]], unit: str, limit: int, *, of_item: bool = False) -> None:
    """Add a branch for each kind, the largest first, with its largest changes."""
    for kind in kinds:
        name = kind["kind"]
        word = WENT.get(name, name.replace("_", " "))
        sign = "+" if kind["direction"] == "in" else ""
        total = f"{word}: {sign}{amount(kind['quantity'], unit)} in {counted(kind['count'], 'change')}"
        branch = tree.add(twig(total, "" if name in DAILY else "yellow"))
        is_long = kind["count"] > limit  # never with --all
        shown = kind["largest"][: _FEW if is_long and name in DAILY else limit]
        for change in shown:
            branch.add(twig(_change(change, unit, of_item=of_item)))
        if more := kind["count"] - len(shown):
            branch.add(twig(f"and {more} more, none larger; --all shows them", "dim"))


def _change(change: dict[str, Any], unit: str, *, of_item: bool) -> str:
    """One change: how much, for what, why, when, by whom and in which transaction."""
    lot = f" from {change['lot_code']}" if of_item else ""
    into = f" for {change['into']}" if change["into"] else ""
    reason = f", {change['reason']!r}" if change["reason"] else ""
    by = f" by {change['actor']}" if change["actor"] else ""
    at = f"{change['at'][:19].replace('T', ' ')} UTC"
    ids = f"{change['operation']} {change['operation_id'][:13]}, transaction {change['transaction_id'][:13]}"
    return f"{amount(change['quantity'], unit)}{lot}{into}, cost {money(change['cost'])}{reason}, {at}{by}, {ids}"

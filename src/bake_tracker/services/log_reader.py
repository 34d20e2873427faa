"""Read the log back as the trees of its transactions."""

from pathlib import Path
from typing import Any

from bake_tracker.domain.log_tree import TransactionNode, build_trees, walk
from bake_tracker.services.log_files import read_log


def read_trees(path: Path, wanted: str | None = None, last: int = 20) -> list[TransactionNode]:
    """The transactions a log tells of: the latest ``last``, or those whose transaction or operation id begins so."""
    lines = (line for line in read_log(path) if line is not None)
    trees = build_trees(lines)
    if wanted is None:
        return trees[-last:]
    begins = wanted.lower()
    return [tree for tree in trees if any(_is_called(node.line, begins) for node in walk(tree.operations))]


def _is_called(line: Any, begins: str) -> bool:
    return any(
        str(line.get(name) or "").startswith(begins) for name in ("transaction_id", "operation_id", "request_id")
    )

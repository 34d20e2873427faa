"""From log lines to the tree of a transaction: ``transaction_id`` groups, ``parent_operation_id`` nests."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

LogLine = Mapping[str, Any]

# Every attempt of an operation ends in exactly one line with one of these; ``started`` begins it.
BEGINNINGS = frozenset({"started"})
QUESTIONS = frozenset({"sufficient", "insufficient"})


@dataclass(slots=True)
class OperationNode:
    """One attempt of one operation: its outcome line, and the operations made inside it."""

    line: LogLine
    children: list["OperationNode"] = field(default_factory=list)


@dataclass(slots=True)
class TransactionNode:
    """One transaction, or one question asked outside of any."""

    transaction_id: str | None
    operations: list[OperationNode] = field(default_factory=list)

    @property
    def began_at(self) -> str:
        return min(str(node.line["timestamp"]) for node in walk(self.operations))

    @property
    def fate(self) -> str:
        """What became of it, as far as its lines tell."""
        outcomes = {str(node.line["outcome"]) for node in walk(self.operations)}
        for outcome, fate in (("unknown", "unknown"), ("success", "committed"), ("retried", "retried")):
            if outcome in outcomes:
                return fate
        if outcomes <= QUESTIONS:
            return "only asked"
        return "rolled back" if "rolled_back" in outcomes else "nothing recorded"


def walk(nodes: Iterable[OperationNode]) -> Iterator[OperationNode]:
    """Every operation, parents before children."""
    for node in nodes:
        yield node
        yield from walk(node.children)


def build_trees(lines: Iterable[LogLine]) -> list[TransactionNode]:
    """The transactions of these lines in the order they began; a line without an operation is passed over."""
    nodes: dict[tuple[str, Any], OperationNode] = {}
    transactions: dict[str, TransactionNode] = {}
    outcomes = [line for line in lines if line.get("operation_id") and line.get("outcome") not in BEGINNINGS]
    outcomes.sort(key=lambda line: str(line["timestamp"]))
    for line in outcomes:
        key = (str(line["operation_id"]), line.get("transaction_id"))
        # A replay in the same transaction is a second line of the same operation: it stands beside the first.
        nodes.setdefault(key, OperationNode(line))
    for line in outcomes:
        key = (str(line["operation_id"]), line.get("transaction_id"))
        node = nodes[key] if nodes[key].line is line else OperationNode(line)
        parent = nodes.get((str(line.get("parent_operation_id")), line.get("transaction_id")))
        if parent is not None and parent is not node:
            parent.children.append(node)
            continue
        group = str(line.get("transaction_id") or f"asked {line['operation_id']}")
        transaction = transactions.setdefault(group, TransactionNode(line.get("transaction_id")))
        transaction.operations.append(node)
    return sorted(transactions.values(), key=lambda transaction: transaction.began_at)

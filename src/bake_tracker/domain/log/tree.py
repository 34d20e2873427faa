"""Build trees of transactions from log lines: ``transaction_id`` groups them, ``parent_operation_id`` nests them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

from bake_tracker.domain.log.outcomes import BEGINNINGS, FAILED, QUESTIONS, is_refused

LogLine = Mapping[str, Any]

APART = frozenset(
    {"timestamp", "settled_at", "level", "logger", "message", "operation", "outcome", "operation_id", "database_id"}
    | {"parent_operation_id", "transaction_id", "request_id", "actor", "duration_ms", "sql_count", "attempt"}
    | {"shortages", "exception", "error", "cause_operation_id", "after_operation_id", "rolled_back_because", "asked"}
    | {"xid", "lsn", "timeline", "durability"}
)
"""Fields that have their own place in the tree, or are not shown."""
TIMES = ("begin_wait_ms", "lock_wait_ms", "sql_ms", "slowest_sql", "slowest_sql_ms", "commit_ms")
"""Where the time went."""


@dataclass(slots=True)
class OperationNode:
    """One attempt of one operation: its outcome line, and the operations made inside it."""

    line: LogLine
    children: list["OperationNode"] = field(default_factory=list)


@dataclass(slots=True)
class TransactionNode:
    """One transaction, or one check outside any transaction."""

    transaction_id: str | None
    operations: list[OperationNode] = field(default_factory=list)
    retry_of: "TransactionNode | None" = None
    """The earlier attempt at the same operations."""

    @property
    def began_at(self) -> str:
        return min(str(node.line["timestamp"]) for node in walk(self.operations))

    @property
    def attempt(self) -> int:
        return self.retry_of.attempt + 1 if self.retry_of else 1

    @property
    def causes(self) -> frozenset[str]:
        """The operations that made others fail."""
        return frozenset(str(node.line.get("cause_operation_id")) for node in walk(self.operations)) - {"None"}

    @property
    def refused_count(self) -> int:
        """How many of its operations were refused or failed."""
        return sum(str(node.line["outcome"]) in FAILED or is_refusal(node.line) for node in walk(self.operations))

    def first(self, name: str) -> str | None:
        """The first value of a field that is the same on all lines, such as the actor."""
        values = (node.line.get(name) for node in walk(self.operations))
        return next((str(value) for value in values if value is not None), None)

    @property
    def reason(self) -> str | None:
        """Why its owner rolled it back: in its own words, or the exception that left it."""
        lines = [node.line for node in self.operations if node.line["outcome"] == "rolled_back"]
        reasons = (line.get("rolled_back_because") or line.get("error") for line in lines)
        return next((str(reason) for reason in reasons if reason), None)

    @property
    def fate(self) -> str:
        """How the transaction ended, as far as its lines say."""
        outcomes = {str(node.line["outcome"]) for node in walk(self.operations)}
        # A success beside an unknown came later, from a repair or a retry with the same operation id.
        for outcome, fate in (("success", "committed"), ("unknown", "unknown"), ("retried", "retried")):
            if outcome in outcomes:
                return fate
        if outcomes <= QUESTIONS:
            return "check only"
        return "rolled back" if "rolled_back" in outcomes else "nothing recorded"


def is_refusal(line: LogLine) -> bool:
    """Whether the line says that the operation was refused."""
    return is_refused(str(line["outcome"]))


def walk(nodes: Iterable[OperationNode]) -> Iterator[OperationNode]:
    """Every operation, parents before children."""
    for node in nodes:
        yield node
        yield from walk(node.children)


def without_copies(lines: list[LogLine]) -> list[LogLine]:
    """These lines without repaired ones whose original turned up."""
    told = {line.get("operation_id") for line in lines if line.get("outcome") == "success" and not is_repaired(line)}
    return [line for line in lines if not (is_repaired(line) and line.get("operation_id") in told)]


def is_repaired(line: LogLine) -> bool:
    """Whether the line was written from the database, because the process that should have written it died."""
    return "repaired_at" in line


def build_trees(lines: Iterable[LogLine]) -> list[TransactionNode]:
    """The transactions in these lines in the order they began, each followed by its retries.

    Lines without an operation are skipped.
    """
    nodes: dict[tuple[str, Any], OperationNode] = {}
    transactions: dict[str, TransactionNode] = {}
    outcomes = [
        line for line in lines if line.get("operation_id") and line.get("outcome") and line["outcome"] not in BEGINNINGS
    ]
    outcomes = without_copies(outcomes)
    outcomes.sort(key=lambda line: str(line["timestamp"]))
    for line in outcomes:
        key = (str(line["operation_id"]), line.get("transaction_id"))
        # A replay in the same transaction is a second line of the same operation; it goes beside the first.
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
    return _with_their_retries(sorted(transactions.values(), key=lambda transaction: transaction.began_at))


def _with_their_retries(transactions: list[TransactionNode]) -> list[TransactionNode]:
    """Put attempts at the same operations next to each other, where the first one was."""
    latest_of: dict[str, TransactionNode] = {}
    chains: dict[int, list[TransactionNode]] = {}
    chain_of: dict[int, list[TransactionNode]] = {}
    for transaction in transactions:
        own = [str(node.line["operation_id"]) for node in transaction.operations]
        if any(node.line.get("attempt", 1) != 1 for node in transaction.operations):
            transaction.retry_of = next((latest_of[key] for key in own if key in latest_of), None)
        before = transaction.retry_of
        chain = chain_of[id(before)] if before else chains.setdefault(id(transaction), [])
        chain.append(transaction)
        chain_of[id(transaction)] = chain
        latest_of.update(dict.fromkeys(own, transaction))
    return [transaction for chain in chains.values() for transaction in chain]


class TransactionView(TypedDict):
    """A transaction as a tree; an operation is its line, with ``is_cause``, ``consumed`` and ``children``."""

    transaction_id: str | None
    fate: str
    reason: str | None
    attempt: int
    retry_of: str | None
    operations: list[dict[str, Any]]


def committed_in(trees: Iterable[TransactionNode]) -> set[str]:
    """The transactions in which something was committed."""
    return {
        tree.transaction_id
        for tree in trees
        if tree.transaction_id and any(node.line["outcome"] == "success" for node in walk(tree.operations))
    }


def tree_view(transaction: TransactionNode, consumed: Mapping[str, Any]) -> TransactionView:
    """A transaction as JSON; ``consumed`` are lots by operation id."""

    def view(node: OperationNode) -> dict[str, Any]:
        taken = consumed.get(node.line["operation_id"], []) if node.line["outcome"] == "success" else []
        is_cause = node.line["operation_id"] in transaction.causes
        return {
            **node.line,
            "is_cause": is_cause,
            "consumed": taken,
            "children": [view(child) for child in node.children],
        }

    return {
        "transaction_id": transaction.transaction_id,
        "fate": transaction.fate,
        "reason": transaction.reason,
        "attempt": transaction.attempt,
        "retry_of": transaction.retry_of.transaction_id if transaction.retry_of else None,
        "operations": [view(node) for node in transaction.operations],
    }

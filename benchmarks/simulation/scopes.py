"""What a baker's program does: calls, savepoints around them, and the transaction that holds them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Owner = Literal["run_in_transaction", "session_scope", "read_scope"]
End = Literal["commit", "rollback", "raise"]


@dataclass(slots=True)
class Call:
    """One call of a service: the arguments for the product, and those for the model.

    Two calls with the same ``request`` mean the same. ``refusal`` is the expected outcome for wrong arguments.
    """

    function: str
    given: dict[str, Any]
    meant: Mapping[str, Any] = field(default_factory=dict)
    operation_id: str | None = None
    request: object = None
    refusal: str | None = None

    def __post_init__(self) -> None:
        if self.request is None:
            self.request = self

    def __str__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.given.items())
        return f"{self.function}({given}, operation_id={self.operation_id!r})"


@dataclass(slots=True)
class Savepoint:
    """Calls in the caller's own savepoint, which is released or rolled back."""

    calls: list[Call]
    is_undone: bool


@dataclass(slots=True)
class Fault:
    """A fault at the ``at``-th statement or at COMMIT, and how the caller reacts.

    The caller repeats the failed transaction, or catches the operation's error and continues.
    """

    kind: Literal["statement", "lock_timeout", "commit", "commit_busy", "lost_before", "lost_after"]
    at: int = 0
    is_called_again: bool = False
    is_caught: bool = False

    @property
    def is_retryable(self) -> bool:
        return self.kind in ("lock_timeout", "commit_busy", "lost_before", "lost_after")


@dataclass(slots=True)
class Scope:
    """One transaction: its owner, its steps, its end and its fault."""

    steps: list[Call | Savepoint]
    owner: Owner = "run_in_transaction"
    end: End = "commit"
    gives_up: bool = True
    fault: Fault | None = None
    is_deaf: bool = False

    @property
    def calls(self) -> list[Call]:
        return [call for step in self.steps for call in (step.calls if isinstance(step, Savepoint) else [step])]


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a bakery, and the least and most it does in a day."""

    recipes: int
    items: int
    receipts: tuple[int, int]
    batches: tuple[int, int]
    assemblies: tuple[int, int]


SIZES = {
    "stall": Size(9, 24, (2, 4), (6, 10), (4, 8)),
    "home": Size(20, 100, (1, 3), (1, 15), (0, 60)),
    "shop": Size(60, 250, (10, 30), (40, 250), (20, 150)),
    "chain": Size(300, 800, (150, 400), (1_500, 3_000), (1_000, 3_000)),
}

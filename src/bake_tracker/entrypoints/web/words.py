"""Plain words for operations and outcomes."""

from collections import defaultdict

from bake_tracker.services.kinds import kinds

OPERATIONS: dict[str, str] = defaultdict(
    lambda: "Recorded something", {name: kind.words for name, kind in kinds().items()}
)
"""What an operation is called on a page, by its name."""

RECORDED = sorted(
    ((name, words) for name, words in OPERATIONS.items() if name.startswith("record_")), key=lambda pair: pair[1]
)
"""The operations that change something, by their words, for a choice."""

"""Plain words for operations and outcomes."""

from collections import defaultdict

from bake_tracker.services.kinds import kinds

OPERATIONS: dict[str, str] = defaultdict(
    lambda: "Recorded something", {name: kind.words for name, kind in kinds().items()}
)
"""Words for each operation on a page, by its name."""

RECORDED = sorted(
    ((name, words) for name, words in OPERATIONS.items() if name.startswith("record_")), key=lambda pair: pair[1]
)
"""The operations that record something, by their words, to choose from."""

"""Outcomes by meaning; every other list of outcomes is derived from these."""

BEGINNINGS = frozenset({"started", "prepared"})
"""An attempt begins, or waits for the second phase of its commit; it ends in exactly one line with another outcome."""
MARKS = frozenset({"opened", "noted"})
"""Lines about the log itself, not about an operation."""
DONE = frozenset({"success", "replayed"})
QUESTIONS = frozenset({"sufficient", "insufficient"})
LOST = "lost"
"""Noted by a repair: it was a success, and was lost when another server took over."""
UNDONE = frozenset({"rolled_back", "retried", "unknown", LOST})
"""The work of the operation was rolled back or lost, or its outcome is unknown."""
FAILED = frozenset({"error"})
"""A fault, not a refusal."""

NO_ENDS = BEGINNINGS | MARKS
ANSWERED = DONE | QUESTIONS
BROKEN = UNDONE | FAILED
NO_REFUSALS = NO_ENDS | ANSWERED | BROKEN


def is_refused(outcome: str) -> bool:
    """Whether the operation was refused; any outcome not listed above is the name of the rule that refused it."""
    return outcome not in NO_REFUSALS

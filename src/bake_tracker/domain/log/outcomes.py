"""What the last word of a line says of an operation: every list of outcomes is derived from these."""

BEGINNINGS = frozenset({"started"})
"""An attempt begins; every attempt ends in exactly one line with another outcome."""
MARKS = frozenset({"opened", "noted"})
"""Said of the log itself, and of no operation."""
DONE = frozenset({"success", "replayed"})
QUESTIONS = frozenset({"sufficient", "insufficient"})
UNDONE = frozenset({"rolled_back", "retried", "unknown"})
"""What the operation had done was taken back, or nobody knows whether it was."""
FAILED = frozenset({"error"})
"""Something broke."""

NO_ENDS = BEGINNINGS | MARKS
ANSWERED = DONE | QUESTIONS
BROKEN = UNDONE | FAILED
NO_REFUSALS = NO_ENDS | ANSWERED | BROKEN


def is_refused(outcome: str) -> bool:
    """Whether a rule was broken, and nothing was done: whatever has no other meaning names the rule."""
    return outcome not in NO_REFUSALS

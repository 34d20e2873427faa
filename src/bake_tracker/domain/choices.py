"""The choices for items and for the bakery, in commands and in files."""

from typing import Literal

ITEM_KINDS = ("ingredient", "material", "finished_unit", "finished_good")
PICK_POLICIES = ("fefo", "fifo")
LABEL_POLICIES = ("warn", "refuse")
MAX_SHELF_LIFE_DAYS = 36_500
"""A century; the least is 0, for what must be sold on the day it is made."""
LOSS_REASONS = ("burnt", "broken", "dropped", "underbaked", "wrong ingredients", "tasted", "another reason")
"""The reasons that a page offers for a low yield; a service takes any text."""

CountSaw = Literal["before", "after"]
"""Whether a count had seen something that is dated before it and recorded after it."""


def said_of_counts(count_saw: CountSaw | None) -> dict[str, CountSaw]:
    """The argument as part of a call's fingerprint; nothing if it was left out, so that older calls stay the same."""
    return {} if count_saw is None else {"count_saw": count_saw}

"""The choices for items and for the bakery, in commands and in files."""

ITEM_KINDS = ("ingredient", "material", "finished_unit", "finished_good")
PICK_POLICIES = ("fefo", "fifo")
LABEL_POLICIES = ("warn", "refuse")
MAX_SHELF_LIFE_DAYS = 36_500
"""A century; the least is 0, for what must be sold on the day it is made."""
LOSS_REASONS = ("burnt", "broken", "dropped", "underbaked", "wrong ingredients", "tasted", "another reason")
"""The reasons that a page offers for a low yield; a service takes any text."""

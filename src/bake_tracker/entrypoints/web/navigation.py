"""What stands in the menu, for whom."""

from typing import NamedTuple

from bake_tracker.domain.access import Role


class Entry(NamedTuple):
    """One word of the menu: the name of the route it leads to, and the least role that may go there."""

    title: str
    route: str
    role: Role


NAVIGATION: tuple[Entry, ...] = (
    Entry("Today", "today", Role.VIEWER),
    Entry("Bake", "bake", Role.VIEWER),
    Entry("Box", "box", Role.VIEWER),
    Entry("Receive", "receive", Role.BAKER),
    Entry("Count", "count", Role.BAKER),
    Entry("Stock", "stock", Role.VIEWER),
    Entry("Recipes", "recipes", Role.VIEWER),
    Entry("Goods", "goods", Role.VIEWER),
    Entry("Reports", "reports", Role.VIEWER),
    Entry("Log", "log", Role.VIEWER),
    Entry("People", "people", Role.OWNER),
    Entry("Settings", "settings", Role.OWNER),
)

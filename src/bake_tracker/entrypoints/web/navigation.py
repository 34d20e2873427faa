"""The menu and who sees which entry."""

from typing import NamedTuple

from bake_tracker.domain.access import Role


class Entry(NamedTuple):
    """A menu entry: the name of its route, and the lowest role that may open it."""

    title: str
    route: str
    role: Role


NAVIGATION: tuple[Entry, ...] = (
    Entry("Today", "today", Role.VIEWER),
    Entry("Bake", "bake", Role.VIEWER),
    Entry("Box", "box", Role.VIEWER),
    Entry("Orders", "orders", Role.VIEWER),
    Entry("Plan", "plan", Role.VIEWER),
    Entry("Buy", "buy", Role.VIEWER),
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

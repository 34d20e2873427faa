"""A bakery with plenty of everything, for processes that will be interrupted."""

import pytest
from command_line import CommandLine
from kitchen import Kitchen


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dead write no line late."""
    monkeypatch.setattr("bake_tracker.services.log_verification.LINE_IS_LATE_S", (0,))


@pytest.fixture
def bakery(kitchen: Kitchen, bake: CommandLine) -> Kitchen:
    """The log's first line is there, and so is stock that no test can use up."""
    assert bake("log", "verify").code == 0
    return stock_up(kitchen)


def stock_up(kitchen: Kitchen) -> Kitchen:
    kitchen.simple_bakery()
    for item, quantity in (("Flour", 10_000_000), ("Sugar", 10_000_000), ("Carton", 1_000_000), ("Cookie", 1_000_000)):
        kitchen.receive(item, quantity, "each" if item in ("Carton", "Cookie") else "g", 1000)
    return kitchen

"""Large files to import: the work grows with the rows, not with their square."""

from collections.abc import Iterator

import pytest

from bake_tracker.domain.circles import circles
from bake_tracker.domain.importing import shelf
from bake_tracker.domain.importing.plan import BakeryPlan
from bake_tracker.domain.importing.rows import Findings, Row
from bake_tracker.domain.importing.shelf import Shelf

HOUSE = BakeryPlan("Bakery", "EUR", "Europe/Berlin")


class Thing:
    """A thing of the file."""

    def __init__(self, number: int) -> None:
        self.slug, self.name = f"thing-{number}", f"Thing {number}"


class Counted(list[str]):
    """References that count how often they are read."""

    reads = 0

    def __iter__(self) -> Iterator[str]:
        Counted.reads += 1
        return super().__iter__()


def test_each_row_reads_its_own_name_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Formerly, every new row read the names of all rows before it: 20,000 items took minutes."""
    read: list[str] = []

    def name_key(text: str) -> str:
        read.append(text)
        return text.casefold()

    monkeypatch.setattr(shelf, "name_key", name_key)
    things = Shelf[Thing]("a thing", {}, Findings(HOUSE))
    for number in range(100):
        assert things.admit(Row("things", number, {}, HOUSE), Thing(number))
    assert len(read) <= 3 * 100


def test_a_withdrawn_row_is_not_found_by_its_name() -> None:
    """The row that stays is found."""
    things = Shelf[Thing]("a thing", {}, Findings(HOUSE), told={})
    for number in (1, 2):
        things.admit(Row("things", number, {}, HOUSE), Thing(number))
    assert things.by_name("thing 1") is things.new["thing-1"]
    things.rows["thing-1"].refuse("parent", "is missing")
    things.withdraw("thing-1")
    assert things.by_name("thing 1") is None
    assert things.by_name("thing 2") is things.new["thing-2"]


def test_every_circle_is_found_and_each_reference_read_once() -> None:
    """Formerly, every reference was read again for each circle."""
    pairs = {f"n{number}": Counted([f"n{number ^ 1}"]) for number in range(200)}
    assert len(list(circles(pairs))) == 100
    assert Counted.reads <= 200


@pytest.mark.parametrize(
    ("children", "found"),
    [
        ({"a": ["a"]}, [["a", "a"]]),
        ({"a": ["b"], "b": ["c"], "c": ["b"]}, [["b", "c", "b"]]),
        ({"a": ["b", "c"], "b": [], "c": ["b"]}, []),
        ({"a": ["b"], "b": ["a"], "c": ["a", "d"], "d": ["c"]}, [["a", "b", "a"], ["c", "d", "c"]]),
        ({"a": ["b", "d"], "b": ["b"], "d": ["a"]}, [["b", "b"], ["a", "d", "a"]]),
    ],
)
def test_a_circle_leaves_out_those_before_it(children: dict[str, list[str]], found: list[list[str]]) -> None:
    """A row that only leads to a circle is not part of it."""
    assert list(circles(children)) == found

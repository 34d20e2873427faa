"""The examples of the page on ingredient lines are what is read and what is asked."""

import re
from pathlib import Path

import pytest

from bake_tracker.domain.recipe_text.lines import parse_line

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "ingredient-lines.md"
ROW = re.compile(r"^\| `(?P<line>[^`]+)` \| (?P<rest>.+) \|$", re.MULTILINE)
ROWS = [(row["line"], tuple(row["rest"].split(" | "))) for row in ROW.finditer(PAGE.read_text("utf-8"))]
READ = [row for row in ROWS if len(row[1]) == 3]
SETTLED = [(line, rest[0]) for line, rest in ROWS if len(rest) == 2]
ASKED = [(line, rest[0]) for line, rest in ROWS if len(rest) == 1]


@pytest.mark.parametrize(("line", "meaning"), READ)
def test_a_line_is_read_without_a_question(line: str, meaning: tuple[str, ...]) -> None:
    """Its quantity, unit and ingredient stand beside it."""
    read = parse_line(line)
    assert meaning == (str(read.amounts[0].quantity), read.amounts[0].unit, read.ingredient)
    assert read.is_sure


@pytest.mark.parametrize(("line", "what"), SETTLED)
def test_a_rule_settles_what_a_line_leaves_open(line: str, what: str) -> None:
    """It is accepted, and what it leaves open stands beside it."""
    read = parse_line(line)
    assert what in read.settled
    assert read.is_sure


@pytest.mark.parametrize(("line", "why"), ASKED)
def test_a_line_is_asked_about_for_the_reason_beside_it(line: str, why: str) -> None:
    """The reason is the text that pages and commands show."""
    assert why in parse_line(line).doubts


def test_no_row_of_the_page_is_overlooked() -> None:
    """Every row with an example is one of the three kinds."""
    rows = [row for row in PAGE.read_text("utf-8").splitlines() if row.startswith("| `")]
    assert len(rows) == len(READ) + len(SETTLED) + len(ASKED)
    assert all((READ, SETTLED, ASKED))

"""A success line never lies, with any driver that is supported, in any shape that we know."""

from functools import partial
from pathlib import Path

import pytest

from support.log.outcome_scenarios import CommitBound, Stage, staged
from support.log.outcome_shapes import DRIVERS, SHAPES, engine_of, is_installed, is_possible, play

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "log-truth.md"


def told(driver: str, url: str) -> dict[str, str]:
    """What the log made of each shape: "true", "unknown" where it left it open, or what is wrong."""
    found: dict[str, str] = {}
    recorder = CommitBound()
    with staged(url, recorder, partial(engine_of, driver)) as stage:

        def run() -> None:
            for name, shape in SHAPES.items():
                if is_possible(name, driver, "sqlite" if stage.is_sqlite else "postgresql"):
                    stage.attempted.clear()
                    recorder.claimed.clear()
                    recorder.outcomes.clear()
                    before = set(stage.stored())
                    shape(stage)
                    found[name] = judged(stage, recorder, before)
                else:
                    found[name] = "–"

        play(driver, stage, run)
    return found


def judged(stage: Stage, recorder: CommitBound, before: set[str]) -> str:
    """Compare each attempt's one outcome line with its row."""
    stored, outcomes = set(stage.stored()) - before, dict(recorder.outcomes)
    counted = stage.outcome_count()
    assert stage.attempted
    wrong = [
        (outcomes.get(one), one in stored, counted[one])
        for one in stage.attempted
        if counted[one] != 1 or (outcomes[one] != "unknown" and (outcomes[one] == "success") != (one in stored))
    ]
    if wrong:
        return f"wrong: {wrong}"
    return "unknown" if "unknown" in outcomes.values() else "true"


def documented(database: str, driver: str) -> dict[str, str]:
    """The column of a driver in the table of the page."""
    table = PAGE.read_text(encoding="utf-8").partition("<!-- truth -->\n")[2].partition("\n<!-- end -->")[0]
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()]
    column = head.index(f"{driver}, {database}" if driver.startswith("Bake") else driver)
    return {row[0]: row[column] for row in rows}


@pytest.mark.parametrize("driver", [one for one in DRIVERS["sqlite"] if is_installed(one)])
def test_every_shape_is_true_on_sqlite(sqlite_url: str, driver: str) -> None:
    """The page about it has the same table."""
    assert told(driver, sqlite_url) == documented("SQLite", driver)


@pytest.mark.parametrize("driver", [one for one in DRIVERS["postgresql"] if is_installed(one)])
def test_every_shape_is_true_on_postgresql(postgresql_url: str, driver: str) -> None:
    """The page about it has the same table."""
    assert told(driver, postgresql_url) == documented("PostgreSQL", driver)

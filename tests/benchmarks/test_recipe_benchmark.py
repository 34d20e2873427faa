"""The recipe-page benchmark scores the pages of any folder."""

import shutil
from pathlib import Path

import pytest

from support import DATA
from support.scripts import run_benchmark

PAGES = DATA / "pages"


@pytest.mark.thorough
def test_the_lines_and_pages_of_the_tests_are_scored() -> None:
    """No line of the pages is accepted wrongly, and every yield is right or doubted."""
    out = run_benchmark("recipes")
    rows = {line.split("  ")[0]: line.split() for line in (line.strip() for line in out.splitlines())}
    assert rows["lines it was tuned on"][5:7] == ["60", "60"]
    assert rows["lines held out"][3:5] == ["60", "60"]
    assert rows["14 pages of tests/data/pages"][-3:] == ["0", "(0.0", "%)"]
    assert "yield of 14 of 14 pages of tests/data/pages right, or rightly doubted" in rows


def test_a_folder_without_gold_is_counted_and_a_page_without_a_recipe_is_named(tmp_path: Path) -> None:
    """For such a folder, only the share of sure lines is reported."""
    shutil.copy(PAGES / "morning-buns.html", tmp_path)
    (tmp_path / "words.html").write_text("<p>words</p>", "utf-8")
    out = run_benchmark("recipes", str(tmp_path))
    assert f"{tmp_path.name}, without gold  7      -                  -           -     7 (100.0 %)     -" in out
    assert "words.html has no schema.org recipe" in out

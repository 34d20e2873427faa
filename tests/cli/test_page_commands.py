"""``bake import-page``: the cases that the how-to does not show."""

import pytest

from support import DATA
from support.command_line import CommandLine

PAGES = DATA / "pages"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


def test_a_dry_run_of_a_page_that_is_not_sure_exits_1(bake: CommandLine) -> None:
    """stderr says what to do, and nothing is written."""
    done = bake("import-page", str(PAGES / "pumpkin-pie.html"), "--dry-run", "--create-missing")
    assert (done.code, bake("recipe", "list").out) == (1, "")
    assert "line 7: the amount is for each of several ingredients; add --accept 7 or --line '7=250 g SLUG'" in done.err
    assert "yield: servings are not a yield; add --makes '8 SLUG' or --without-yield" in done.err


def test_json_is_the_result_alone(bake: CommandLine) -> None:
    """It prints only the result, or the refusal with its fields."""
    file = str(PAGES / "morning-buns.html")
    assert bake("import-page", file, "--json").json["error"]["fields"][-1] == "yield"
    done = bake("import-page", file, "--json", "--create-missing")
    assert (done.code, done.json["slug"], done.json["line_count"]) == (0, "morning-buns", 7)


@pytest.mark.parametrize(
    "words",
    [("--line", "flour"), ("--line", "x=1 g flour"), ("--map", "flour"), ("--makes", "cookies")],
)
def test_an_option_that_cannot_be_read_shows_how_to_write_it(bake: CommandLine, words: tuple[str, ...]) -> None:
    """The option is wrong usage."""
    done = bake("import-page", str(PAGES / "morning-buns.html"), *words)
    assert done.code == 2
    assert "write it like" in " ".join(done.err.replace("│", " ").split())


def test_a_dry_run_says_that_the_recipe_is_there_already(bake: CommandLine) -> None:
    """It exits 1, as the import would, and says how to go on; another slug is free."""
    words = ("import-page", str(PAGES / "morning-buns.html"), "--create-missing")
    assert bake(*words).code == 0
    again = bake(*words, "--dry-run")
    assert (again.code, bake(*words).code) == (1, 1)
    assert "there is already a recipe 'morning-buns'; add --slug SLUG, or --change morning-buns" in again.err
    assert bake(*words, "--dry-run", "--slug", "buns").code == 0
    assert bake(*words, "--dry-run", "--change", "morning-buns").code == 0

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


def test_a_terminal_asks_how_what_is_new_is_kept(bake: CommandLine) -> None:
    """Enter takes what the line suggests; a volume suggests nothing, because flour comes in cups, too."""
    words = ("import-page", str(PAGES / "morning-buns.html"), "--create-missing")
    asked = bake.at_terminal("\n" * 9)(*words)
    assert (asked.code, "How is whole milk kept: by weight, volume, pieces, length? Nothing" in asked.out) == (1, True)
    assert bake("recipe", "list").out == ""
    assert bake.at_terminal("\n\nvolume\n\n\n\n\n3\ny\n")(*words).code == 0


def test_a_script_may_say_it_in_options(bake: CommandLine) -> None:
    """The preview shows it; what cannot be read is wrong usage."""
    words = ("import-page", str(PAGES / "morning-buns.html"), "--create-missing")
    said = ("--kept", "whole milk=weight", "--keeps", "none")
    kept = [line["kept"] for line in bake(*words, *said, "--dry-run", "--json").json["lines"]]
    assert kept == ["g", "g", "g", "g", "g", "g", "each"]
    assert "warnings" not in bake(*words, *said, "--json").json
    assert [bake(*words, "--kept", odd).code for odd in ("milk", "milk=litres")] == [2, 2]


def test_a_new_product_without_its_shelf_life_is_named(bake: CommandLine) -> None:
    """The recipe is recorded as ever."""
    words = ("import-page", str(PAGES / "morning-buns.html"), "--create-missing")
    assert "Look again: bun has no shelf life yet" in bake(*words).out

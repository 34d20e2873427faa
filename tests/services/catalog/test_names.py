"""Other names for our items: suggested, never guessed, given once, and remembered."""

import logging

import pytest

from bake_tracker.domain.errors import ServiceError, ValidationError
from bake_tracker.domain.name_matching import likenesses, name_key
from bake_tracker.entrypoints.cli.remedies import in_words
from bake_tracker.services.catalog.names import record_name
from bake_tracker.services.database import run_in_transaction
from support.command_line import CommandLine
from support.import_files import change_line, check, clean, record
from support.kitchen import Kitchen


def named(kitchen: Kitchen) -> list[tuple[str, str]]:
    rows = kitchen.rows("SELECT name_mapping.name, slug FROM name_mapping JOIN item ON item.id = item_id ORDER BY 1")
    return [tuple(row) for row in rows]


def test_an_unknown_name_is_refused_with_similar_ones(sqlite_url: str) -> None:
    """The refusal shows the similarity and the remedy; a similar name is never used instead."""
    refusal = check(change_line(0, ingredient_slug="Dark rye flour"))["refused"][0]
    assert refusal["value"] == "Dark rye flour"
    assert "like flour_rye (" in refusal["reason"]
    assert refusal["remedy"] == {"kind": "map_name", "name": "Dark rye flour", "item_slug": "flour_rye"}
    assert 'add --map "Dark rye flour=flour_rye"' in in_words(refusal)["reason"]


def test_the_meaning_of_a_name_is_given_once_and_remembered(kitchen: Kitchen, log: pytest.LogCaptureFixture) -> None:
    """The import remembers the name in a nested operation, and the next file needs no mapping."""
    document = change_line(0, ingredient_slug="Dark  Rye Flour")
    report = record(document, names={"dark rye flour": "flour_rye"})
    assert report["refused_count"] == 0
    assert named(Kitchen()) == [("dark rye flour", "flour_rye")]
    told = [
        line for line in log.records if line.__dict__.get("operation") == "record_name" and line.outcome == "success"
    ]  # type: ignore[attr-defined]
    assert [(line.mapped_name, line.item_slug, line.levelno) for line in told] == [  # type: ignore[attr-defined]
        ("dark rye flour", "flour_rye", logging.INFO)
    ]
    again = change_line(0, ingredient_slug="DARK RYE FLOUR", quantity=3)
    again["recipes"][0].update(name="Rye Rolls", slug="rye-rolls")
    assert record(again)["refused_count"] == 0


def test_the_name_that_an_item_has_leads_to_it(sqlite_url: str) -> None:
    """A reference by an item's own name is not a guess; a name of two items is refused with both slugs."""
    assert check(change_line(0, ingredient_slug="rye FLOUR"))["refused_count"] == 0
    document = change_line(0, ingredient_slug="Rye flour")
    document["ingredients"][3]["display_name"] = "Rye Flour"
    reason = check(document)["refused"][0]["reason"]
    assert reason == "matches 2 names: flour_rye, salt_coarse; use the slug of one"


def test_a_name_can_only_mean_an_existing_item(sqlite_url: str) -> None:
    """A mapping to an unknown item is refused, and so is one from an item's own slug."""
    with pytest.raises(ValidationError, match=r"'ap flour=saffron' names an item that is neither"):
        check_with({"AP flour": "saffron"})
    kitchen = Kitchen()
    flour = kitchen.ingredient("Flour")
    with pytest.raises(ServiceError, match="is already the slug of an item"):
        run_in_transaction(lambda s: record_name("flour", flour, session=s))
    with pytest.raises(ServiceError, match="is not a remembered name"):
        run_in_transaction(lambda s: record_name("AP flour", None, session=s))


def check_with(names: dict[str, str]) -> None:
    record(clean(), names=names)


def test_names_are_kept_from_the_command_line(bake: CommandLine, kitchen: Kitchen) -> None:
    """Names are guessed, added, changed, listed and forgotten."""
    kitchen.ingredient("Flour")
    kitchen.ingredient("Rye flour")
    assert bake("names", "list").out == "No names are remembered yet.\n"
    assert "flour" in bake("names", "guess", "AP Flour").out
    assert bake("names", "add", "AP  Flour", "flour").out == "'ap flour' means flour\n"
    assert bake("names", "add", "ap flour", "rye-flour").out == "'ap flour' means rye-flour, no longer flour\n"
    assert bake("--json", "names", "list").json == [
        {"name": "ap flour", "item_slug": "rye-flour", "item_name": "Rye flour"}
    ]
    assert bake("names", "guess", "AP Flour").out.startswith("Remembered as rye-flour.")
    assert bake("names", "forget", "AP Flour").out == "Forgot 'ap flour', which meant rye-flour\n"
    assert bake("names", "forget", "AP Flour").code == 1


def test_names_are_compared_without_case_and_blanks() -> None:
    """People write them in both ways."""
    assert name_key("  AP\tFlour ") == name_key("ap flour")


def test_the_most_similar_name_comes_first_and_nonsense_matches_nothing() -> None:
    """There are at most three suggestions, and none below 60 per cent."""
    names = {"flour": "flour", "bread flour": "flour_bread", "rye flour": "flour_rye", "salt": "salt"}
    assert likenesses("bred flour", names)[0].slug == "flour_bread"
    assert len(likenesses("flour", names)) <= 3
    assert likenesses("xqzw", names) == []

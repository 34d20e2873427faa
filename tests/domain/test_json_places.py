"""The line and column of each value in a JSON text."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake_tracker.domain.errors import ImportRefusedError, ValidationError
from bake_tracker.domain.importing.reading import parse_export
from bake_tracker.domain.json_places import find_places
from support.import_files import TEXT, dirty, record

VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


def spots(value: Any, place: str = "") -> list[tuple[str, Any]]:
    found = [(place, value)] if place else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += spots(inner, f"{place}.{key}".removeprefix("."))
    if isinstance(value, list):
        for index, inner in enumerate(value):
            found += spots(inner, f"{place}[{index}]")
    return found


@given(st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3), st.sampled_from([None, 1, "\t"]))
def test_every_value_is_found_where_it_begins(value: Any, indent: Any) -> None:
    """This holds for every kind of value and for any layout of the text."""
    text = json.dumps(value, indent=indent)
    lines = text.split("\n")
    places = dict(spots(value))
    found = find_places(text, places)
    assert found.keys() == places.keys()
    for place, (line, column) in found.items():
        rest = "\n".join([lines[line - 1][column - 1 :], *lines[line:]])
        assert json.JSONDecoder().raw_decode(rest)[0] == places[place]


def test_a_missing_value_has_the_place_of_its_parent() -> None:
    """A missing field has the place of its object."""
    assert find_places('{"a": [\n  {"b": 1}]}', ["a[0].c", "x.y"]) == {"a[0].c": (2, 3)}


def test_a_refusal_of_an_export_says_line_and_column(sqlite_url: str) -> None:
    """Line and column count as an editor counts them in the file."""
    try:
        record(dirty())
    except ImportRefusedError as error:
        refused: Any = error.report
    rows = {row["place"]: row for row in refused["refused"]}
    row = rows["recipes[2].ingredients[1].unit"]
    line = TEXT.split("\n")[row["line"] - 1]
    assert line[row["column"] - 1 :].startswith('"scoopful"')
    assert all("line" in row for row in rows.values())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("null", "must contain one JSON object in braces, not null"),
        ('"x"', "must contain one JSON object in braces, not a text"),
        ("17", "must contain one JSON object in braces, not a number"),
        ("[]", "must contain one JSON object in braces, not a list"),
        ('{"items": [{"shelf_life_days": ' + "9" * 5_000 + "}]}", "cannot be read: a number in it has too many digits"),
    ],
)
def test_a_text_that_is_no_export_is_refused_in_plain_words(text: str, says: str) -> None:
    """The refusal names no type or function of Python."""
    with pytest.raises(ValidationError, match=says):
        parse_export(text)

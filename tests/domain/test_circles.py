"""Something that would contain itself is found with its path."""

import pytest

from bake_tracker.domain.recipes.quantities import circle_in

pytestmark = pytest.mark.one_database


def test_the_first_path_back_to_its_start_is_found() -> None:
    """Only below the tops, and whatever leads to the circle is no part of it."""
    below = {"box": ["cake", "lid"], "cake": ["glaze"], "glaze": ["sugar", "cake"], "lid": ["lid"]}
    assert circle_in(["box"], below) == ["cake", "glaze", "cake"]
    assert circle_in(["lid"], below) == ["lid", "lid"]
    assert circle_in(["sugar"], below) == []


def test_a_part_that_two_things_share_is_no_circle() -> None:
    """A diamond ends where it began only when read backwards."""
    assert circle_in(["box"], {"box": ["cake", "cookie"], "cake": ["sugar"], "cookie": ["sugar"]}) == []

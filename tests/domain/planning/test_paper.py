"""What a production sheet says of amounts and jobs."""

import pytest

from bake_tracker.domain.planning.paper import job_words, mixes_words, weighed_amount


@pytest.mark.parametrize(
    ("quantity", "unit", "said"),
    [
        ("1250", "g", "1.25 kg"),
        ("1000", "ml", "1 l"),
        ("29.573529", "ml", "29.6 ml"),
        ("453.59237", "g", "453.6 g"),
        ("2519.9996", "g", "2.52 kg"),
        ("0.02", "g", "0.02 g"),
        ("60", "each", "60"),
        ("0.5", "each", "0.5"),
        ("120", "cm", "120 cm"),
    ],
)
def test_amounts_are_rounded_to_what_a_scale_shows(quantity: str, unit: str, said: str) -> None:
    """Never to nothing."""
    assert weighed_amount(quantity, unit) == said


def test_a_job_is_named_by_what_is_made() -> None:
    """Batches of a recipe, or boxes by their number."""
    assert job_words("bake", "1", "Rye") == "1 batch of Rye"
    assert job_words("bake", "2.5", "Rye") == "2.5 batches of Rye"
    assert job_words("pack", "1", "Cookie box") == "1 Cookie box"
    assert job_words("pack", "7", "Cookie box") == "7 Cookie boxes"


def test_mixes_are_said_only_if_there_are_several() -> None:
    """So many of a size in batches."""
    assert mixes_words([(3, "4"), (1, "0.5")]) == "3 x 4 + 1 x 0.5"
    assert mixes_words([(2, "1")]) == "2 x 1"
    assert mixes_words([(1, "2.5")]) == mixes_words([]) == ""

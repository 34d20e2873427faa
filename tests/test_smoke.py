"""The whole path once."""

from kitchen import Kitchen


def test_a_batch_and_a_box_are_recorded(kitchen: Kitchen) -> None:
    """Stock goes down by what was used and up by what was made."""
    kitchen.simple_bakery()
    run = kitchen.produce("Cookies", "Cookie", 2, 48)
    box = kitchen.assemble("Box", 8)
    assert kitchen.stock("Cookie") == 0
    assert run["total_ingredient_cost"] == "3.00"
    assert box["total_component_cost"] == "7.00"

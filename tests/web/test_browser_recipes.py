"""Recipes, goods and reports in real Chromium."""

import pytest
from playwright.sync_api import Page

from support.browsing import sign_in
from support.depth import usually


def test_a_recipe_is_written_row_by_row_and_leads_to_baking(page: Page) -> None:
    """Four rows and one more; an unknown name stays as typed, and is added when the baker asks for it."""
    page.set_viewport_size({"width": 380, "height": 800})
    sign_in(page, "Bao")
    page.goto("/recipes/new")
    page.get_by_label("Name", exact=True).fill("Walnut bread")
    lines = page.get_by_role("group", name="What one batch takes")
    typed = ["1 kg Flour", "1/2 cup Sugar", "2 Egg", "0.5 batch Icing", "200 g Walnut"]
    for number, text in enumerate(typed, 1):
        if number == 5:
            lines.get_by_role("button", name="Add a row").click()
        amount, _, name = text.rpartition(" ")
        lines.get_by_label(f"Amount, row {number}").fill(amount)
        lines.get_by_label(f"Ingredient or recipe, row {number}").fill(name)
    page.get_by_label("How many, row 1").fill("3")
    page.get_by_label("Product, row 1").fill("Walnut loaf")
    page.get_by_role("button", name="Save the recipe").click()
    page.get_by_text("Row 5, name").wait_for()
    assert page.get_by_label("Ingredient or recipe, row 5").input_value() == "Walnut"
    page.get_by_label("Add unknown names").check()
    page.get_by_label("Walnut loaf keeps for how many days").fill("5")
    page.get_by_role("button", name="Save the recipe").click()
    page.get_by_role("heading", name="Walnut bread").wait_for()
    assert page.get_by_role("link", name="See it, or undo it").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 380
    page.get_by_role("link", name="Bake it").click()
    page.get_by_text("Walnut bread").first.wait_for()


@pytest.mark.parametrize("report", usually(["value", "costs", "attempts"], usual=["value"]))
def test_a_report_is_drawn_again_in_other_colours(page: Page, report: str) -> None:
    """This works on a tablet, beside the report's table."""
    sign_in(page, "Vera")
    page.goto(f"/reports/{report}")
    chart = page.locator("[data-chart] canvas").first
    chart.wait_for()
    assert page.get_by_role("table").count() >= 1
    picture = "document.querySelector('[data-chart] canvas').toDataURL()"
    page.wait_for_timeout(1_200)  # its animation runs
    light = page.evaluate(picture)
    page.get_by_text("Vera", exact=True).click()
    page.get_by_role("button", name="Dark").click()
    page.wait_for_timeout(1_200)
    assert page.evaluate(picture) != light
    assert page.evaluate("document.documentElement.scrollWidth") <= 768

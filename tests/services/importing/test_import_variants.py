"""Other files of bake-tracker 4.x: purchases, views, and exports of earlier versions."""

from decimal import Decimal
from typing import Any

import pytest

from bake_tracker.domain.errors import ServiceError, ValidationError
from bake_tracker.entrypoints.cli.remedies import told
from support.import_files import Document, check, clean, counts, record
from support.kitchen import Kitchen

pytestmark = pytest.mark.usefixtures("sqlite_url")


def bought(*rows: dict[str, Any], **more: Any) -> Document:
    """A file of the phone app, as ``import_type`` says."""
    return {"schema_version": "4.0", "import_type": "purchases", "supplier": "Costco", "purchases": [*rows], **more}


BAG = {"product_slug": "flour_rye:Brook:2.5:kg", "purchased_at": "2026-02-03T09:00:00Z", "unit_price": Decimal("3.5")}


def test_a_purchase_file_adds_the_contents_of_packages() -> None:
    """A product is found by code, or by ingredient, brand and size; prices are per package; a repeat adds nothing."""
    document = clean()
    document["products"][1]["upc_code"] = "0016000196100"
    record(document)
    file = bought(
        {**BAG, "quantity_purchased": 2},
        {"upc": "16000196100", "scanned_at": "2026-02-03", "unit_price": "1.20", "quantity_purchased": Decimal("1.0")},
        {"upc": "999", "scanned_at": "2026-02-03", "unit_price": 1, "quantity_purchased": 1},
    )
    report = record(file, skip_bad=True)
    assert counts(report) == {"suppliers": (1, 0, 0), "purchases": (2, 0, 1)}
    assert report["refused"][0]["place"] == "purchases[2].upc"
    rows = Kitchen().rows(
        "SELECT quantity_micros, cost_micros, received_on, supplier.name FROM lot "
        "JOIN supplier ON supplier.id = lot.supplier_id ORDER BY lot.id"
    )
    assert [(row[0], row[1], str(row[2]), row[3]) for row in rows] == [
        (5_000_000_000, 7_000_000, "2026-02-03", "Costco"),
        (500_000_000, 1_200_000, "2026-02-03", "Costco"),
    ]
    assert record(file, skip_bad=True)["added_count"] == 0


@pytest.mark.parametrize("kind", ["inventory_updates", "adjustments"])
def test_a_file_of_counts_is_refused_with_what_to_do(kind: str) -> None:
    """Counts change existing stock; the remedy is to count the shelf."""
    with pytest.raises(ValidationError, match="count the shelf") as refused:
        check({"schema_version": "4.0", "import_type": kind, kind: []})
    assert "bake count record" in told(refused.value)


def test_a_view_of_the_stock_is_read_and_other_views_are_refused() -> None:
    """Its rows are under records, with brand in place of product_brand."""
    record({**clean(), "inventory_items": []})
    row = {
        "id": 1, "brand": "Brook", "product_name": "Dark Rye", "package_unit": "kg", "package_unit_quantity": "2.5",
        "ingredient_slug": "flour_rye", "quantity": "2.5", "purchase_date": "2026-01-10", "unit_cost": "5.49",
    }  # fmt: skip
    view = {"version": "1.0", "view_type": "inventory", "records": [row, {**row, "quantity": "some"}]}
    report = record(view, skip_bad=True)
    assert counts(report) == {"inventory_items": (1, 0, 1)}
    assert report["refused"][0]["place"] == "records[1].quantity"
    assert Kitchen().rows("SELECT cost_micros FROM lot") == [(13_725_000,)]
    with pytest.raises(ServiceError, match="editing view of 'recipes'"):
        check({"version": "1.0", "export_type": "recipes", "records": []})


def test_yields_in_their_own_section_belong_to_their_recipes() -> None:
    """An earlier version has finished units beside the recipes and calls the lines base_ingredients."""
    document = clean()
    recipe = document["recipes"][0]
    recipe["base_ingredients"] = recipe.pop("ingredients")
    document["recipes"][1]["components"] = [{"recipe_name": "Rye Crisps", "quantity": 1}]
    document["finished_units"] = [
        {"slug": "crisp", "recipe_slug": "rye-crisps", "display_name": "Crisp", "yield_mode": "DISCRETE_COUNT",
         "items_per_batch": 40},
        {"slug": "half", "recipe_slug": "rye-crisps", "display_name": "Half", "yield_mode": "batch_portion"},
    ]  # fmt: skip
    (refused,) = [r for r in check(document)["refused"] if r["place"].startswith("finished_units")]
    assert refused["place"] == "finished_units[1].yield_mode"
    del document["finished_units"][1]
    assert counts(record(document))["finished_units"] == (2, 0, 0)
    assert Kitchen().rows(
        "SELECT slug, quantity_micros FROM recipe_yield JOIN item ON item.id = item_id ORDER BY 1"
    ) == [
        ("crisp", 40_000_000),
        ("platter", 4_000_000),
    ]


def test_finished_goods_and_their_compositions_become_boxes() -> None:
    """A refused composition has its own place."""
    document = clean()
    document["finished_goods"] = [{"slug": "party_box", "display_name": "Party box"}]
    part = {"assembly_slug": "party_box", "component_type": "finished_unit", "component_slug": "platter"}
    document["compositions"] = [{**part, "component_quantity": 2}]
    assert counts(record(document))["good_parts"] == (1, 0, 0)
    assert Kitchen().rows("SELECT quantity_micros FROM good_component") == [(2_000_000,)]
    assert record(document)["added_count"] == 0
    document["compositions"].append({**part, "component_slug": "nothing", "component_quantity": 2})
    assert [r["place"] for r in check(document)["refused"]] == ["compositions[1].component_slug"]


def test_stock_without_a_unit_is_in_that_of_its_product() -> None:
    """The unit is known when all products of the brand share one; otherwise the row is refused."""
    document = clean()
    for row in document["inventory_items"][:2]:
        del row["package_unit"]
    assert check(document)["refused_count"] == 0
    document["products"].append({**document["products"][0], "package_unit": "lb"})
    assert check(document)["refused_count"] == 2

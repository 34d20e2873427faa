"""A small export of the older program's last version, in its one-file and its folder form."""

import json
from typing import Any

from bake_tracker.domain.importing.reading import parse_export
from support.import_files import Document

WHOLE: Document = {
    "version": "4.1",
    "application": "bake-tracker",
    "suppliers": [{"id": 3, "slug": "mill", "name": "Mill"}],
    "ingredients": [
        {"slug": "flour", "display_name": "Flour", "hierarchy_level": 2, "allergens": ["wheat", "gluten"],
         "density_volume_value": 1, "density_volume_unit": "cup", "density_weight_value": 120,
         "density_weight_unit": "g"},
        {"slug": "egg", "display_name": "Egg", "hierarchy_level": 2, "notes": "Size M"},
    ],
    "products": [
        {"ingredient_slug": "flour", "brand": "Brook", "product_name": "White", "package_unit": "kg",
         "package_unit_quantity": "2.5", "gtin": "4006381333931"},
        {"ingredient_slug": "egg", "brand": "Farm", "product_name": "Ten", "package_unit": "each",
         "package_unit_quantity": 10},
    ],
    "purchases": [
        {"id": 1, "uuid": "11111111-1111-4111-8111-111111111111", "product_id": 1, "supplier_id": 3,
         "ingredient_slug": "flour", "product_brand": "Brook", "product_name": "White", "package_unit": "kg",
         "purchase_date": "2026-01-05", "quantity_purchased": 2, "unit_price": "4.2500"},
        {"id": 2, "uuid": "22222222-2222-4222-8222-222222222222", "product_id": 2, "supplier_id": 3,
         "ingredient_slug": "egg", "product_brand": "Farm", "product_name": "Ten", "package_unit": "each",
         "purchase_date": "2026-01-06", "quantity_purchased": 3, "unit_price": "3.00"},
    ],
    "inventory_items": [
        {"ingredient_slug": "egg", "product_brand": "Farm", "product_name": "Ten", "package_unit": "each",
         "package_unit_quantity": 10, "quantity": 20, "purchase_date": "2026-01-06", "purchase_id": 2},
        {"ingredient_slug": "flour", "product_brand": "Brook", "product_name": "White", "package_unit": "kg",
         "package_unit_quantity": "2.5", "quantity": "2.5", "purchase_date": "2025-12-21"},
    ],
    "recipes": [
        {"name": "Sablés", "category": "Cookies", "components": [],
         "ingredients": [{"ingredient_slug": "flour", "quantity": 2, "unit": "cup", "notes": "sifted"},
                         {"ingredient_slug": "egg", "quantity": 1, "unit": "each"}],
         "finished_units": [{"slug": "sablés", "name": "Sablés", "yield_mode": "discrete_count",
                             "unit_yield_quantity": 24}]},
        {"name": "Platter", "ingredients": [], "components": [{"recipe_name": "Sablés", "quantity": 1}],
         "finished_units": [{"slug": "platter", "name": "Platter", "yield_mode": "batch_portion",
                             "unit_yield_quantity": 33.33}]},
    ],
    "finished_units": [
        {"slug": "sablés", "recipe_name": "Sablés", "display_name": "Sablés", "yield_mode": "discrete_count",
         "items_per_batch": 24},
        {"slug": "half", "recipe_name": "Sablés", "display_name": "Half", "yield_mode": "discrete_count",
         "items_per_batch": 48},
        {"slug": "lost", "recipe_name": None, "display_name": "Of no recipe"},
    ],
    "finished_goods": [
        {"slug": "sablés", "display_name": "Sablés", "assembly_type": "bare"},
        {"slug": "half", "display_name": "Halves", "assembly_type": "bundle", "description": "a dozen"},
        {"slug": "hamper", "display_name": "Hamper", "assembly_type": "bundle"},
    ],
    "compositions": [
        {"finished_good_slug": "sablés", "finished_unit_slug": "sablés", "component_quantity": 1.0},
        {"finished_good_slug": "half", "finished_unit_slug": "half", "component_quantity": 12.0},
        {"finished_good_slug": "half", "material_unit_slug": "six_inches", "component_quantity": 2.0},
        {"finished_good_slug": "half", "material_unit_slug": "whole_tape", "component_quantity": 1.0},
        {"finished_good_slug": "hamper", "finished_good_component_slug": "half", "component_quantity": 2.0},
        {"finished_good_slug": "hamper", "finished_good_component_slug": "sablés", "component_quantity": 5.0},
    ],
    "packages": [{"name": "For Anna", "description": "two hampers"}],
    "package_finished_goods": [{"package_name": "For Anna", "finished_good_slug": "hamper", "quantity": 2}],
    "material_categories": [{"slug": "ribbons", "name": "Ribbons"}],
    "material_subcategories": [{"slug": "silk", "name": "Silk", "category_slug": "ribbons"}],
    "materials": [{"slug": "tape", "name": "Tape", "subcategory_slug": "silk", "base_unit_type": "linear_cm"}],
    "material_products": [
        {"material_slug": "tape", "slug": "tape_reel", "name": "Reel", "package_quantity": 10, "package_unit": "feet",
         "quantity_in_base_units": 304.8, "supplier_slug": "mill"},
    ],
    "material_units": [
        {"slug": "six_inches", "material_product_slug": "tape_reel", "quantity_per_unit": 15.24},
        {"slug": "whole_tape", "material_product_slug": "tape_reel", "quantity_per_unit": 304.8},
    ],
    "recipe_categories": [{"name": "Cookies", "slug": "cookies", "sort_order": 10}],
}  # fmt: skip


def whole() -> Document:
    """A copy of the export, as one document."""
    return parse_export(json.dumps(WHOLE))


def without_barcodes() -> Document:
    """The export of a later version, which leaves out the bar codes; some flour was used since."""
    document = whole()
    del document["products"][0]["gtin"]
    document["inventory_items"][1]["quantity"] = "1.75"
    return document


def folder_files() -> dict[str, str]:
    """The folder form of the export: a table in each file, stock by package, and a manifest."""
    tables: dict[str, list[dict[str, Any]]] = {
        name: rows for name, rows in whole().items() if isinstance(rows, list) and name != "package_finished_goods"
    }
    codes = {"flour": "flour:Brook:2.5:kg", "egg": "egg:Farm:10:each"}
    costs = {"flour": None, "egg": 0.3}
    tables["inventory_items"] = [
        {"product_slug": codes[row["ingredient_slug"]], "quantity": row["quantity"],
         "unit_cost": costs[row["ingredient_slug"]], "purchase_date": row["purchase_date"]}
        for row in tables["inventory_items"]
    ]  # fmt: skip
    tables["purchases"] = [
        {"uuid": row["uuid"], "product_slug": codes[row["ingredient_slug"]], "supplier_slug": "mill",
         "purchase_date": row["purchase_date"], "unit_price": row["unit_price"],
         "quantity_purchased": row["quantity_purchased"]}
        for row in tables["purchases"]
    ]  # fmt: skip
    for row in tables["recipes"]:
        row["slug"] = {"Sablés": "sables", "Platter": "platter"}[row["name"]]
        del row["finished_units"]
    units = [{"slug": "platter", "recipe_slug": "platter", "display_name": "Platter", "yield_mode": "batch_portion",
              "batch_percentage": 33.33}]  # fmt: skip
    tables["finished_units"] = [{**row, "inventory_count": 7} for row in tables["finished_units"][:2]] + units
    tables["compositions"] = [
        {"assembly_slug": row["finished_good_slug"], "finished_unit_slug": row.get("finished_unit_slug"),
         "finished_good_slug": row.get("finished_good_component_slug"),
         "material_unit_slug": row.get("material_unit_slug"), "component_quantity": row["component_quantity"]}
        for row in tables["compositions"]
    ]  # fmt: skip
    del tables["packages"]
    tables["material_purchases"] = [
        {"uuid": "m1", "product_slug": "tape_reel", "supplier_slug": "mill", "purchase_date": "2026-01-07",
         "packages_purchased": 2, "package_price": "5.00", "units_added": 609.6},
        {"uuid": "m2", "product_slug": "tape_reel", "supplier_slug": "mill", "purchase_date": "2025-11-07",
         "packages_purchased": 1, "package_price": "4.00", "units_added": 304.8},
    ]  # fmt: skip
    tables["material_inventory_items"] = [
        {"uuid": "i1", "product_slug": "tape_reel", "purchase_uuid": "m1", "quantity_purchased": 609.6,
         "quantity_remaining": 500, "cost_per_unit": "0.0164", "purchase_date": "2026-01-07", "location": "drawer"}
    ]  # fmt: skip
    files = {
        name: json.dumps({"version": "1.0", "entity_type": name, "records": rows}, default=float)
        for name, rows in tables.items()
    }
    listed = [
        {"filename": f"{name}.json", "entity_type": name, "record_count": len(rows)} for name, rows in tables.items()
    ]
    return {**files, "manifest": json.dumps({"version": "1.0", "files": listed})}

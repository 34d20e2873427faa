"""Plain words for what was done."""

from collections import defaultdict

OPERATIONS: dict[str, str] = defaultdict(
    lambda: "Recorded something",
    {
        "record_adjustment": "Took from the shelf",
        "record_api_token": "Made an API token",
        "record_api_token_revocation": "Revoked an API token",
        "record_assembly": "Boxed",
        "record_bake_and_pack": "Baked and boxed",
        "record_bakery": "Changed the settings",
        "record_batch_production": "Baked",
        "record_delivery": "Took a delivery",
        "record_density": "Weighed a cup",
        "record_event": "Added an event",
        "record_good_components": "Said what a box is made of",
        "record_hold": "Held lots back",
        "record_import": "Brought data in",
        "record_item": "Added an item",
        "record_name": "Learned a name",
        "record_password": "Changed a password",
        "record_piece_weight": "Weighed a piece",
        "record_product": "Added a product",
        "record_production_correction": "Corrected a baking",
        "record_recall": "Recalled a lot",
        "record_receipt": "Received",
        "record_recipe": "Wrote a recipe",
        "record_recipe_page": "Imported a recipe",
        "record_recipe_rate": "Set a recipe's rates",
        "record_recipe_yield": "Said what a recipe makes",
        "record_recipient": "Added a recipient",
        "record_release": "Released lots",
        "record_reversal": "Undid something",
        "record_seal": "Sealed the history",
        "record_stocktake": "Counted the shelf",
        "record_supplier": "Added a supplier",
        "record_transfer": "Moved a lot",
        "record_user": "Let somebody in",
        "record_user_change": "Changed a user",
    },
)
"""What an operation is called on a page, by its name."""

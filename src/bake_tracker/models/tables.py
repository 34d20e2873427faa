"""Every table by name, for Core statements; the ledger's tables stay in their own room."""

from typing import cast

from sqlalchemy import Table

from bake_tracker.models import (
    AcceptedPlan,
    AcceptedPlanLine,
    AcceptedPlanVersion,
    Adjustment,
    ApiToken,
    ArchivedEvent,
    ArchivedItem,
    ArchivedRecipient,
    ArchivedSupplier,
    AssemblyRun,
    Bakery,
    CatalogChange,
    CostStatement,
    CostStatementLine,
    CountAnswer,
    CustomerOrder,
    Delivery,
    Event,
    GoodComponent,
    HandOver,
    HandOverLine,
    Item,
    ItemAllergen,
    ItemInParts,
    ItemLabel,
    ItemMeasure,
    Lot,
    LotHold,
    NameMapping,
    Operation,
    OrderLine,
    OrderVersion,
    ParLevel,
    PassedOverLot,
    Product,
    ProductAllergen,
    ProductionOutput,
    ProductionRun,
    ProductTerms,
    PurchaseOrder,
    PurchaseOrderLine,
    PurchaseOrderReceipt,
    PurchaseOrderVersion,
    Recipe,
    RecipeBatch,
    RecipeLine,
    RecipeRate,
    RecipeSnapshot,
    RecipeTogether,
    RecipeYield,
    Recipient,
    Restoration,
    RestoredOperation,
    Reversal,
    RunRate,
    Seal,
    SealedOperation,
    SignIn,
    SignInAttempts,
    StandingOrder,
    StandingOrderDay,
    StandingOrderLine,
    StandingOrderStop,
    Stocktake,
    StocktakeLine,
    Supplier,
    Transfer,
    UnitChange,
    User,
)

accepted_plan = cast(Table, AcceptedPlan.__table__)
accepted_plan_line = cast(Table, AcceptedPlanLine.__table__)
accepted_plan_version = cast(Table, AcceptedPlanVersion.__table__)
adjustment = cast(Table, Adjustment.__table__)
api_token = cast(Table, ApiToken.__table__)
archived_event = cast(Table, ArchivedEvent.__table__)
archived_item = cast(Table, ArchivedItem.__table__)
archived_recipient = cast(Table, ArchivedRecipient.__table__)
archived_supplier = cast(Table, ArchivedSupplier.__table__)
assembly_run = cast(Table, AssemblyRun.__table__)
bakery = cast(Table, Bakery.__table__)
bakery_user = cast(Table, User.__table__)
catalog_change = cast(Table, CatalogChange.__table__)
cost_statement = cast(Table, CostStatement.__table__)
cost_statement_line = cast(Table, CostStatementLine.__table__)
count_answer = cast(Table, CountAnswer.__table__)
customer_order = cast(Table, CustomerOrder.__table__)
delivery = cast(Table, Delivery.__table__)
event = cast(Table, Event.__table__)
good_component = cast(Table, GoodComponent.__table__)
hand_over = cast(Table, HandOver.__table__)
hand_over_line = cast(Table, HandOverLine.__table__)
item = cast(Table, Item.__table__)
item_allergen = cast(Table, ItemAllergen.__table__)
item_in_parts = cast(Table, ItemInParts.__table__)
item_label = cast(Table, ItemLabel.__table__)
item_measure = cast(Table, ItemMeasure.__table__)
lot = cast(Table, Lot.__table__)
lot_hold = cast(Table, LotHold.__table__)
name_mapping = cast(Table, NameMapping.__table__)
operation = cast(Table, Operation.__table__)
order_line = cast(Table, OrderLine.__table__)
order_version = cast(Table, OrderVersion.__table__)
par_level = cast(Table, ParLevel.__table__)
passed_over_lot = cast(Table, PassedOverLot.__table__)
product = cast(Table, Product.__table__)
product_allergen = cast(Table, ProductAllergen.__table__)
product_terms = cast(Table, ProductTerms.__table__)
purchase_order = cast(Table, PurchaseOrder.__table__)
purchase_order_line = cast(Table, PurchaseOrderLine.__table__)
purchase_order_receipt = cast(Table, PurchaseOrderReceipt.__table__)
purchase_order_version = cast(Table, PurchaseOrderVersion.__table__)
production_output = cast(Table, ProductionOutput.__table__)
production_run = cast(Table, ProductionRun.__table__)
recipe = cast(Table, Recipe.__table__)
recipe_batch = cast(Table, RecipeBatch.__table__)
recipe_line = cast(Table, RecipeLine.__table__)
recipe_rate = cast(Table, RecipeRate.__table__)
recipe_snapshot = cast(Table, RecipeSnapshot.__table__)
recipe_together = cast(Table, RecipeTogether.__table__)
recipe_yield = cast(Table, RecipeYield.__table__)
recipient = cast(Table, Recipient.__table__)
restoration = cast(Table, Restoration.__table__)
restored_operation = cast(Table, RestoredOperation.__table__)
reversal = cast(Table, Reversal.__table__)
run_rate = cast(Table, RunRate.__table__)
seal = cast(Table, Seal.__table__)
sealed_operation = cast(Table, SealedOperation.__table__)
sign_in = cast(Table, SignIn.__table__)
sign_in_attempts = cast(Table, SignInAttempts.__table__)
standing_order = cast(Table, StandingOrder.__table__)
standing_order_day = cast(Table, StandingOrderDay.__table__)
standing_order_line = cast(Table, StandingOrderLine.__table__)
standing_order_stop = cast(Table, StandingOrderStop.__table__)
stocktake = cast(Table, Stocktake.__table__)
stocktake_line = cast(Table, StocktakeLine.__table__)
supplier = cast(Table, Supplier.__table__)
transfer = cast(Table, Transfer.__table__)
unit_change = cast(Table, UnitChange.__table__)

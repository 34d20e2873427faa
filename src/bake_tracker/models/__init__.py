"""The mapped classes, without behaviour. Quantities and money are whole millionths (``*_micros``)."""

from bake_tracker.models.adjustments import Adjustment, CountAnswer, Stocktake, StocktakeLine
from bake_tracker.models.archived import ArchivedEvent, ArchivedItem, ArchivedRecipient, ArchivedSupplier
from bake_tracker.models.assembly import AssemblyRun
from bake_tracker.models.base import Base
from bake_tracker.models.buying import (
    Delivery,
    PurchaseOrder,
    PurchaseOrderLine,
    PurchaseOrderReceipt,
    PurchaseOrderVersion,
)
from bake_tracker.models.catalog import (
    Bakery,
    Event,
    GoodComponent,
    Item,
    ItemInParts,
    Product,
    ProductTerms,
    Recipient,
    Supplier,
)
from bake_tracker.models.catalog_changes import CatalogChange
from bake_tracker.models.cost_statements import CostStatement, CostStatementLine
from bake_tracker.models.labels import ItemAllergen, ItemLabel, ProductAllergen
from bake_tracker.models.measures import ItemMeasure, NameMapping
from bake_tracker.models.operations import Operation, Reversal
from bake_tracker.models.orders import (
    CustomerOrder,
    HandOver,
    HandOverLine,
    OrderLine,
    OrderVersion,
    StandingOrder,
    StandingOrderDay,
    StandingOrderLine,
    StandingOrderStop,
)
from bake_tracker.models.people import ApiToken, SignIn, SignInAttempts, User
from bake_tracker.models.planning import (
    AcceptedPlan,
    AcceptedPlanLine,
    AcceptedPlanVersion,
    ParLevel,
    RecipeBatch,
)
from bake_tracker.models.production import ProductionOutput, ProductionRun, RecipeSnapshot
from bake_tracker.models.rates import RecipeRate, RunRate
from bake_tracker.models.recipes import Recipe, RecipeLine, RecipeTogether, RecipeYield
from bake_tracker.models.restoration import Restoration, RestoredOperation
from bake_tracker.models.seals import Seal, SealedOperation
from bake_tracker.models.stock import Lot, LotHold, PassedOverLot, Transfer
from bake_tracker.models.unit_changes import UnitChange

__all__ = [
    "AcceptedPlan",
    "AcceptedPlanLine",
    "AcceptedPlanVersion",
    "Adjustment",
    "ApiToken",
    "ArchivedEvent",
    "ArchivedItem",
    "ArchivedRecipient",
    "ArchivedSupplier",
    "AssemblyRun",
    "Bakery",
    "Base",
    "CatalogChange",
    "CostStatement",
    "CostStatementLine",
    "CountAnswer",
    "CustomerOrder",
    "Delivery",
    "Event",
    "GoodComponent",
    "HandOver",
    "HandOverLine",
    "Item",
    "ItemAllergen",
    "ItemInParts",
    "ItemLabel",
    "ItemMeasure",
    "Lot",
    "LotHold",
    "NameMapping",
    "Operation",
    "OrderLine",
    "OrderVersion",
    "ParLevel",
    "PassedOverLot",
    "Product",
    "ProductAllergen",
    "ProductTerms",
    "ProductionOutput",
    "ProductionRun",
    "PurchaseOrder",
    "PurchaseOrderLine",
    "PurchaseOrderReceipt",
    "PurchaseOrderVersion",
    "Recipe",
    "RecipeBatch",
    "RecipeLine",
    "RecipeRate",
    "RecipeSnapshot",
    "RecipeTogether",
    "RecipeYield",
    "Recipient",
    "Restoration",
    "RestoredOperation",
    "Reversal",
    "RunRate",
    "Seal",
    "SealedOperation",
    "SignIn",
    "SignInAttempts",
    "StandingOrder",
    "StandingOrderDay",
    "StandingOrderLine",
    "StandingOrderStop",
    "Stocktake",
    "StocktakeLine",
    "Supplier",
    "Transfer",
    "UnitChange",
    "User",
]

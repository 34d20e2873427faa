"""A refusal names the argument, whatever was given; nothing hostile reaches the database."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import uuid4

import pytest

from bake_tracker.domain.errors import NotFoundError, ValidationError
from bake_tracker.services import assembly_service, batch_production_service
from bake_tracker.services.catalog import (
    goods,
    measures,
    product_change,
    products,
    rates,
    recipe_makes,
    recipes,
    things,
)
from bake_tracker.services.database import run_in_transaction
from bake_tracker.services.stock import receipt
from support.kitchen import Kitchen


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("not even this")


KEYS = [None, "1", 1.0, True, Decimal(1), 2**63, -(2**70), 10**5000, b"1", [1], Unprintable()]
OPTIONAL_KEYS = KEYS[1:]
COUNTS = [None, 0, -1, 1.5, 2.0, Decimal("1.5"), Decimal("NaN"), Decimal("1E+999999"), "2", True, 10**6 + 1, 10**5000]
EXACTS = [
    None, -1, 1.0, "5", True, Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-0.000001"),
    Decimal("1E+400"), Decimal("1E-999999"), 2**62, 10**5000, Unprintable(),
]  # fmt: skip
AMOUNTS = [*EXACTS, Fraction(1, 3), Decimal("0.0000001")]
FACTORS = [
    0, -1, 0.0, float("nan"), float("inf"), 5e-324, 1e300, Decimal("NaN"), Decimal("1E-400"), "1", None, True, 10**7,
    Decimal("1." + "1" * 50), Unprintable(),
]  # fmt: skip
TEXTS = [5, b"text", ["text"], "NUL \0", "half \ud800", "x" * 10_001]
NAMES = [None, "", " \t\n", "bell \a", "red \x1b[31m", "turned \u202e", *TEXTS]
MOMENTS = [date(2026, 1, 1), "2026-01-01", 0, datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)]
DAYS = [datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01", 0, date(1970, 1, 1), date.min]
LISTED = [{}, "ab", 5, [None], ["x"], [[]], [{}], [{"lot_id": 1}], [{"quantity": 1}], [{"lot_id": 1, "quantity": 0}]]
IDS = ["", "nonsense", 5, b"x", str(uuid4())[:-1], ["x"]]
UNITS = [None, "", "cupz", 5, "g\0", "x" * 5000, "\ud800"]
CHOICES = [None, "", 5, ["g"], "nonsense", "\0"]
ROWS = [None, [], {}, "ab", 5, [None], ["x"], [[]], {"item_id": 1}]

PRODUCTION = batch_production_service.record_batch_production
ASSEMBLY = assembly_service.record_assembly
RECEIPT = receipt.record_receipt
ITEM = things.record_item
RECIPE = recipes.record_recipe
CASES: dict[Callable[..., Any], tuple[dict[str, Any], dict[str, list[Any]]]] = {
    batch_production_service.check_can_produce: (
        {"recipe_id": 1, "num_batches": 1},
        {"recipe_id": KEYS, "num_batches": COUNTS, "scale_factor": FACTORS, "used": LISTED},
    ),
    PRODUCTION: (
        {"recipe_id": 1, "finished_unit_id": 3, "num_batches": 1, "actual_yield": 1},
        {
            "recipe_id": KEYS, "finished_unit_id": KEYS, "num_batches": COUNTS, "actual_yield": AMOUNTS,
            "scale_factor": FACTORS, "produced_at": MOMENTS, "event_id": OPTIONAL_KEYS, "loss_reason": TEXTS,
            "notes": TEXTS, "labour_cost": AMOUNTS[1:], "overhead_cost": AMOUNTS[1:], "operation_id": IDS,
            "used": LISTED, "outputs": LISTED,
        },
    ),
    rates.record_recipe_rate: (
        {"recipe_id": 1, "labour": 12, "overhead": 3},
        {"recipe_id": KEYS, "labour": AMOUNTS, "overhead": AMOUNTS, "operation_id": IDS},
    ),
    assembly_service.check_can_assemble: (
        {"finished_good_id": 5, "quantity": 1},
        {"finished_good_id": KEYS, "quantity": COUNTS, "used": LISTED},
    ),
    ASSEMBLY: (
        {"finished_good_id": 5, "quantity": 1},
        {
            "finished_good_id": KEYS, "quantity": COUNTS, "assembled_at": MOMENTS, "event_id": OPTIONAL_KEYS,
            "notes": TEXTS, "operation_id": IDS,
        },
    ),
    RECEIPT: (
        {"item_id": 1, "quantity": 1, "unit": "g"},
        {
            "item_id": KEYS, "quantity": [*EXACTS, 0, Fraction(1, 10**5000)], "unit": UNITS,
            "total_cost": AMOUNTS[1:], "lot_code": [*NAMES[1:], "x" * 121],
            "received_on": DAYS, "expires_on": DAYS, "supplier_id": OPTIONAL_KEYS, "product_id": OPTIONAL_KEYS,
            "location": [*TEXTS, "x" * 121], "note": TEXTS, "operation_id": IDS,
        },
    ),
    ITEM: (
        {"kind": "ingredient", "name": "New", "base_unit": "g"},
        {
            "kind": CHOICES, "name": [*NAMES, "x" * 201], "base_unit": CHOICES, "slug": NAMES[1:],
            "pick_policy": CHOICES, "shelf_life_days": [*COUNTS[2:], 36_501], "parent_id": OPTIONAL_KEYS,
            "description": TEXTS, "operation_id": IDS,
        },
    ),
    measures.record_density: (
        {"item_id": 1, "volume": 1, "volume_unit": "cup", "weight": 120, "weight_unit": "g"},
        {
            "item_id": KEYS, "volume": [0, -1, 1.0, "1", None, Fraction(1, 10**5000)],
            "volume_unit": [*UNITS, "g", "each"], "weight": [0, -1, 1.0, "1", None], "weight_unit": [*UNITS, "cup"],
            "source": [*NAMES[1:], "x" * 301], "measured_on": DAYS, "operation_id": IDS,
        },
    ),
    products.record_product: (
        {"item_id": 1, "name": "Type 550", "package_quantity": 25, "package_unit": "kg"},
        {
            "item_id": KEYS, "name": [*NAMES, "x" * 301], "package_quantity": [0, -1, 1.0, "1", None],
            "package_unit": UNITS, "brand": NAMES[1:], "package_type": [*NAMES[1:], "cup", "x" * 61],
            "gtin": [*NAMES[1:], "9" * 21], "supplier_id": OPTIONAL_KEYS, "notes": TEXTS, "operation_id": IDS,
        },
    ),
    product_change.record_product_change: (
        {"product_id": 1, "changes": {"lead_days": 2}},
        {
            "product_id": KEYS,
            "changes": [None, {}, [], "lead_days", {"name": "Other"}],
            "operation_id": IDS,
        },
    ),
    measures.record_piece_weight: (
        {"item_id": 1, "pieces": 1, "weight": 50, "weight_unit": "g"},
        {
            "item_id": KEYS, "pieces": [0, -1, 1.0, "1", None, Fraction(1, 10**5000)],
            "weight": [0, -1, 1.0, "1", None], "weight_unit": [*UNITS, "cup"],
            "source": [*NAMES[1:], "x" * 301], "measured_on": DAYS, "operation_id": IDS,
        },
    ),
    things.record_bakery: (
        {"name": "Bakery"},
        {
            "name": NAMES[1:], "currency": ["", "EURO", "12A", "é€x", 5, Unprintable()],
            "time_zone": ["", "Mars/Base", "../etc/passwd", 5, Unprintable(), "\0"],
        },
    ),
    things.record_supplier: ({"name": "Mill"}, {"name": NAMES, "slug": NAMES[1:]}),
    things.record_event: ({"name": "Fair"}, {"name": NAMES, "happens_on": DAYS, "slug": NAMES[1:]}),
    RECIPE: (
        {"name": "New", "lines": [{"item_id": 1, "quantity": 1, "unit": "g"}]},
        {
            "name": NAMES, "lines": [*ROWS, [{}], [{"item_id": 1, "sub_recipe_id": 1, "quantity": 1, "unit": "g"}]],
            "recipe_id": OPTIONAL_KEYS, "slug": NAMES[1:], "category": [*TEXTS, "x" * 121],
            "source": [*TEXTS, "x" * 301], "notes": TEXTS,
        },
    ),
    recipes.record_recipe_yield: (
        {"recipe_id": 1, "finished_unit_id": 4, "quantity": 1},
        {"recipe_id": KEYS, "finished_unit_id": KEYS, "quantity": [*AMOUNTS, 0]},
    ),
    recipe_makes.record_recipe_makes: (
        {"recipe_id": 1, "makes": [{"finished_unit_id": 4, "quantity": 1}]},
        {
            "recipe_id": KEYS, "together": [1, "yes"],
            "makes": [*ROWS, [{}], [{"finished_unit_id": 4, "quantity": 0}],
                      [{"finished_unit_id": 4, "quantity": 1, "share": 1}]],
        },
    ),
    goods.record_good_components: (
        {"finished_good_id": 5, "components": [{"item_id": 4, "quantity": 1}]},
        {"finished_good_id": KEYS, "components": [*ROWS, [{}], [{"item_id": 4, "quantity": 0}]]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("call", CASES, ids=lambda call: call.__name__)
def test_every_hostile_value_is_refused_by_the_name_of_its_argument(kitchen: Kitchen, call: Callable[..., Any]) -> None:
    """Each hostile value raises a ValidationError that names that argument alone, and nothing is written."""
    kitchen.simple_bakery()
    operations = kitchen.rows("SELECT count(*) FROM operation")
    good, hostile = CASES[call]

    def attempt(session: Any) -> None:
        for name, values in hostile.items():
            for value in values:
                with pytest.raises(ValidationError) as refused:
                    call(**{**good, name: value}, session=session)
                named = {problem["field"].partition("[")[0] for problem in refused.value.problems}
                assert {name} == named, repr(refused.value)[:200]
                assert len(str(refused.value)) < 700

    run_in_transaction(attempt)
    assert operations == kitchen.rows("SELECT count(*) FROM operation")


def test_all_problems_are_reported_at_once(kitchen: Kitchen) -> None:
    """Six bad arguments give six problems, in the order of the arguments."""
    kitchen.ids |= {"r": "1", "u": None}  # type: ignore[dict-item]  # hostile on purpose
    with pytest.raises(ValidationError) as refused:
        kitchen.produce("r", "u", 0, -1, scale_factor=0, notes="\0")
    assert [problem["field"] for problem in refused.value.problems] == [
        "recipe_id",
        "finished_unit_id",
        "num_batches",
        "actual_yield",
        "scale_factor",
        "notes",
    ]


@pytest.mark.parametrize("key", [0, -5, 987_654, 2**63 - 1, -(2**63) + 1])
def test_a_missing_key_is_reported_by_its_own_number(kitchen: Kitchen, key: int) -> None:
    """The error holds the key as it was given, so that the baker can recognise it."""
    kitchen.simple_bakery()
    for name in ("Cookies", "Box"):
        kitchen.ids[name] = key
    calls: list[Callable[[], Any]] = [
        lambda: kitchen.can_produce("Cookies", 1),
        lambda: kitchen.produce("Cookies", "Cookie", 1, 1),
        lambda: kitchen.can_assemble("Box", 1),
        lambda: kitchen.assemble("Box", 1),
        lambda: kitchen.receive("Box", 1, "each"),
    ]
    for call in calls:
        with pytest.raises(NotFoundError) as refused:
            call()
        assert key == refused.value.key


@pytest.mark.parametrize("batches", [1, 10**6])
def test_an_uncountable_quantity_is_refused_by_name(kitchen: Kitchen, batches: int) -> None:
    """Huge batches of huge lines or yields overflow no column; check and recording refuse them alike."""
    kitchen.ingredient("Flour")
    kitchen.receive("Flour", 9_000_000, "kg", 9_000_000_000)
    kitchen.recipe("Much", {"Flour": (9_000_000, "kg")}, {"Loaf": 1})
    kitchen.recipe("Many", {"Flour": (1, "g")}, {"Crumb": 9_000_000_000})
    for recipe, unit, field in (("Much", "Loaf", "num_batches"), ("Many", "Crumb", "scale_factor")):
        for call in (
            lambda recipe=recipe: kitchen.can_produce(recipe, batches, scale_factor=10**6),
            lambda recipe=recipe, unit=unit: kitchen.produce(recipe, unit, batches, 1, scale_factor=10**6),
        ):
            with pytest.raises(ValidationError) as refused:
                call()
            assert {field} == {problem["field"] for problem in refused.value.problems}


def test_a_plan_too_small_to_count_is_refused_by_check_and_recording(kitchen: Kitchen) -> None:
    """Less than a millionth of a cookie cannot be planned."""
    kitchen.simple_bakery()
    for call in (
        lambda: kitchen.can_produce("Cookies", 1, scale_factor=Decimal("1E-9")),
        lambda: kitchen.produce("Cookies", "Cookie", 1, 1, scale_factor=Decimal("1E-9")),
    ):
        with pytest.raises(ValidationError, match="too small or too large to record"):
            call()


def test_a_whole_decimal_is_a_whole_number(kitchen: Kitchen) -> None:
    """``Decimal("2.0")`` batches are two batches."""
    kitchen.simple_bakery()
    assert kitchen.produce("Cookies", "Cookie", Decimal("2.0"), Decimal("48.000000"))["num_batches"] == 2


def test_a_naive_moment_is_the_wall_clock_of_the_bakery(kitchen: Kitchen) -> None:
    """Half past eleven in New York is the next day in UTC, and still today in the lot code."""
    run_in_transaction(lambda s: things.record_bakery(session=s, time_zone="America/New_York"))
    kitchen.simple_bakery()
    late = datetime(2026, 3, 23, 23, 30)  # noqa: DTZ001  naive on purpose
    run = kitchen.produce("Cookies", "Cookie", 1, 24, produced_at=late)
    box = kitchen.assemble("Box", 1, assembled_at=datetime(2026, 3, 24, 3, 45, tzinfo=UTC))
    assert (run["lot_code"], box["lot_code"]) == ("cookie-20260323-1", "box-20260323-1")
    kept = kitchen.rows("SELECT produced_at FROM production_run")[0].produced_at
    assert str(kept.astimezone(UTC) if isinstance(kept, datetime) else kept)[:19] == "2026-03-24 03:30:00"


def test_any_zone_of_the_world_is_accepted(kitchen: Kitchen) -> None:
    """The lot code has the bakery's own day, whichever zone the clock was read in."""
    kitchen.simple_bakery()
    for zone in (UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))):
        kitchen.produce("Cookies", "Cookie", 1, 24, produced_at=datetime(2026, 3, 23, 12, tzinfo=zone))
    codes = [row.code for row in kitchen.rows("SELECT code FROM lot WHERE is_made = true ORDER BY id")]
    assert codes == ["cookie-20260323-1", "cookie-20260322-2", "cookie-20260324-3"]

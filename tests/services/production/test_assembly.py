"""Boxes: what an assembly takes, makes, returns and stores."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from bake_tracker.domain.errors import (
    EventNotFoundError,
    FinishedGoodNotFoundError,
    InsufficientComponentsError,
    ItemNotFoundError,
    RecipeCycleError,
    ValidationError,
)
from bake_tracker.services.catalog import goods, things
from bake_tracker.services.database import run_in_transaction
from support.kitchen import Kitchen

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def set_components(kitchen: Kitchen, good: str, parts: dict[str, int]) -> None:
    rows: list[goods.ComponentInput] = [
        {"item_id": kitchen.ids[part], "quantity": quantity} for part, quantity in parts.items()
    ]
    run_in_transaction(lambda s: goods.record_good_components(kitchen.ids[good], rows, session=s))


def test_the_result_is_exactly_what_the_specification_says(kitchen: Kitchen) -> None:
    """Every key, type and string matches."""
    kitchen.simple_bakery()
    run = kitchen.produce("Cookies", "Cookie", 1, 24, produced_at=NOON)
    carton = kitchen.rows("SELECT id FROM lot WHERE code = 'carton-20260101-1'")[0].id
    box = kitchen.assemble("Box", 3, assembled_at=NOON)
    assert {
        "assembly_run_id": kitchen.rows("SELECT id FROM assembly_run")[0].id,
        "operation_id": str(UUID(box["operation_id"])),
        "finished_good_id": kitchen.ids["Box"],
        "quantity": 3,
        "lot_id": kitchen.rows("SELECT id FROM lot WHERE code = 'box-20261123-1'")[0].id,
        "lot_code": "box-20261123-1",
        "total_component_cost": "2.625",
        "per_unit_cost": "0.875",
        "cost_complete": True,
        "consumptions": [
            {
                "lot_id": carton,
                "lot_code": "carton-20260101-1",
                "ingredient_slug": "carton",
                "quantity": "3",
                "unit": "each",
                "cost": "1.50",
            },
            {
                "lot_id": run["lot_id"],
                "lot_code": "cookie-20261123-1",
                "ingredient_slug": "cookie",
                "quantity": "18",
                "unit": "each",
                "cost": "1.125",
            },
        ],
    } == box
    assert UUID(box["operation_id"]).version == 7
    assert box == json.loads(json.dumps(box))


def test_a_check_lists_every_short_component(kitchen: Kitchen) -> None:
    """Each has kind, id, slug, name and exact strings; the recording refuses with the same list and takes nothing."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24)
    assert kitchen.can_assemble("Box", 4) == {"can_assemble": True, "missing_components": []}
    answer = kitchen.can_assemble("Box", 101)
    assert {
        "can_assemble": False,
        "missing_components": [
            {
                "component_type": kind,
                "component_id": kitchen.ids[name],
                "component_slug": name.lower(),
                "component_name": name,
                "needed": needed,
                "available": available,
                "unit": "each",
            }
            for kind, name, needed, available in (
                ("material", "Carton", "101", "100"),
                ("finished_unit", "Cookie", "606", "24"),
            )
        ],
    } == answer
    with pytest.raises(InsufficientComponentsError) as refused:
        kitchen.assemble("Box", 101)
    assert answer["missing_components"] == refused.value.shortages
    assert Decimal(24) == kitchen.stock("Cookie")


def test_a_hamper_holds_boxes_and_what_they_cost(kitchen: Kitchen) -> None:
    """A good may contain other goods, units, and ribbon by the centimetre."""
    kitchen.simple_bakery()
    kitchen.item("material", "Ribbon", "cm")
    kitchen.receive("Ribbon", 10, "m", 5)
    kitchen.good("Hamper", {"Box": 2, "Cookie": 3, "Ribbon": Decimal("62.5")})
    kitchen.produce("Cookies", "Cookie", 2, 48)
    kitchen.assemble("Box", 4)
    hamper = kitchen.assemble("Hamper", 2)
    assert {c["ingredient_slug"]: c["cost"] for c in hamper["consumptions"]} == {
        "box": "3.50",
        "cookie": "0.375",
        "ribbon": "0.625",
    }
    assert (hamper["total_component_cost"], hamper["per_unit_cost"]) == ("4.50", "2.25")
    assert Decimal(875) == kitchen.stock("Ribbon")


@pytest.mark.parametrize(
    ("shelf_life", "contents", "expected"),
    [
        (None, [None, None], "None"),
        (10, [None, None], "2026-12-03"),
        (10, [date(2026, 11, 30), date(2026, 11, 25)], "2026-11-25"),
        (1, [date(2026, 11, 30), None], "2026-11-24"),
        (None, [date(2026, 11, 25), date(2026, 11, 23)], "2026-11-23"),
    ],
)
def test_a_box_expires_with_the_first_of_its_contents(
    kitchen: Kitchen, shelf_life: int | None, contents: list[date | None], expected: str
) -> None:
    """Its own shelf life may end sooner; only lots that were really used count."""
    for number, expires_on in enumerate(contents):
        kitchen.item("finished_unit", f"Truffle {number}", "each")
        for day in (expires_on, date(2026, 11, 22)):
            kitchen.receive(f"Truffle {number}", 1, "each", 1, received_on=date(2026, 1, 2), expires_on=day)
    kitchen.good("Case", {f"Truffle {number}": 1 for number in range(len(contents))}, shelf_life_days=shelf_life)
    lot_id = kitchen.assemble("Case", 1, assembled_at=NOON)["lot_id"]
    assert expected == str(kitchen.rows("SELECT expires_on FROM lot WHERE id = :i", i=lot_id)[0].expires_on)


def test_expired_contents_are_not_packed(kitchen: Kitchen) -> None:
    """A truffle is good on its last day and refused on the next."""
    kitchen.item("finished_unit", "Truffle", "each")
    kitchen.good("Case", {"Truffle": 1})
    kitchen.receive("Truffle", 2, "each", 1, received_on=date(2026, 1, 2), expires_on=date(2026, 11, 22))
    kitchen.assemble("Case", 1, assembled_at=NOON - timedelta(days=1))
    with pytest.raises(InsufficientComponentsError):
        kitchen.assemble("Case", 1, assembled_at=NOON)


def test_a_good_needs_components_before_it_can_be_packed(kitchen: Kitchen) -> None:
    """Check and recording refuse alike."""
    kitchen.ids["Empty"] = kitchen.item("finished_good", "Empty", "each")
    for call in (kitchen.can_assemble, kitchen.assemble):
        with pytest.raises(ValidationError, match="empty has no components yet"):
            call("Empty", 1)


def test_a_good_cannot_hold_itself_an_ingredient_or_what_does_not_exist(kitchen: Kitchen) -> None:
    """Each has its own error, and the components stay as they were."""
    kitchen.simple_bakery()
    kitchen.good("Hamper", {"Box": 1})
    kitchen.ids["nothing"] = 987_654
    components = kitchen.rows("SELECT count(*) FROM good_component")
    for part, error in (("Hamper", RecipeCycleError), ("Flour", ValidationError), ("nothing", ItemNotFoundError)):
        with pytest.raises(error) as refused:
            set_components(kitchen, "Box", {part: 1, "Carton": 1})
        assert not isinstance(refused.value, ValidationError) or refused.value.problems[0]["field"] == "components"
    assert components == kitchen.rows("SELECT count(*) FROM good_component")


def test_a_missing_thing_is_named(kitchen: Kitchen) -> None:
    """A finished unit is not a finished good; an event must exist."""
    kitchen.simple_bakery()
    for call in (kitchen.can_assemble, kitchen.assemble):
        with pytest.raises(FinishedGoodNotFoundError) as refused:
            call("Cookie", 1)
        assert kitchen.ids["Cookie"] == refused.value.key
    with pytest.raises(EventNotFoundError):
        kitchen.assemble("Box", 1, event_id=5)


def test_the_run_keeps_event_and_notes(kitchen: Kitchen) -> None:
    """The run has them as they were given."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24)
    event = run_in_transaction(lambda s: things.record_event("Advent", session=s))
    kitchen.assemble("Box", 1, event_id=event["event_id"], notes="with bow")
    row = kitchen.rows("SELECT event_id, notes, quantity FROM assembly_run")[0]
    assert (event["event_id"], "with bow", 1) == tuple(row)

"""Two weeks in a small bakery, recorded through the public services for ``bake serve --demo``."""

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from bake_tracker.clock import now
from bake_tracker.domain.errors import ServiceError
from bake_tracker.entrypoints.cli.house.demo import set_up_catalog
from bake_tracker.entrypoints.cli.state import write
from bake_tracker.log.tell import bound_log_context
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.services.access.accounts import record_user
from bake_tracker.services.assembly_service import record_assembly
from bake_tracker.services.batch_production_service import record_batch_production
from bake_tracker.services.buying.purchase_order import record_purchase_order
from bake_tracker.services.catalog.allergens import record_allergens
from bake_tracker.services.catalog.product_change import record_product_change
from bake_tracker.services.catalog.products import record_product
from bake_tracker.services.catalog.rates import record_recipe_rate
from bake_tracker.services.catalog.things import record_event, record_recipient
from bake_tracker.services.database import Session
from bake_tracker.services.orders.hand_over import record_hand_over
from bake_tracker.services.orders.order import record_order
from bake_tracker.services.reversal import record_reversal
from bake_tracker.services.stock.adjustment import record_adjustment
from bake_tracker.services.stock.handling import record_hold
from bake_tracker.services.stock.receipt import record_receipt

PEOPLE = {"Olga": "owner", "Bao": "baker", "Vera": "viewer"}
DAYS = 14

_DELIVERIES: tuple[tuple[int, str, int, str, str, int | None], ...] = (
    # days ago, item, quantity, unit, cost, days until it expires
    (14, "Flour", 25, "kg", "26.50", 180),
    (14, "Butter", 5, "kg", "44.50", 16),
    (14, "Sugar", 10, "kg", "14.20", None),
    (14, "Egg", 5, "dozen", "18.00", 17),
    (14, "Ginger", 500, "g", "16.40", 90),
    (14, "Icing sugar", 3, "kg", "8.10", None),
    (14, "Water", 40, "l", "0", None),
    (14, "Gift box", 60, "each", "75.00", None),
    (14, "Ribbon bow", 80, "each", "16.00", None),
    (6, "Butter", 5, "kg", "47.00", 20),
    (6, "Egg", 3, "dozen", "11.40", 19),
    (2, "Flour", 10, "kg", "11.80", 150),
    (1, "Butter", 1, "kg", "9.80", 3),
)
_CONTAINS: dict[str, list[str]] = {
    "Flour": ["wheat"],
    "Butter": ["milk"],
    "Egg": ["eggs"],
    "Sugar": [],
    "Ginger": [],
    "Icing sugar": [],
    "Water": [],
}
_BAKINGS = (
    # days ago, recipe, product, batches, yield, why less
    (13, "Gingerbread", "Gingerbread man", 2, 48, None),
    (12, "Shortbread", "Shortbread finger", 2, 60, None),
    (9, "Gingerbread", "Gingerbread man", 2, 44, "burnt at the edge of the oven"),
    (8, "Shortbread", "Shortbread finger", 2, 61, None),
    (5, "Gingerbread", "Gingerbread man", 3, 71, "one broke"),
    (3, "Shortbread", "Shortbread finger", 2, 58, "two tasted"),
    (1, "Gingerbread", "Gingerbread man", 2, 48, None),
)
_BOXES = ((11, 6), (7, 8), (4, 5), (1, 4))
_HANDED_OVER = ((10, "sale", 4, "Corner Café"), (3, "gift", 2, "Primary school"))
_ORDERS = ((1, 9, "Corner Café", 6), (3, 15, "Primary school", 40), (5, None, "Corner Café", 12))
"""Days ahead, the hour, who, and how many boxes at 9.50."""


def live(password: str) -> None:
    """Record two weeks in an empty bakery, with three users who share this password."""
    with bound_log_context(actor="Olga"):
        ids = write(set_up_catalog)
        for name, role in PEOPLE.items():
            write(partial(_let_in, name, password, role))
        write(partial(_say_what_is_in, ids))
        ids["Fair"] = write(lambda session: record_event("Winter fair", session=session))["event_id"]
        for *_, name in _HANDED_OVER:
            ids[name] = write(partial(_recipient, name))
    today = write(lambda session: load_bakery(session).local_day(now()))
    with bound_log_context(actor="Olga"):
        write(partial(_buy_flour, ids, today))
    with bound_log_context(actor="Bao"):
        for ago in range(DAYS, 0, -1):
            write(partial(_day, ids, today - timedelta(days=ago), ago))
        _take_orders(ids, today)
        _mishaps(ids)


def _say_what_is_in(ids: dict[str, int], session: Session) -> None:
    for name, contains in _CONTAINS.items():
        record_allergens(ids[name], contains, session=session)
    record_recipe_rate(ids["Gingerbread"], Decimal("7.50"), Decimal("1.20"), session=session)


def _buy_flour(ids: dict[str, int], today: date, session: Session) -> None:
    """Flour comes in bags that are cheaper by the ten; four of them are on their way."""
    bag = record_product(
        ids["Flour"], "Type 550", 25, "kg", session=session, package_type="bag", supplier_id=ids["Mill"]
    )
    tiers = [{"price": Decimal("21.00")}, {"from_packs": 10, "price": Decimal("19.50")}]
    terms = {"lead_days": 2, "order_days": ["monday", "thursday"], "prices": tiers}
    record_product_change(bag["product_id"], terms, session=session)
    lines = [{"product_id": bag["product_id"], "packs": 4}]
    record_purchase_order(ids["Mill"], lines, session=session, wanted_on=today + timedelta(days=2))


def _let_in(name: str, password: str, role: str, session: Session) -> None:
    record_user(name, password, role, session=session)


def _recipient(name: str, session: Session) -> int:
    return record_recipient(name, session=session)["recipient_id"]


def _day(ids: dict[str, int], day: date, ago: int, session: Session) -> None:
    for on, item, quantity, unit, cost, expires in _DELIVERIES:
        if on == ago:
            record_receipt(
                ids[item],
                quantity,
                unit,
                session=session,
                total_cost=Decimal(cost),
                received_on=day,
                expires_on=None if expires is None else day + timedelta(days=expires),
                supplier_id=ids["Mill"],
            )
    for on, recipe, product, batches, actual, reason in _BAKINGS:
        if on == ago:
            record_batch_production(
                ids[recipe], ids[product], batches, actual, session=session, produced_at=_at(day, 6), loss_reason=reason
            )
    for on, boxes in _BOXES:
        if on == ago:
            record_assembly(ids["Holiday box"], boxes, session=session, assembled_at=_at(day, 14), event_id=ids["Fair"])
    for on, kind, boxes, who in _HANDED_OVER:
        if on == ago:
            record_adjustment(
                kind,
                [{"item_id": ids["Holiday box"], "quantity": boxes}],
                session=session,
                recipient_id=ids[who],
                happened_at=_at(day, 16),
            )


def _mishaps(ids: dict[str, int]) -> None:
    """Add a refusal, an undone mistake, broken eggs and a lot of flour on hold."""
    with suppress(ServiceError):
        write(lambda session: record_assembly(ids["Holiday box"], 100, session=session))
    wrong: Any = write(lambda session: record_receipt(ids["Sugar"], 300, "kg", session=session, total_cost=450))
    write(lambda session: record_reversal(wrong["operation_id"], "grams, not kilograms", session=session))
    write(lambda session: record_adjustment("waste", [{"item_id": ids["Egg"], "quantity": 4}], session=session,
                                            reason="dropped"))  # fmt: skip
    lot: Any = write(lambda session: record_receipt(ids["Flour"], 5, "kg", session=session, total_cost=6))
    write(lambda session: record_hold([lot["lot_id"]], "smells of paint; mill is checking", session=session))


def _take_orders(ids: dict[str, int], today: date) -> None:
    """Take a week of orders, and hand over a part of the first one."""
    taken: list[int] = []
    for ahead, hour, who, boxes in _ORDERS:
        line = {"item_id": ids["Holiday box"], "quantity": boxes, "price": Decimal("9.50")}
        taken.append(write(partial(_order, ids[who], line, today + timedelta(days=ahead), hour)))
    handed = [{"line": 1, "quantity": 2}]
    write(lambda session: record_hand_over(handed, session=session, order_id=taken[0], note="came early"))


def _order(recipient_id: int, line: dict[str, Any], day: date, hour: int | None, session: Session) -> int:
    at = None if hour is None else time(hour)
    return record_order([line], session=session, due_on=day, due_time=at, recipient_id=recipient_id)["order_id"]


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), ZoneInfo("Europe/Berlin")).astimezone(UTC)

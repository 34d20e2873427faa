"""Bake batches: ingredient lots become a finished-unit lot."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import NotRequired, TypedDict, cast
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from bake_tracker.database.insert_once import insert_once
from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.errors import InsufficientInventoryError, Shortage, ValidationError
from bake_tracker.domain.label.text import LabelDifference
from bake_tracker.domain.money import format_money, negated
from bake_tracker.domain.recipes.quantities import Item, Rates, Recipe, needs_of
from bake_tracker.domain.recipes.rates import rates_of
from bake_tracker.domain.stock.costing import ProductionStatus, RunCost, production_status, split_cost, total_cost
from bake_tracker.domain.stock.fifo import Draw, draw_from, plan_draws
from bake_tracker.domain.stock.lots import baked_expiry
from bake_tracker.domain.stock.reversal import Posted
from bake_tracker.domain.stock.shortages import all_draws, ingredient_shortages, items_of
from bake_tracker.domain.units import MAX_MICROS, MICRO, drawn_micros, format_micros
from bake_tracker.models import tables
from bake_tracker.queries.catalog.definitions import check_event, load_recipe, snapshot, yield_of
from bake_tracker.queries.runs.corrections import RecordedRun
from bake_tracker.queries.stock.lots import LotState, load_lot, load_lots
from bake_tracker.queries.stock.open_lots import load_lots_to_draw
from bake_tracker.services.catalog.label_check import check_label
from bake_tracker.services.operation import Kind, Operation, checking, recording
from bake_tracker.services.stock.ledger import (
    AddedLot,
    Consumption,
    NewLot,
    choose_lots,
    consumptions,
    turn_into,
    with_what_came_later,
)
from bake_tracker.services.stock.places import handle_lots, move_lot

CHECK = Kind(
    "check_can_produce",
    "batch_production_service",
    "Checked whether a recipe can be baked",
    passed_message="Production check passed",
)
RECORD = Kind(
    "record_batch_production",
    "batch_production_service",
    "Baked",
    entry_message="Recording batch production",
    success_fields=(
        "production_run_id",
        "recipe_id",
        "finished_unit_id",
        "num_batches",
        "actual_yield",
        "production_status",
        "total_ingredient_cost",
    ),
    sometimes=("label_differs",),
)

_add = insert(tables.production_run).returning(tables.production_run.c.id)
_add_rate = insert(tables.run_rate)


@dataclass(frozen=True, slots=True)
class ProductionRequest:
    """Normalised arguments; two calls are the same if these are equal."""

    recipe_id: int
    finished_unit_id: int
    num_batches: int
    actual_micros: int
    scale_factor: Decimal
    produced_at: datetime | None
    event_id: int | None
    loss_reason: str | None
    notes: str | None
    labour_micros: int | None = None
    overhead_micros: int | None = None

    @classmethod
    def read(
        cls, given: Arguments, time_zone: Callable[[], str], *, actual_yield: object, **asked: object
    ) -> "ProductionRequest":
        """Normalise the arguments, noting every problem in ``given``."""
        return cls(
            recipe_id=given.key("recipe_id", asked["recipe_id"]),
            finished_unit_id=given.key("finished_unit_id", asked["finished_unit_id"]),
            num_batches=given.count("num_batches", asked["num_batches"]),
            actual_micros=given.micros("actual_yield", actual_yield),
            scale_factor=given.scale_factor("scale_factor", asked["scale_factor"]),
            produced_at=given.moment("produced_at", asked["produced_at"], time_zone),
            event_id=given.optional_key("event_id", asked["event_id"]),
            loss_reason=given.text("loss_reason", asked["loss_reason"]),
            notes=given.text("notes", asked["notes"]),
            labour_micros=_optional_money(given, "labour_cost", asked.get("labour_cost")),
            overhead_micros=_optional_money(given, "overhead_cost", asked.get("overhead_cost")),
        )

    @property
    def claimed(self) -> dict[str, object]:
        """The values that make two calls the same; without rates, they are the same as before rates existed."""
        later = ("labour_micros", "overhead_micros")
        return {name: value for name, value in asdict(self).items() if value is not None or name not in later}

    @property
    def batches(self) -> Fraction:
        """The number of batches, including the scale."""
        return self.num_batches * Fraction(self.scale_factor)

    @property
    def scale_text(self) -> str:
        return format(self.scale_factor, "f")


class ProductionCheck(TypedDict):
    """Whether there is enough stock, and every shortage."""

    can_produce: bool
    missing_ingredients: list[Shortage]


class ProductionResult(TypedDict):
    """A recorded run; quantities and money are exact decimal strings, an unknown cost is None.

    Labour and overhead are not part of any other amount; both are None if the recipe has no rates. ``label_differs`` is
    present if the label on file does not match what was used.
    """

    production_run_id: int
    operation_id: str
    recipe_id: int
    finished_unit_id: int
    num_batches: int
    scale_factor: str
    expected_yield: str
    actual_yield: str
    loss_quantity: str
    production_status: ProductionStatus
    lot_id: int | None
    lot_code: str | None
    total_ingredient_cost: str | None
    per_unit_cost: str | None
    loss_cost: str | None
    cost_complete: bool
    consumptions: list[Consumption]
    labour_cost: NotRequired[str | None]
    overhead_cost: NotRequired[str | None]
    label_differs: NotRequired[LabelDifference]


def check_can_produce(
    recipe_id: int, num_batches: int, *, session: Session, scale_factor: Decimal | int | float = 1
) -> ProductionCheck:
    """Check whether there is enough stock now, by the rule that recording uses; locks and writes nothing.

    Only ingredients count: a recipe without a product can be checked but not recorded.

    Raises:
        ValidationError: an argument is not allowed, or is too small or too large for every product of the recipe.
        RecipeNotFoundError: there is no such recipe.
        UnitConversionError: an ingredient's density is missing; names every such ingredient.
    """
    with checking(CHECK, session, locals()) as operation:
        given = Arguments()
        recipe_id = given.key("recipe_id", recipe_id)
        num_batches = given.count("num_batches", num_batches)
        scale = given.scale_factor("scale_factor", scale_factor)
        given.done()

        recipe = load_recipe(operation.connection, recipe_id)
        batches = num_batches * Fraction(scale)
        makes = recipe.makes.values()
        if makes and not any(
            _is_countable(_planned_micros(per_batch_micros, batches)) for _, per_batch_micros in makes
        ):
            raise _uncountable()
        needs = needs_of(recipe, batches)
        plan = plan_draws(
            needs, load_lots_to_draw(operation.connection, needs, operation.house.local_day(operation.now))
        )
        missing = ingredient_shortages(plan, _items(recipe))
        operation.tell_check(
            {"recipe_id": recipe_id, "num_batches": num_batches},
            missing_ingredients=[shortage["ingredient_slug"] for shortage in missing],
        )
    return {"can_produce": not missing, "missing_ingredients": missing}


def record_batch_production(
    recipe_id: int,
    finished_unit_id: int,
    num_batches: int,
    actual_yield: int | Decimal,
    *,
    session: Session,
    scale_factor: Decimal | int | float = 1,
    produced_at: datetime | None = None,
    event_id: int | None = None,
    loss_reason: str | None = None,
    notes: str | None = None,
    labour_cost: int | Decimal | None = None,
    overhead_cost: int | Decimal | None = None,
    operation_id: UUID | str | None = None,
) -> ProductionResult:
    """Take the ingredients by their policy and add the product as a lot, in the caller's transaction.

    ``actual_yield`` is in the finished unit's base unit and may be below, at or above the plan; 0 is a total loss, and
    adds no lot. The cost of the ingredients is divided between the good output and the loss, by their share of the
    plan.

    Use ``produced_at`` to record late: lots are judged by that day, and a lot received after it is not used. The
    product keeps for its shelf life; without one, it expires with the first of its ingredients.

    ``labour_cost`` and ``overhead_cost`` are this run's own; left out, they are calculated from the current rates of
    the recipe and its sub-recipes. They are stored beside the run, never in the cost of a lot.

    Raises:
        ValidationError: an argument is not allowed, or the recipe does not make this finished unit.
        RecipeNotFoundError, FinishedUnitNotFoundError, EventNotFoundError: there is no such recipe, unit or event.
        UnitConversionError: an ingredient's density is missing; names every such ingredient.
        InsufficientInventoryError: ingredients are short; lists all of them and takes nothing.
        LabelDiffersError: the label on file does not match, and the bakery's policy is to refuse.
        ConflictError: ``operation_id`` was used for something else.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        asked = ProductionRequest.read(
            given,
            operation.time_zone,
            recipe_id=recipe_id,
            finished_unit_id=finished_unit_id,
            num_batches=num_batches,
            actual_yield=actual_yield,
            scale_factor=scale_factor,
            produced_at=produced_at,
            event_id=event_id,
            loss_reason=loss_reason,
            notes=notes,
            labour_cost=labour_cost,
            overhead_cost=overhead_cost,
        )
        given.done()
        at, there_on = operation.happened("produced_at", asked.produced_at)
        if done := operation.claim(asked.claimed):
            return cast(ProductionResult, done)

        # load
        recipe = load_recipe(operation.connection, asked.recipe_id)
        product, per_batch_micros = yield_of(operation.connection, recipe, asked.finished_unit_id)
        check_event(operation.connection, asked.event_id)
        today = operation.house.local_day(at)

        # decide
        items = _items(recipe)
        expected_micros = _planned_micros(per_batch_micros, asked.batches)
        if not _is_countable(expected_micros):
            raise _uncountable()
        needs = needs_of(recipe, asked.batches)
        plan = choose_lots(operation, needs, today, there_on=there_on, also_lock=product.item_id)
        if missing := ingredient_shortages(plan, items):
            raise InsufficientInventoryError(with_what_came_later(operation, missing, items, there_on))
        draws = all_draws(plan)
        cost = split_cost(total_cost(draws, "num_batches"), expected_micros, asked.actual_micros)
        rates = _rates_of_run(asked, recipe)
        differs = check_label(operation, product.item_id, draws, asked.actual_micros)

        # write
        made = None
        if asked.actual_micros:
            expires_on = baked_expiry(today, product.shelf_life_days, (draw.lot.expires_on for draw in draws))
            made = NewLot(product.item_id, asked.actual_micros, cost.output_micros, today, expires_on)
        lot = turn_into(operation, draws, made)
        baked_by = snapshot(recipe)
        insert_once(
            operation.connection, tables.recipe_snapshot, {"sha256": baked_by.sha256, "content": baked_by.content}
        )
        result = _write_run(
            operation, asked, at, baked_by.sha256, expected_micros, cost, rates, lot, consumptions(draws, items)
        )
        if differs:
            result["label_differs"] = differs
        return operation.succeed(result)


def put_back_run(session: Session, run: RecordedRun, drawn: Sequence[Posted]) -> ProductionResult:
    """Record a run once more as it was, from exactly these draws, whatever its recipe and its lots have become since.

    Its lot is where the first one was, and on hold if that one was.

    The caller has locked the items and checked that the lots hold what is drawn.
    """
    rates = Rates(run.labour_micros, run.overhead_micros)
    asked = ProductionRequest(
        recipe_id=run.recipe_id,
        finished_unit_id=run.finished_unit_id,
        num_batches=run.num_batches,
        actual_micros=run.actual_yield_micros,
        scale_factor=Decimal(run.scale_factor),
        produced_at=run.produced_at,
        event_id=run.event_id,
        loss_reason=run.loss_reason,
        notes=run.notes,
        **asdict(rates),
    )
    with recording(RECORD, session, {**asked.claimed, "operation_id": None}) as operation:
        operation.claim(asked.claimed)
        lots = load_lots(session, [one.lot_id for one in drawn])
        draws = [Draw(lots[one.lot_id].open_lot, -one.quantity_micros, negated(one.cost_micros)) for one in drawn]
        items = {lot.item_id: Item(lot.item_id, "", lot.item_slug, "", lot.base_unit) for lot in lots.values()}
        cost = split_cost(total_cost(draws, "num_batches"), run.expected_yield_micros, run.actual_yield_micros)
        first = None if run.lot_id is None else load_lot(session, run.lot_id)
        made = None
        if first:
            made = NewLot(
                first.item_id,
                run.actual_yield_micros,
                cost.output_micros,
                first.received_on,
                first.expires_on,
            )
        lot = turn_into(operation, draws, made)
        if first and lot:
            _put_like(operation, load_lot(session, lot.lot_id), first)
        known = rates if rates.labour_micros or rates.overhead_micros else None
        used = consumptions(draws, items)
        expected, sha256 = run.expected_yield_micros, run.snapshot_sha256
        return operation.succeed(
            _write_run(operation, asked, run.produced_at, sha256, expected, cost, known, lot, used)
        )


def _write_run(
    operation: Operation,
    asked: ProductionRequest,
    at: datetime,
    snapshot_sha256: str,
    expected_micros: int,
    cost: RunCost,
    rates: Rates | None,
    lot: AddedLot | None,
    used: list[Consumption],
) -> ProductionResult:
    """Write the run and its rates; the answer."""
    run_id = _add_run(operation, asked, at, snapshot_sha256, expected_micros, cost, lot)
    if rates:
        operation.connection.execute(_add_rate, _rate_row(operation.id, run_id, rates))
    return _result(run_id, operation.id, asked, expected_micros, cost, rates, lot, used)


def _put_like(operation: Operation, lot: LotState, first: LotState) -> None:
    why = f"as lot {first.code}"
    if first.location is not None:
        move_lot(operation, lot, draw_from(lot.open_lot, lot.quantity_micros), first.location, why)
    if first.on_hold:
        handle_lots(operation, [lot], "hold", why)


def _planned_micros(per_batch_micros: int, batches: Fraction) -> int:
    return drawn_micros(Fraction(per_batch_micros, MICRO) * batches)


def _is_countable(planned_micros: int) -> bool:
    return 0 < planned_micros <= MAX_MICROS


def _uncountable() -> ValidationError:
    return ValidationError.of("scale_factor", "makes the plan too small or too large to record; use another factor")


def _optional_money(given: Arguments, field: str, value: object) -> int | None:
    return None if value is None else given.micros(field, value)


def _rates_of_run(asked: ProductionRequest, recipe: Recipe) -> Rates | None:
    """Labour and overhead of the run: as given, else by the current rates, or None without either."""
    by_rate = rates_of(recipe, asked.batches)
    labour = by_rate.labour_micros if asked.labour_micros is None else asked.labour_micros
    overhead = by_rate.overhead_micros if asked.overhead_micros is None else asked.overhead_micros
    return Rates(labour, overhead) if labour or overhead else None


def _rate_row(operation_id: str, run_id: int, rates: Rates) -> dict[str, object]:
    return {"operation_id": operation_id, "production_run_id": run_id, **asdict(rates)}


def _items(recipe: Recipe) -> dict[int, Item]:
    return items_of(line.item for lines in recipe.lines_by_recipe.values() for line in lines)


def _add_run(
    operation: Operation,
    asked: ProductionRequest,
    at: datetime,
    snapshot_sha256: str,
    expected_micros: int,
    cost: RunCost,
    lot: AddedLot | None,
) -> int:
    row = {
        "operation_id": operation.id,
        "recipe_id": asked.recipe_id,
        "finished_unit_id": asked.finished_unit_id,
        "num_batches": asked.num_batches,
        "scale_factor": asked.scale_text,
        "expected_yield_micros": expected_micros,
        "actual_yield_micros": asked.actual_micros,
        "status": production_status(expected_micros, asked.actual_micros),
        "lot_id": lot.lot_id if lot else None,
        "total_cost_micros": cost.total_micros,
        "loss_cost_micros": cost.loss_micros,
        "produced_at": at,
        "event_id": asked.event_id,
        "loss_reason": asked.loss_reason,
        "notes": asked.notes,
        "snapshot_sha256": snapshot_sha256,
    }
    return cast(int, operation.connection.execute(_add, row).scalar_one())


def _result(
    run_id: int,
    operation_id: str,
    asked: ProductionRequest,
    expected_micros: int,
    cost: RunCost,
    rates: Rates | None,
    lot: AddedLot | None,
    consumed: list[Consumption],
) -> ProductionResult:
    result: ProductionResult = {
        "production_run_id": run_id,
        "operation_id": operation_id,
        "recipe_id": asked.recipe_id,
        "finished_unit_id": asked.finished_unit_id,
        "num_batches": asked.num_batches,
        "scale_factor": asked.scale_text,
        "expected_yield": format_micros(expected_micros),
        "actual_yield": format_micros(asked.actual_micros),
        "loss_quantity": format_micros(max(expected_micros - asked.actual_micros, 0)),
        "production_status": production_status(expected_micros, asked.actual_micros),
        "lot_id": lot.lot_id if lot else None,
        "lot_code": lot.code if lot else None,
        "total_ingredient_cost": format_money(cost.total_micros),
        "per_unit_cost": format_money(cost.per_unit_micros),
        "loss_cost": format_money(cost.loss_micros),
        "cost_complete": cost.total_micros is not None,
        "consumptions": consumed,
    }
    if rates:
        result |= {
            "labour_cost": format_money(rates.labour_micros),
            "overhead_cost": format_money(rates.overhead_micros),
        }
    return result

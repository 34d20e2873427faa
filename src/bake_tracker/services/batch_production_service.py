"""Bake batches: ingredient lots become a finished-unit lot."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import TypedDict, cast
from uuid import UUID

from sqlalchemy.orm import Session

from bake_tracker.database.insert_once import insert_once
from bake_tracker.domain.arguments import Arguments, scale_of
from bake_tracker.domain.errors import InsufficientInventoryError, Shortage, ValidationError
from bake_tracker.domain.money import negated
from bake_tracker.domain.recipes.quantities import Item, Rates, Recipe, mixes_of, needs_of
from bake_tracker.domain.recipes.rates import rates_of
from bake_tracker.domain.recipes.together import left_out, shares_of_cost
from bake_tracker.domain.stock.costing import split_cost, total_cost
from bake_tracker.domain.stock.doubts import inherited_best_before
from bake_tracker.domain.stock.fifo import Draw, draw_from
from bake_tracker.domain.stock.lots import baked_expiry
from bake_tracker.domain.stock.outputs import OutputInput, Product, divide, products_of, shares_of
from bake_tracker.domain.stock.really_used import UsedInput, read_used
from bake_tracker.domain.stock.reversal import Posted
from bake_tracker.domain.stock.shortages import all_draws, items_of
from bake_tracker.domain.units import MAX_MICROS, MICRO, drawn_micros
from bake_tracker.models import tables
from bake_tracker.queries.catalog.definitions import check_event, load_items, load_recipe, snapshot, yield_of
from bake_tracker.queries.runs.corrections import RecordedRun
from bake_tracker.queries.stock.lots import LotState, load_lot, load_lots
from bake_tracker.services.catalog.label_check import check_label
from bake_tracker.services.operation import Kind, Operation, checking, recording
from bake_tracker.services.runs.production_request import ProductionRequest
from bake_tracker.services.runs.production_rows import ProductionResult, write_run
from bake_tracker.services.runs.really_used import Need, choose_draws, plan_as_used
from bake_tracker.services.stock.ledger import (
    NewLot,
    consumptions,
    note_passed_over,
    turn_into_lots,
)
from bake_tracker.services.stock.places import handle_lots, move_lot
from bake_tracker.services.stock.usable import with_what_came_later

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
    sometimes=("label_differs", "used", "outputs"),
)

__all__ = [
    "CHECK",
    "RECORD",
    "ProductionCheck",
    "ProductionRequest",
    "ProductionResult",
    "check_can_produce",
    "put_back_run",
    "record_batch_production",
]


class ProductionCheck(TypedDict):
    """Whether there is enough stock, and every shortage."""

    can_produce: bool
    missing_ingredients: list[Shortage]


def check_can_produce(
    recipe_id: int,
    num_batches: int,
    *,
    session: Session,
    scale_factor: Decimal | int | float | Fraction = 1,
    used: Sequence[UsedInput] | None = None,
) -> ProductionCheck:
    """Check whether there is enough stock now, by the rule that recording uses; locks and writes nothing.

    Only ingredients count: a recipe without a product can be checked but not recorded. ``used`` is as in the recording.

    Raises:
        LotNotFoundError, ConflictError: a lot in ``used`` does not exist, or is on hold.
        ValidationError: an argument is not allowed, or is too small or too large for every product of the recipe.
        RecipeNotFoundError: there is no such recipe.
        UnitConversionError: an ingredient's density is missing; names every such ingredient.
    """
    with checking(CHECK, session, locals()) as operation:
        given = Arguments()
        recipe_id = given.key("recipe_id", recipe_id)
        num_batches = given.batches("num_batches", num_batches)
        scale = given.scale_factor("scale_factor", scale_factor)
        named = read_used(given, used)
        given.done()

        recipe = load_recipe(operation.connection, recipe_id)
        batches = num_batches * Fraction(scale)
        countable = [_is_countable(_planned_micros(per_batch, batches)) for _, per_batch in recipe.makes.values()]
        if countable and not (all(countable) if recipe.together else any(countable)):
            raise _uncountable()
        need = Need("production", needs_of(recipe, batches), _items(recipe), named, mixes=mixes_of(recipe, batches))
        missing = plan_as_used(operation, need).ingredients_short()
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
    scale_factor: Decimal | int | float | Fraction = 1,
    produced_at: datetime | None = None,
    event_id: int | None = None,
    loss_reason: str | None = None,
    notes: str | None = None,
    labour_cost: int | Decimal | None = None,
    overhead_cost: int | Decimal | None = None,
    used: Sequence[UsedInput] | None = None,
    outputs: Sequence[OutputInput] | None = None,
    count_saw: str | None = None,
    operation_id: UUID | str | None = None,
) -> ProductionResult:
    """Take the ingredients by their policy and add the product as a lot, in the caller's transaction.

    ``actual_yield`` is in the finished unit's base unit and may be below, at or above the plan; 0 is a total loss, and
    adds no lot. The cost of the ingredients is divided between the good output and the loss, by their share of the
    plan.

    Use ``produced_at`` to record late: lots are taken as they were then, and none received after that day. If one was
    counted since, ``count_saw`` says whether the count had seen it (``before``) or not (``after``). The product keeps
    for its shelf life; without one, it expires with the first of its ingredients, and ``best_before`` in the answer
    says which.

    ``labour_cost`` and ``overhead_cost`` are this run's own; left out, they are calculated from the current rates of
    the recipe and its sub-recipes. They are stored beside the run, never in the cost of a lot.

    ``used`` lists lots that were really used, with ``lot_id``, ``quantity`` and, unless it is the item's base unit,
    ``unit``. An item in it is taken exactly as listed, and nothing of it by policy. ``instead_of`` is the id of the
    item that was replaced, whole. That needs a ``reason``, and so does an expired lot.

    ``outputs`` lists what else came out of the same ingredients: ``finished_unit_id``, ``actual_yield`` and, if it is
    known, ``share``, its part of the dough. Without shares, they are in proportion to the batches of each that came
    out. The plan, the loss and the cost of each product are those of its share.

    If the recipe makes its products together, ``outputs`` lists all others, with 0 for those of which nothing came
    out. Each is planned whole, and ``share`` is its part of the cost; left out, it is the recipe's.

    Raises:
        ValidationError: an argument is not allowed, or the recipe does not make a finished unit.
        LotNotFoundError: there is no such lot.
        RecipeNotFoundError, FinishedUnitNotFoundError, EventNotFoundError: there is no such recipe, unit or event.
        UnitConversionError: an ingredient's density is missing; names every such ingredient.
        InsufficientInventoryError: ingredients are short; lists all of them and takes nothing.
        CountedSinceError: a lot was counted after ``produced_at``, and ``count_saw`` was left out.
        LabelDiffersError: the label on file does not match, and the bakery's policy is to refuse.
        ConflictError: a lot in ``used`` is on hold or came in later, or ``operation_id`` was used for something else.
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
            used=used,
            outputs=outputs,
            count_saw=count_saw,
        )
        given.done()
        there_on = operation.happened("produced_at", asked.produced_at, count_saw=asked.count_saw)
        if done := operation.claim(asked.claimed):
            return cast(ProductionResult, done)

        # load
        recipe = load_recipe(operation.connection, asked.recipe_id)
        made = _made(operation, recipe, asked)
        check_event(operation.connection, asked.event_id)

        # decide
        if not all(_is_countable(_planned_micros(per_batch, asked.batches)) for _, per_batch, _ in made):
            raise _uncountable()
        shares = _shares(recipe, asked, made)
        needs = needs_of(recipe, asked.batches)
        mixes = mixes_of(recipe, asked.batches)
        need = Need("production", needs, _items(recipe), asked.used, there_on, mixes)
        chosen = choose_draws(operation, need, also_lock=[item.item_id for item, _, _ in made])
        if missing := chosen.ingredients_short():
            raise InsufficientInventoryError(with_what_came_later(operation, missing, chosen.items, there_on))
        draws = all_draws(chosen.plan)
        together = bool(recipe.together)
        products = products_of(made, shares, asked.batches, total_cost(draws, "num_batches"), is_together=together)
        rates = _rates_of_run(asked, recipe)
        differs = [check_label(operation, one.item.item_id, draws, one.actual_micros) for one in products]

        # write
        today = operation.today
        limits = [draw.lot.expires_on for draw in draws]
        lots = turn_into_lots(
            operation,
            draws,
            [_new_lot(one, today, baked_expiry(today, one.item.shelf_life_days, limits)) for one in products],
        )
        note_passed_over(operation, draws, there_on)
        baked_by = snapshot(recipe)
        insert_once(
            operation.connection, tables.recipe_snapshot, {"sha256": baked_by.sha256, "content": baked_by.content}
        )
        used_lots = consumptions(draws, chosen.items)
        result = write_run(operation, asked, operation.at, baked_by.sha256, products, rates, lots, used_lots)
        if chosen.told:
            result["used"] = list(chosen.told)
        if differs[0]:
            result["label_differs"] = differs[0]
        for output, difference in zip(result.get("outputs", ()), differs, strict=False):
            if difference:
                output["label_differs"] = difference
        made_lots = [(one.item, lot.code) for one, lot in zip(products, lots, strict=True) if lot]
        if inherited := inherited_best_before(draws, made_lots):
            result["best_before"] = inherited
        return operation.succeed(result)


def put_back_run(session: Session, run: RecordedRun, drawn: Sequence[Posted]) -> ProductionResult:
    """Record a run once more as it was, from exactly these draws, whatever its recipe and its lots have become since.

    Its lots are put where the first ones were, and on hold if those were.

    The caller has locked the items and checked that the lots hold what is drawn.
    """
    rates = Rates(run.labour_micros, run.overhead_micros)
    asked = ProductionRequest(
        recipe_id=run.recipe_id,
        finished_unit_id=run.finished_unit_id,
        num_batches=run.num_batches,
        actual_micros=run.actual_yield_micros,
        scale_factor=scale_of(run.scale_factor),
        produced_at=run.produced_at,
        event_id=run.event_id,
        loss_reason=run.loss_reason,
        notes=run.notes,
        used=run.used,
        outputs=run.outputs,
        **asdict(rates),
    )
    with recording(RECORD, session, {**asked.claimed, "operation_id": None}) as operation:
        operation.claim(asked.claimed)
        operation.said_at = run.produced_at
        lots = load_lots(session, [one.lot_id for one in drawn])
        draws = [
            Draw(lots[one.lot_id].open_lot, -one.quantity_micros, negated(one.cost_micros), "reversal") for one in drawn
        ]
        items = {lot.item_id: Item(lot.item_id, "", lot.item_slug, "", lot.base_unit) for lot in lots.values()}
        products = _products_again(session, run, total_cost(draws, "num_batches"))
        firsts = load_lots(session, [one.lot_id for one in run.products if one.lot_id is not None])
        before = [None if one.lot_id is None else firsts[one.lot_id] for one in run.products]
        added = turn_into_lots(
            operation,
            draws,
            [
                _new_lot(one, first.received_on, first.expires_on) if first else None
                for one, first in zip(products, before, strict=True)
            ],
        )
        for lot, first in zip(added, before, strict=True):
            if lot and first:
                _put_like(operation, load_lot(session, lot.lot_id), first)
        known = rates if rates.labour_micros or rates.overhead_micros else None
        used = consumptions(draws, items)
        return operation.succeed(
            write_run(operation, asked, run.produced_at, run.snapshot_sha256, products, known, added, used)
        )


def _products_again(session: Session, run: RecordedRun, total_micros: int | None) -> list[Product]:
    """The products of a recorded run, with their shares of what its draws cost now."""
    items = load_items(session, {one.finished_unit_id for one in run.products})
    shares = [one.share for one in run.products]
    costs = [None] * len(shares) if total_micros is None else divide(total_micros, shares)
    return [
        Product(
            items[one.finished_unit_id],
            one.share,
            one.expected_micros,
            one.actual_micros,
            split_cost(cost, one.expected_micros, one.actual_micros),
        )
        for one, cost in zip(run.products, costs, strict=True)
    ]


def _new_lot(product: Product, made_on: date, expires_on: date | None) -> NewLot | None:
    if not product.actual_micros:
        return None
    return NewLot(product.item.item_id, product.actual_micros, product.cost.output_micros, made_on, expires_on)


def _made(operation: Operation, recipe: Recipe, asked: ProductionRequest) -> list[tuple[Item, int, int]]:
    """Every product, beginning with the main one: its item, what one batch makes, and what came out, in millionths."""
    came_out = [(asked.finished_unit_id, asked.actual_micros)]
    came_out += [(one.finished_unit_id, one.actual_micros) for one in asked.outputs]
    found = [(yield_of(operation.connection, recipe, item_id), actual) for item_id, actual in came_out]
    return [(item, per_batch, actual) for (item, per_batch), actual in found]


def _shares(recipe: Recipe, asked: ProductionRequest, made: Sequence[tuple[Item, int, int]]) -> list[Fraction]:
    stated = [one.share for one in asked.outputs]
    if recipe.together:
        if missing := left_out(recipe, [item.item_id for item, _, _ in made]):
            raise ValidationError.of(
                "outputs",
                f"must list everything that comes out of {recipe.slug} together; {', '.join(missing)} is missing; "
                "give 0 if nothing of it came out",
            )
        if None not in stated and stated:
            return shares_of([], stated)
        by_item = shares_of_cost(recipe.makes, recipe.together)
        return [by_item[item.item_id] for item, _, _ in made]
    if not asked.outputs:
        return [Fraction(1)]
    return shares_of([(actual, per_batch) for _, per_batch, actual in made], stated)


def _put_like(operation: Operation, lot: LotState, first: LotState) -> None:
    why = f"as lot {first.code}"
    if first.location is not None:
        move_lot(operation, lot, draw_from(lot.open_lot, lot.quantity_micros, "chosen"), first.location, why)
    if first.on_hold:
        handle_lots(operation, [lot], "hold", why)


def _planned_micros(per_batch_micros: int, batches: Fraction) -> int:
    return drawn_micros(Fraction(per_batch_micros, MICRO) * batches)


def _is_countable(planned_micros: int) -> bool:
    return 0 < planned_micros <= MAX_MICROS


def _uncountable() -> ValidationError:
    return ValidationError.of("scale_factor", "makes the plan too small or too large to record; use another factor")


def _rates_of_run(asked: ProductionRequest, recipe: Recipe) -> Rates | None:
    """Labour and overhead of the run: as given, else by the current rates, or None without either."""
    by_rate = rates_of(recipe, asked.batches)
    labour = by_rate.labour_micros if asked.labour_micros is None else asked.labour_micros
    overhead = by_rate.overhead_micros if asked.overhead_micros is None else asked.overhead_micros
    return Rates(labour, overhead) if labour or overhead else None


def _items(recipe: Recipe) -> dict[int, Item]:
    return items_of(line.item for lines in recipe.lines_by_recipe.values() for line in lines)

"""Pack: finished units, finished goods and materials become a lot of a finished good."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NotRequired, TypedDict, cast
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.choices import said_of_counts
from bake_tracker.domain.errors import ComponentShortage, InsufficientComponentsError, ValidationError
from bake_tracker.domain.label.text import LabelDifference
from bake_tracker.domain.money import format_money
from bake_tracker.domain.recipes.quantities import Item, countable
from bake_tracker.domain.stock.costing import split_cost, total_cost
from bake_tracker.domain.stock.lots import expiry
from bake_tracker.domain.stock.really_used import UsedInput, UsedLot, claimed_used, read_used
from bake_tracker.domain.stock.shortages import all_draws, items_of
from bake_tracker.domain.units import MICRO
from bake_tracker.models import tables
from bake_tracker.queries.catalog.definitions import Good, check_event, load_good
from bake_tracker.services.catalog.label_check import check_label
from bake_tracker.services.operation import Kind, checking, recording
from bake_tracker.services.runs.really_used import Need, choose_draws, plan_as_used
from bake_tracker.services.stock.ledger import (
    AddedLot,
    Consumption,
    NewLot,
    consumptions,
    note_passed_over,
    turn_into,
)
from bake_tracker.services.stock.usable import with_what_came_later

CHECK = Kind(
    "check_can_assemble",
    "assembly_service",
    "Checked whether goods can be packed",
    passed_message="Assembly check passed",
)
RECORD = Kind(
    "record_assembly",
    "assembly_service",
    "Packed",
    entry_message="Recording assembly",
    success_fields=("assembly_run_id", "finished_good_id", "quantity", "total_component_cost"),
    sometimes=("label_differs", "used"),
)

_add = insert(tables.assembly_run).returning(tables.assembly_run.c.id)


@dataclass(frozen=True, slots=True)
class AssemblyRequest:
    """Normalised arguments; two calls are the same if these are equal."""

    finished_good_id: int
    quantity: int
    assembled_at: datetime | None
    event_id: int | None
    notes: str | None


class AssemblyCheck(TypedDict):
    """Whether there is enough stock, and every shortage."""

    can_assemble: bool
    missing_components: list[ComponentShortage]


class AssemblyResult(TypedDict):
    """A recorded assembly; money as exact decimal strings, an unknown cost is None.

    ``label_differs`` is present if the label on file does not match what was used, ``used`` if the call listed lots.
    """

    assembly_run_id: int
    operation_id: str
    finished_good_id: int
    quantity: int
    lot_id: int
    lot_code: str
    total_component_cost: str | None
    per_unit_cost: str | None
    cost_complete: bool
    consumptions: list[Consumption]
    label_differs: NotRequired[LabelDifference]
    used: NotRequired[list[UsedLot]]


def check_can_assemble(
    finished_good_id: int, quantity: int, *, session: Session, used: Sequence[UsedInput] | None = None
) -> AssemblyCheck:
    """Check whether there is enough stock now, by the rule that recording uses; locks and writes nothing.

    ``used`` is as in the recording.

    Raises:
        LotNotFoundError, ConflictError: a lot in ``used`` does not exist, or is on hold.
        ValidationError: an argument is not allowed, or the good has no components yet.
        FinishedGoodNotFoundError: there is no such finished good.
    """
    with checking(CHECK, session, locals()) as operation:
        given = Arguments()
        finished_good_id = given.key("finished_good_id", finished_good_id)
        quantity = given.count("quantity", quantity)
        named = read_used(given, used)
        given.done()

        good = load_good(operation.connection, finished_good_id)
        need = Need("assembly", _needs(good, quantity), _items(good), named)
        missing = plan_as_used(operation, need).components_short()
        operation.tell_check(
            {"finished_good_id": finished_good_id, "quantity": quantity},
            missing_components=[shortage["component_slug"] for shortage in missing],
        )
    return {"can_assemble": not missing, "missing_components": missing}


def record_assembly(
    finished_good_id: int,
    quantity: int,
    *,
    session: Session,
    assembled_at: datetime | None = None,
    event_id: int | None = None,
    notes: str | None = None,
    used: Sequence[UsedInput] | None = None,
    count_saw: str | None = None,
    operation_id: UUID | str | None = None,
) -> AssemblyResult:
    """Take the components by their policy and add the packed goods as a lot, in the caller's transaction.

    The goods carry the cost of their components and expire no later than the earliest of them. Use ``assembled_at`` to
    record late, and ``count_saw`` if a component was counted since, like in a production. ``used`` lists lots that were
    really used, as for a production.

    Raises:
        LotNotFoundError: there is no such lot.
        ValidationError: an argument is not allowed, or the good has no components yet.
        FinishedGoodNotFoundError, EventNotFoundError: there is no such good or event.
        InsufficientComponentsError: components are short; lists all of them and takes nothing.
        LabelDiffersError: the label on file does not match, and the bakery's policy is to refuse.
        CountedSinceError: a lot was counted after ``assembled_at``, and ``count_saw`` was left out.
        ConflictError: a lot in ``used`` is on hold or came in later, or ``operation_id`` was used for something else.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        asked = AssemblyRequest(
            finished_good_id=given.key("finished_good_id", finished_good_id),
            quantity=given.count("quantity", quantity),
            assembled_at=given.moment("assembled_at", assembled_at, operation.time_zone),
            event_id=given.optional_key("event_id", event_id),
            notes=given.text("notes", notes),
        )
        named = read_used(given, used)
        saw = given.count_saw(count_saw)
        given.done()
        there_on = operation.happened("assembled_at", asked.assembled_at, count_saw=saw)
        if done := operation.claim({**asdict(asked), **claimed_used(named), **said_of_counts(saw)}):
            return cast(AssemblyResult, done)

        # load
        good = load_good(operation.connection, asked.finished_good_id)
        check_event(operation.connection, asked.event_id)

        # decide
        need = Need("assembly", _needs(good, asked.quantity), _items(good), named, there_on)
        chosen = choose_draws(operation, need, also_lock=[good.item.item_id])
        if missing := chosen.components_short():
            raise InsufficientComponentsError(with_what_came_later(operation, missing, chosen.items, there_on))
        draws = all_draws(chosen.plan)
        made_micros = asked.quantity * MICRO
        cost = split_cost(total_cost(draws, "quantity"), made_micros, made_micros)
        today = operation.today
        expires_on = expiry(today, good.item.shelf_life_days, (draw.lot.expires_on for draw in draws))

        differs = check_label(operation, good.item.item_id, draws, made_micros)

        # write
        made = NewLot(good.item.item_id, made_micros, cost.output_micros, today, expires_on)
        lot = cast(AddedLot, turn_into(operation, draws, made))
        note_passed_over(operation, draws, there_on)
        row = {
            **asdict(asked),
            "operation_id": operation.id,
            "lot_id": lot.lot_id,
            "total_cost_micros": cost.total_micros,
            "assembled_at": operation.at,
        }
        run_id: int = operation.connection.execute(_add, row).scalar_one()
        result = AssemblyResult(
            assembly_run_id=run_id,
            operation_id=operation.id,
            finished_good_id=asked.finished_good_id,
            quantity=asked.quantity,
            lot_id=lot.lot_id,
            lot_code=lot.code,
            total_component_cost=format_money(cost.total_micros),
            per_unit_cost=format_money(cost.per_unit_micros),
            cost_complete=cost.total_micros is not None,
            consumptions=consumptions(draws, chosen.items),
        )
        if chosen.told:
            result["used"] = list(chosen.told)
        if differs:
            result["label_differs"] = differs
        return operation.succeed(result)


def _items(good: Good) -> dict[int, Item]:
    return items_of(part.item for part in good.components)


def _needs(good: Good, quantity: int) -> Mapping[int, int]:
    if not good.components:
        raise ValidationError.of(
            "finished_good_id", f"{good.item.slug} has no components yet; add some before packing it"
        )
    return countable({part.item.item_id: part.quantity_micros * quantity for part in good.components}, "quantity")

"""Undo exactly: post the opposite movements onto the same lots at the same cost."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NotRequired, TypedDict, cast
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.catalog_changes import Change as CatalogChange
from bake_tracker.domain.catalog_changes import Thing, what_stays
from bake_tracker.domain.choices import said_of_counts
from bake_tracker.domain.errors import (
    ConflictError,
    CountSince,
    Dependent,
    DependentsError,
    StaysError,
    ValidationError,
)
from bake_tracker.domain.money import format_money, negated
from bake_tracker.domain.stock.counts import Posting
from bake_tracker.domain.stock.reversal import (
    NEVER,
    Holding,
    Link,
    Posted,
    Undoable,
    dependents_tree,
    impossible_lots,
    undo_order,
    with_parents,
)
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.queries.bakery import lock_bakery
from bake_tracker.queries.buying.undoing import load_purchase_links, load_purchases_touched, lock_purchases_of
from bake_tracker.queries.catalog.products import load_items_of_packages
from bake_tracker.queries.catalog.things import load_called, load_catalog_links, load_changes, load_pinned
from bake_tracker.queries.operations.reversal import (
    has_undone_parts,
    is_restated,
    load_count_corrections,
    load_family,
    load_holdings,
    load_holds,
    load_links,
    load_operations,
    load_parts_since,
    load_posted,
    load_stated_measures,
    load_takers,
    load_touched,
    load_transfers,
    load_undoable,
)
from bake_tracker.queries.orders.undoing import (
    load_order_links,
    load_order_touched,
    lock_orders_of,
    refuse_taken_references,
)
from bake_tracker.queries.planning.undoing import load_plans_touched
from bake_tracker.queries.runs.corrections import CORRECTING, RecordedRun, load_corrected, load_run
from bake_tracker.queries.stock.holds import HoldState, load_hold_states
from bake_tracker.services.batch_production_service import ProductionResult, put_back_run
from bake_tracker.services.catalog.changes import CatalogGivenBack, lock_made, put_back_catalog
from bake_tracker.services.catalog.measures import apply_weights
from bake_tracker.services.operation import Kind, Operation, checking, recording
from bake_tracker.services.stock.cost_statement import withdraw_costs
from bake_tracker.services.stock.counts import counts_to_ask_about, settling_counts
from bake_tracker.services.stock.ledger import Change, change_lots, load_locked
from bake_tracker.services.stock.places import put_back_hold, put_lot

CHECK = Kind("check_reversal", "reversal_service", "Checked an undo")
RECORD = Kind(
    "record_reversal",
    "reversal_service",
    "Undid an operation",
    entry_message="Recording reversal",
    success_fields=("reversed_operation_id", "reversed_operation", "reversed_count"),
)

_add = insert(tables.reversal)
_LINKS = (load_links, load_catalog_links, load_order_links, load_purchase_links)
"""What finds the later operations that depend on others, each in its own tables."""

_OF_ITEMS = ("item", "item_allergen", "item_label", "par_level")


class GivenBack(TypedDict):
    """A lot that a reversal changed; the quantity is signed and in the item's base unit, an unknown cost is None."""

    lot_id: int
    lot_code: str
    quantity: str
    cost: str | None


_Back = tuple[list[GivenBack], list[CatalogGivenBack]]


class ReversalResult(TypedDict):
    """The undone operation and, latest first, those undone with it in ``also_reversed``.

    ``production`` is the run with its first yield again, if a correction was undone.
    """

    operation_id: str
    reversed_operation_id: str
    reversed_operation: str
    reason: str
    lots: list[GivenBack]
    catalog: list[CatalogGivenBack]
    also_reversed: list["ReversalResult"]
    reversed_count: int
    production: NotRequired[ProductionResult]


class ToUndo(TypedDict):
    """One operation that a reversal would undo."""

    operation_id: str
    operation: str
    recorded_at: str


class ReversalCheck(TypedDict):
    """What a reversal would undo, latest first; ``dependents`` is the tree of operations that need ``cascade``.

    ``stays`` lists what the ledger uses for good, so that even ``cascade`` cannot undo it. ``counts`` is there if the
    reversal needs ``count_saw``: the latest count of each lot that it would alter.
    """

    reversed_operation_id: str
    reversed_operation: str
    can_reverse: bool
    operations: list[ToUndo]
    dependents: list[Dependent]
    stays: list[str]
    counts: NotRequired[list[CountSince]]


@dataclass(frozen=True, slots=True)
class _Plan:
    """The operations to undo, latest first, and which of them are only dependents."""

    target: Undoable
    order: list[str]
    dependents: set[str]
    operations: dict[str, Undoable]
    links: list[Link]
    item_ids: set[int]
    changes: list[CatalogChange]
    staying: set[Thing]
    stuck: list[str]

    @property
    def tree(self) -> list[Dependent]:
        return dependents_tree(self.operations.keys() - self.dependents, self.operations, self.links)


def check_reversal(reversed_operation_id: UUID | str, *, session: Session) -> ReversalCheck:
    """Preview what a reversal would undo, and which part only with ``cascade``; locks and writes nothing.

    Raises:
        ValidationError, OperationNotFoundError, ConflictError: for the same reasons as ``record_reversal``.
    """
    with checking(CHECK, session, locals()) as operation:
        given = Arguments()
        target_id = given.uuid("reversed_operation_id", reversed_operation_id)
        given.done()
        plan = _plan(session, target_id)
        is_free = not plan.dependents and not plan.stuck
        counts = counts_to_ask_about(operation, _postings(session, plan), set(plan.order), refuses=is_free)
        operation.tell_check({"reversed_operation_id": target_id}, dependents=sorted(plan.dependents))
    check: ReversalCheck = {
        "reversed_operation_id": target_id,
        "reversed_operation": plan.target.name,
        "can_reverse": is_free and not counts,
        "operations": [
            {
                "operation_id": key,
                "operation": plan.operations[key].name,
                "recorded_at": plan.operations[key].recorded_at,
            }
            for key in plan.order
        ],
        "dependents": plan.tree,
        "stays": plan.stuck,
    }
    return {**check, "counts": counts} if counts else check


def record_reversal(
    reversed_operation_id: UUID | str,
    reason: str,
    *,
    session: Session,
    cascade: bool = False,
    count_saw: str | None = None,
    operation_id: UUID | str | None = None,
) -> ReversalResult:
    """Post the opposite of an operation onto the same lots at the same cost and expiry, in the caller's transaction.

    The goods it added must be untouched, and the lots it held, released or moved must be as it left them. With
    ``cascade``, later operations that depend on them are undone first, latest first, all or nothing. Operations inside
    it are undone with it, and expiry does not matter. Undoing a correction records the run with its first yield again,
    as a new lot from the lots that it used at first. Its changes to the catalogue are restored; entries from an import
    that the ledger uses stay, and are reported as ``kept``.

    What is undone is given back at the time it happened. If that alters a lot that was counted since, ``count_saw``
    says whether the count had seen the goods given back (``before``) or not (``after``). Undoing a count undoes its
    corrections too.

    Raises:
        ValidationError: an argument is not allowed, or the operation changed nothing that could be undone.
        OperationNotFoundError: no operation has this id.
        DependentsError: later operations depend on it; holds the tree of them.
        CountedSinceError: it would alter what a later count found, and ``count_saw`` was left out.
        StaysError: it only added something that the ledger uses for good.
        ConflictError: it was reversed already, is itself a reversal, would give an order a reference that another order
            has now, or ``operation_id`` was used for something else.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        target_id = given.uuid("reversed_operation_id", reversed_operation_id)
        why = given.name("reason", reason, limit=1_000)
        with_dependents = given.flag("cascade", cascade)
        operation.count_saw = given.count_saw(count_saw)
        given.done()
        asked = {"reversed_operation_id": target_id, "reason": why, "cascade": with_dependents}
        if done := operation.claim({**asked, **said_of_counts(operation.count_saw)}):
            return cast(ReversalResult, done)

        # load and decide
        plan = _locked_plan(operation, target_id)
        if plan.stuck:
            raise StaysError(target_id, plan.stuck, plan.tree, len(plan.dependents))
        if plan.dependents and not with_dependents:
            raise DependentsError(target_id, plan.tree, len(plan.dependents))

        # write
        also: list[ReversalResult] = []
        back: _Back = [], []
        with settling_counts(operation):
            # Operations inside it or dependent on it come before it, except corrections of counts that had seen it.
            last = _given_to_counts(session, plan.order)
            for key in (*(key for key in plan.order if key not in last), *last):
                if key == target_id:
                    back = _undo(operation, target_id, why, plan.staying)
                else:
                    also.append(_undo_inside(session, plan.operations[key], why, plan.staying))
            result = _result(operation, plan.target, why, back, also)
            if plan.target.name == CORRECTING:
                result["production"] = _put_back_first_yield(session, target_id)
        return operation.succeed(result)


def _postings(session: Session, plan: _Plan) -> list[Posting]:
    """What undoing a plan would post, and when: the opposites, and the draws of a run that is recorded again."""
    own = load_posted(session, plan.order)
    began: dict[str, datetime] = {}
    for one in own:
        began.setdefault(one.operation_id, one.happened_at)
    posted = [Posting(one.lot_id, began[one.operation_id], -one.quantity_micros) for one in own if one.quantity_micros]
    if plan.target.name == CORRECTING:
        first, draws = _drawn_again(session, plan.target.operation_id, own)
        posted += [Posting(one.lot_id, first.produced_at, one.quantity_micros) for one in draws]
    return posted


def _plan(session: Session, target_id: str) -> _Plan:
    """Plan everything that must be undone with the target."""
    target = load_undoable(session, target_id)
    family = load_family(session, [target_id])
    wanted, new = set[str](), family
    posted, holdings, links = list[Posted](), dict[int, Holding](), set[Link]()
    while new:
        wanted |= new
        added = load_posted(session, new)
        # The other costs no longer include a statement among them.
        posted = load_posted(session, wanted) if any(not one.quantity_micros for one in added) else posted + added
        changed_lots = {one.lot_id for one in added}
        holdings |= load_holdings(session, changed_lots - holdings.keys())
        found = [link for load in _LINKS for link in load(session, new)]
        if lacking := impossible_lots(posted, holdings, wanted) & changed_lots:
            found += load_takers(session, lacking, wanted)
        links.update(found)
        new = load_family(session, {link.later for link in found} - wanted)
    touched, item_ids = load_touched(session, wanted)
    wrote, ordered = load_order_touched(session, wanted)
    bought, on_order = load_purchases_touched(session, wanted)
    touched |= load_plans_touched(session, wanted)
    touched, item_ids = touched | wrote | bought, item_ids | ordered | on_order
    if wrote:
        refuse_taken_references(session, wrote)
    operations = load_operations(session, wanted)
    changes = load_changes(session, wanted)
    changed = with_parents(touched | {change.operation_id for change in changes}, operations)
    if target_id not in changed:
        if has_undone_parts(session, target_id):
            raise ConflictError(
                f"everything {target.name} did was already undone, part by part", reversed_operation_id=target_id
            )
        nothing = "changed nothing that can be undone, or was recorded by an earlier version of this program"
        raise ValidationError.of("reversed_operation_id", f"{target.name}: {NEVER.get(target.name, nothing)}")
    item_ids |= {int(change.thing[1].partition(":")[0]) for change in changes if change.thing[0] in _OF_ITEMS}
    of_packages = {int(change.thing[1]) for change in changes if change.thing[0] == "product_allergen"}
    item_ids |= load_items_of_packages(session, of_packages)
    staying = what_stays(changes, load_pinned(session, changes))
    stuck = _stuck(session, changes, staying, operations.values())
    order = [key for key in undo_order(operations, posted, links) if key in changed]
    in_order = sorted(links, key=lambda link: (link.earlier, link.later, link.lot_code or "", link.thing or ""))
    dependents = (wanted - family) & changed
    return _Plan(target, order, dependents, operations, in_order, item_ids, changes, staying, stuck)


def _stuck(
    session: Session, changes: list[CatalogChange], staying: set[Thing], operations: Iterable[Undoable]
) -> list[str]:
    """The catalogue entries created by operations that have nothing to restore."""
    around = {one.parent_id for one in operations}
    able = {change.operation_id for change in changes if change.thing not in staying} | around
    things = [change.thing for change in changes if change.operation_id not in able and change.owner is None]
    names = load_called(session, things)
    return [names[thing] for thing in things]


def _locked_plan(operation: Operation, target_id: str) -> _Plan:
    """The plan, with all its items locked against other writers."""
    plan = _plan(operation.session, target_id)
    if plan.changes:
        settings = any(change.thing[0] == "bakery" for change in plan.changes)
        lock_bakery(operation.session, against_stock=settings)
    return load_locked(
        operation,
        lambda: _plan(operation.session, target_id),
        lambda plan: plan.item_ids,
        seen=plan,
        also_lock=lambda plan: _also_lock(operation.session, plan),
    )


def _also_lock(session: Session, plan: _Plan) -> None:
    lock_orders_of(session, plan.operations)
    lock_purchases_of(session, plan.operations)
    lock_made(session, plan.changes)


def _given_to_counts(session: Session, order: list[str]) -> list[str]:
    """The corrections of counts that added to a lot: they are undone last, when the lot has its stock back."""
    corrections = load_count_corrections(session, order) if len(order) > 1 else set()
    added = {one.operation_id for one in load_posted(session, corrections) if one.quantity_micros > 0}
    return [key for key in order if key in added]


def _undo_inside(session: Session, target: Undoable, reason: str, staying: set[Thing]) -> ReversalResult:
    """Undo one operation of a plan, as an operation inside the requested reversal."""
    asked = {"reversed_operation_id": target.operation_id, "reason": reason, "cascade": False}
    with recording(RECORD, session, {**asked, "operation_id": None}) as operation:
        operation.claim(asked)
        back = _undo(operation, target.operation_id, reason, staying)
        return operation.succeed(_result(operation, target, reason, back, []))


def _undo(operation: Operation, target_id: str, reason: str, staying: set[Thing]) -> _Back:
    """Post the opposite of one operation, and restore holds, places, measures and the catalogue; return the changes."""
    session = operation.session
    own = load_posted(session, [target_id])
    operation.undoes(target_id, own[0].happened_at if own else None)
    holdings = load_holdings(session, {one.lot_id for one in own})
    if lacking := impossible_lots(own, holdings, {target_id}):
        codes = sorted({one.lot_code for one in own if one.lot_id in lacking})
        raise ConflictError(
            f"lot {', '.join(codes)} no longer holds what {target_id} added to it", reversed_operation_id=target_id
        )
    moved = [one for one in own if one.quantity_micros]
    change_lots(
        operation,
        [
            Change(
                one.lot_id,
                -one.quantity_micros,
                negated(one.cost_micros),
                "reversal" if one.quantity_micros > 0 else None,
            )
            for one in moved
        ],
    )
    withdrawn = withdraw_costs(operation, target_id)
    _put_back_places(operation, target_id)
    for item_id, kind in load_stated_measures(session, target_id):
        apply_weights(operation, item_id, kind, without=target_id)
    catalog = put_back_catalog(operation, target_id, staying)
    session.execute(_add, {"operation_id": operation.id, "reversed_operation_id": target_id, "reason": reason})
    _put_back_holds(operation, target_id)  # only now: the undone hold no longer counts
    called = {one.lot_id: one.lot_code for one in own}
    back = [_given_back(one.lot_id, one.lot_code, one.quantity_micros, one.cost_micros) for one in moved]
    back += [_given_back(lot_id, called[lot_id], 0, cost) for lot_id, cost in withdrawn.items()]
    return back, catalog


def _put_back_first_yield(session: Session, correction_id: str) -> ProductionResult:
    """Record the corrected run again with its first yield."""
    first, draws = _drawn_again(session, correction_id)
    return put_back_run(session, first, draws)


def _drawn_again(
    session: Session, correction_id: str, still_posted: Iterable[Posted] = ()
) -> tuple[RecordedRun, list[Posted]]:
    """The corrected run, and the draws it is recorded again with: what it used, or what its correction used.

    The correction's own draws were just given back, so they are there even if the first ones are not; in a preview,
    they are ``still_posted``.
    """
    first_id, second_id = load_corrected(session, correction_id)
    first = load_run(session, first_id)
    draws = [one for one in load_posted(session, [first_id]) if one.quantity_micros < 0]
    again = [replace(one, quantity_micros=-one.quantity_micros, cost_micros=negated(one.cost_micros)) for one in draws]
    holdings = load_holdings(session, {one.lot_id for one in again})
    for one in still_posted:
        if one.lot_id in holdings:
            holdings[one.lot_id] = holdings[one.lot_id].without(one)
    # A cost that was stated since is in the correction's draws only.
    if impossible_lots(again, holdings, {first_id}) or is_restated(session, second_id):
        draws = [one for one in load_posted(session, [second_id]) if one.quantity_micros < 0]
    return first, draws


def _put_back_holds(operation: Operation, target_id: str) -> None:
    """Give the lots, and the parts split off since, the state that every other hold and release leaves them in."""
    session = operation.session
    lot_ids = {hold.lot_id for hold in load_holds(session, target_id)}
    if not lot_ids:
        return
    lot_ids.update(load_parts_since(session, target_id))
    by_state: dict[HoldState, list[int]] = {}
    for lot_id, state in load_hold_states(session, lot_ids).items():
        by_state.setdefault(state, []).append(lot_id)
    for state, alike in by_state.items():
        put_back_hold(operation, alike, on_hold=state.on_hold, usable_until=state.usable_until)


def _put_back_places(operation: Operation, target_id: str) -> None:
    for transfer in load_transfers(operation.session, target_id):
        if transfer.new_lot_id is None:
            put_lot(operation, transfer.lot_id, transfer.from_location)
        elif transfer.is_kept_apart:
            raise ConflictError(
                f"lot {transfer.new_code} is on hold, but the lot it was split from is not; hold or release both first",
                lot_id=transfer.new_lot_id,
            )


def _result(
    operation: Operation, target: Undoable, reason: str, back: _Back, also: list[ReversalResult]
) -> ReversalResult:
    return ReversalResult(
        operation_id=operation.id,
        reversed_operation_id=target.operation_id,
        reversed_operation=target.name,
        reason=reason,
        lots=back[0],
        catalog=back[1],
        also_reversed=also,
        reversed_count=1 + len(also),
    )


def _given_back(lot_id: int, lot_code: str, quantity_micros: int, cost_micros: int | None) -> GivenBack:
    return {
        "lot_id": lot_id,
        "lot_code": lot_code,
        "quantity": format_micros(-quantity_micros),
        "cost": format_money(negated(cost_micros)),
    }

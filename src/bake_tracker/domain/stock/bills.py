"""What a bill changes: a lot's whole cost, a signed change to it, or an amount shared by the lots of a delivery."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.errors import ConversionProblem, UnitConversionError
from bake_tracker.domain.money import format_money, written
from bake_tracker.domain.recipes.quantities import Item, conversion_problem
from bake_tracker.domain.stock.late_costs import shares
from bake_tracker.domain.units import MICRO, NeedsMeasureError, parse_unit, to_base

KINDS = ("invoice", "credit", "freight", "duty", "correction")
SHARED_BY = ("value", "weight", "quantity")


@dataclass(frozen=True, slots=True)
class BillLine:
    """A line: the whole cost of a lot or a signed change, in millionths; without a lot, the delivery shares it."""

    lot_id: int | None
    cost_micros: int | None
    amount_micros: int | None


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill of a kind with its lines; ``share_by`` if the lots of a delivery share its one amount."""

    kind: str
    share_by: str | None
    lines: Sequence[BillLine]


@dataclass(frozen=True, slots=True)
class Billed:
    """A lot on a bill: the quantity in its item's base unit as it came in, and its cost, None if unknown."""

    code: str
    item: Item
    quantity: Fraction
    cost_micros: int | None


def changes_of(bill: Bill, lots: Mapping[int, Billed], decimals: int = 2) -> dict[int, int]:
    """The signed change of each lot's cost, in millionths; refusals write amounts with at least ``decimals``.

    Raises:
        ValidationError: a cost would fall below 0, is needed and unknown, or cannot be shared like this.
        UnitConversionError: nobody has recorded what an item weighs.
    """
    given = Arguments()
    if bill.share_by:
        changes = _shared(given, bill, lots)
    else:
        changes = {}
        for place, line in enumerate(bill.lines):
            lot = lots[line.lot_id or 0]
            if line.cost_micros is not None:
                changes[line.lot_id or 0] = line.cost_micros - (lot.cost_micros or 0)
            elif lot.cost_micros is None:
                problem = f"changes a cost, and lot {lot.code} has none yet; state its whole cost first"
                given.refuse(f"lines[{place}].amount", problem)
            else:
                changes[line.lot_id or 0] = line.amount_micros or 0
    for lot_id, change in changes.items():
        lot = lots[lot_id]
        if (lot.cost_micros or 0) + change < 0:
            most, wanted = (written(str(format_money(one)), decimals) for one in (lot.cost_micros or 0, -change))
            given.refuse("lines", f"lot {lot.code} cost {most}: at most {most} can be taken off, not {wanted}")
    given.done()
    return changes


def _shared(given: Arguments, bill: Bill, lots: Mapping[int, Billed]) -> dict[int, int]:
    if unknown := [lot.code for lot in lots.values() if lot.cost_micros is None]:
        given.refuse("delivery_id", f"the cost of lot {', '.join(unknown)} is not known yet; state it first")
        return {}
    weights = _weights(given, bill.share_by or "", lots)
    if not given.problems and not any(weights):
        given.refuse("share_by", f"the lots have no {bill.share_by} to share by; choose another way")
    if given.problems:
        return {}
    amount = bill.lines[0].amount_micros or 0
    costs = [lot.cost_micros or 0 for lot in lots.values()]
    if -amount > sum(costs):
        most = format_money(sum(costs))
        given.refuse("lines", f"the lots cost {most}: at most {most} can be taken off, not {format_money(-amount)}")
        return {}
    return dict(zip(lots, shares(amount, weights, costs), strict=True))


def _weights(given: Arguments, share_by: str, lots: Mapping[int, Billed]) -> list[int]:
    if share_by == "value":
        return [lot.cost_micros or 0 for lot in lots.values()]
    if share_by == "weight":
        return _grams(lots)
    units = {lot.item.base_unit for lot in lots.values()}
    if len(units) > 1:
        given.refuse("share_by", f"the lots are kept in {' and '.join(sorted(units))}; share by value or by weight")
    return [int(lot.quantity * MICRO) for lot in lots.values()]


def _grams(lots: Mapping[int, Billed]) -> list[int]:
    """What each lot weighs in millionths of a gram."""
    weights: list[int] = []
    problems: dict[str, ConversionProblem] = {}
    for lot in lots.values():
        item = lot.item
        try:
            unit = parse_unit(item.base_unit)
            weights.append(int(to_base(lot.quantity, unit, "g", item.g_per_ml, item.g_per_each) * MICRO))
        except NeedsMeasureError as error:
            problems.setdefault(item.slug, conversion_problem(item, error))
    if problems:
        raise UnitConversionError(list(problems.values()))
    return weights

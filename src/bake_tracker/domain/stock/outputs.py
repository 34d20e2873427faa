"""Several products of one production: the plan of each, and what it cost."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, NotRequired, TypedDict

from bake_tracker.domain.arguments import Arguments, shown
from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.label.text import LabelDifference
from bake_tracker.domain.recipes.quantities import Item
from bake_tracker.domain.stock.costing import RunCost, split_cost
from bake_tracker.domain.units import MAX_MICROS, MICRO, drawn_micros

_FIELDS = ("finished_unit_id", "actual_yield", "share")


class OutputInput(TypedDict):
    """A further product of the same production: how much of it came out, and its share.

    The share is of the dough, or of the cost if the recipe makes its products together. Left out, the shares of the
    dough are in proportion to how many batches of each product came out; those of the cost are the recipe's.
    """

    finished_unit_id: int
    actual_yield: int | Decimal
    share: NotRequired[int | Decimal | Fraction | None]


class OutputResult(TypedDict):
    """One product of a production; ``share`` is its exact share of the dough, or of the cost, such as ``2/3``."""

    finished_unit_id: int
    share: str
    expected_yield: str
    actual_yield: str
    loss_quantity: str
    lot_id: int | None
    lot_code: str | None
    cost: str | None
    per_unit_cost: str | None
    label_differs: NotRequired[LabelDifference]


@dataclass(frozen=True, slots=True)
class Output:
    """One entry of ``outputs``, normalised."""

    finished_unit_id: int
    actual_micros: int
    share: Fraction | None


@dataclass(frozen=True, slots=True)
class Product:
    """A product of a run: its share of the dough or of the cost, its plan, what came out, and its part of the cost."""

    item: Item
    share: Fraction
    expected_micros: int
    actual_micros: int
    cost: RunCost


def read_outputs(given: Arguments, value: object, first_id: object) -> tuple[Output, ...]:
    """Normalise the further products of a run whose first is ``first_id``; empty without any."""
    if value is None or value in ([], ()):
        return ()
    outputs = tuple(_read(given, f"outputs[{place}]", row) for place, row in enumerate(given.rows("outputs", value)))
    keys = [first_id, *(one.finished_unit_id for one in outputs)]
    for place, key in enumerate(keys[1:]):
        if key in keys[: place + 1]:
            given.refuse(f"outputs[{place}].finished_unit_id", f"{shown(key)} is listed twice; add its yields up")
    stated = [one.share for one in outputs if one.share is not None]
    if stated and len(stated) < len(outputs):
        given.refuse("outputs", "must state the share of every one, or of none")
    elif stated and sum(stated) >= 1:
        given.refuse("outputs", "must leave a share for the first product; their shares add up to 1 or more")
    return outputs


def claimed_outputs(outputs: Iterable[Output]) -> dict[str, object]:
    """The argument as it is stored; nothing if it was left out, so that older calls stay the same."""
    entries = [asdict(one) for one in outputs]
    return {"outputs": entries} if entries else {}


def outputs_as_stored(entries: Iterable[Mapping[str, Any]]) -> tuple[Output, ...]:
    """The entries of a stored call."""
    return tuple(
        Output(one["finished_unit_id"], one["actual_micros"], None if one["share"] is None else Fraction(one["share"]))
        for one in entries
    )


def outputs_as_arguments(outputs: Iterable[Output]) -> list[OutputInput]:
    """The entries as a caller would write them."""
    return [
        {
            "finished_unit_id": one.finished_unit_id,
            "actual_yield": Decimal(one.actual_micros).scaleb(-6),
            "share": one.share,
        }
        for one in outputs
    ]


def _read(given: Arguments, at: str, row: Mapping[str, Any]) -> Output:
    for name in sorted(row.keys() - set(_FIELDS), key=str):
        given.refuse(at, f"has no field {str(name)[:60]!r}; it takes {', '.join(_FIELDS)}")
    share = None if row.get("share") is None else given.exact(f"{at}.share", row["share"], above_zero=True)
    return Output(
        given.key(f"{at}.finished_unit_id", row.get("finished_unit_id")),
        given.micros(f"{at}.actual_yield", row.get("actual_yield")),
        share,
    )


def shares_of(made: Sequence[tuple[int, int]], stated: Sequence[Fraction | None]) -> list[Fraction]:
    """Each product's share of the dough; ``made`` is what came out and what one batch makes, the first product first.

    ``stated`` are the shares of the others; either all are known or none. The shares add up to 1.

    Raises:
        ValidationError: the shares cannot be known, because nothing came out of one.
    """
    known = [share for share in stated if share is not None]
    if known:
        return [1 - sum(known, Fraction(0)), *known]
    batches = [Fraction(actual, per_batch) for actual, per_batch in made]
    if 0 in batches:
        raise ValidationError.of(
            "outputs",
            "must state shares if nothing came out of a product: its part of the dough is not known otherwise",
        )
    return [one / sum(batches) for one in batches]


def divide(total_micros: int, shares: Sequence[Fraction]) -> list[int]:
    """Divide by shares that add up to 1; what rounding leaves goes to the largest remainders, the earlier first."""
    exact = [total_micros * share for share in shares]
    parts = [int(one) for one in exact]
    in_order = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in in_order[: total_micros - sum(parts)]:
        parts[place] += 1
    return parts


def products_of(
    made: Sequence[tuple[Item, int, int]],
    shares: Sequence[Fraction],
    batches: Fraction,
    total_micros: int | None,
    *,
    is_together: bool = False,
) -> list[Product]:
    """The products of a run; ``made`` has the item, what one batch makes, and what came out, in millionths.

    Products that come out together are each planned whole; otherwise each has its share of the plan.

    Raises:
        ValidationError: the plan of a product is too small or too large.
    """
    costs = [None] * len(made) if total_micros is None else divide(total_micros, shares)
    products = []
    for (item, per_batch, actual), share, cost in zip(made, shares, costs, strict=True):
        expected = drawn_micros(Fraction(per_batch, MICRO) * batches * (1 if is_together else share))
        if not 0 < expected <= MAX_MICROS:
            raise ValidationError.of("outputs", f"{item.slug} has too small or too large a share to record")
        products.append(Product(item, share, expected, actual, split_cost(cost, expected, actual)))
    return products


def whole_cost(products: Sequence[Product]) -> RunCost:
    """The cost of the whole run; the cost of one is that of the first product."""
    if any(one.cost.total_micros is None for one in products):
        return RunCost(None, None, None, None)
    total = sum(one.cost.total_micros or 0 for one in products)
    loss = sum(one.cost.loss_micros or 0 for one in products)
    return RunCost(total, total - loss, loss, products[0].cost.per_unit_micros)

"""What an order or event brought and cost, as planned and as it was, and what the difference comes from."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.planning.figures import Exact, Figure, exact, not_negative, positive, simplified


@dataclass(frozen=True, slots=True)
class PlannedBatches:
    """What was planned of a recipe: batches, good output per batch, and what a batch takes.

    ``takes`` has (quantity, cost of one unit) by item, as they were when it was planned.
    """

    recipe: Hashable
    batches: Figure
    per_batch: Figure
    takes: Mapping[Hashable, tuple[Figure, Figure]]


@dataclass(frozen=True, slots=True)
class ActualBatches:
    """What was made of a recipe: its good output, what was used, and what of it was thrown away later.

    ``used`` has (quantity, cost) by item, of the lots really used; ``wasted`` is the cost of product thrown away
    beyond that.
    """

    recipe: Hashable
    good: Figure
    used: Mapping[Hashable, tuple[Figure, Figure]]
    wasted: Figure = 0


B = TypeVar("B", PlannedBatches, ActualBatches)


@dataclass(frozen=True, slots=True)
class CostDifference:
    """The cost as planned and as it was, and the difference by cause; the causes add up to it exactly.

    ``price``: each unit used cost more than planned. ``output``: a batch took more, or gave less, than planned.
    ``extra_batches``: more was made than planned. ``waste``: product was thrown away.
    """

    planned: Exact
    actual: Exact
    price: Exact
    output: Exact
    extra_batches: Exact
    waste: Exact


@dataclass(frozen=True, slots=True)
class Margin:
    """What came in, what the goods cost, what the labour cost, and what is left."""

    revenue: Exact
    cost: Exact
    labour: Exact

    @property
    def left(self) -> Exact:
        return self.revenue - self.cost - self.labour


def margin_of(revenue: Figure, cost: Figure, labour: Figure = 0) -> Margin:
    """The margin of an order or event; labour is apart from the cost of goods.

    Raises:
        ValidationError: an amount is a float.
    """
    amounts = {"revenue": revenue, "cost": cost, "labour": labour}
    return Margin(*(simplified(exact(name, amount)) for name, amount in amounts.items()))


def split_difference(planned: Iterable[PlannedBatches], actual: Iterable[ActualBatches]) -> CostDifference:
    """The difference between planned and actual cost, split by cause, over all recipes.

    Standard costing's price, usage and volume variances (Horngren, Datar and Rajan, Cost Accounting, chapter 7).
    What was made unplanned is extra batches at what it cost, and what was planned and not made is fewer.

    Raises:
        ValidationError: a figure is a float or negative, a planned yield is not above 0, or a recipe is given twice.
    """
    plans = _by_recipe("planned", planned)
    done = _by_recipe("actual", actual)
    whole = [Fraction(0)] * 6
    for recipe in dict.fromkeys([*plans, *done]):
        for place, part in enumerate(_parts(plans.get(recipe), done.get(recipe))):
            whole[place] += part
    return CostDifference(*(simplified(part) for part in whole))


def _by_recipe(field: str, batches: Iterable[B]) -> dict[Hashable, B]:
    found: dict[Hashable, B] = {}
    for one in batches:
        if one.recipe in found:
            raise ValidationError.of(field, f"has {one.recipe} twice; add them up first")
        found[one.recipe] = one
    return found


def _parts(plan: PlannedBatches | None, done: ActualBatches | None) -> tuple[Fraction, ...]:
    """Planned, actual, price, output, extra batches and waste, of one recipe."""
    nothing = Fraction(0)
    takes = {} if plan is None else _read("takes", plan.takes)
    used = {} if done is None else _read("used", done.used)
    each = sum((quantity * cost for quantity, cost in takes.values()), nothing)
    expected = nothing if plan is None else not_negative("batches", plan.batches) * each
    spent = sum((cost for _, cost in used.values()), nothing)
    waste = nothing if done is None else not_negative("wasted", done.wasted)
    if plan is None or done is None:
        return expected, spent + waste, nothing, nothing, spent - expected, waste
    planned_prices = (quantity * takes[item][1] if item in takes else cost for item, (quantity, cost) in used.items())
    at_planned_prices = sum(planned_prices, nothing)
    should_have = not_negative("good", done.good) / positive("per_batch", plan.per_batch) * each
    price, output = spent - at_planned_prices, at_planned_prices - should_have
    return expected, spent + waste, price, output, should_have - expected, waste


def _read(field: str, figures: Mapping[Hashable, tuple[Figure, Figure]]) -> dict[Hashable, tuple[Fraction, Fraction]]:
    return {item: (not_negative(field, one), not_negative(field, other)) for item, (one, other) in figures.items()}

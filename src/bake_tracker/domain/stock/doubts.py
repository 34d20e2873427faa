"""What deserves a second look after something was recorded, and what a person is asked before."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypedDict

from bake_tracker.domain.amounts import amount
from bake_tracker.domain.recipes.quantities import Item
from bake_tracker.domain.stock.arrivals import warnings_of
from bake_tracker.domain.stock.fifo import Draw
from bake_tracker.domain.units import format_micros, parse_quantity

FAR = "yield_far_from_plan"
INHERITED = "best_before_from_ingredient"
UNSTATED = "shelf_life_not_stated"
MOST_OF_PLAN, LEAST_OF_PLAN = Fraction(3, 2), Fraction(1, 2)


class BestBefore(TypedDict):
    """A lot of a product without a shelf life, which expires with an ingredient: on which day, and with which lot."""

    lot_code: str
    expires_on: str
    from_lot_id: int
    from_lot_code: str


def inherited_best_before(draws: Iterable[Draw], made: Iterable[tuple[Item, str]]) -> list[BestBefore]:
    """The products, each with its lot's code, that expire with the first of their ingredients."""
    limits = [(draw.lot.expires_on, draw.lot.lot_id, draw.lot.code) for draw in draws if draw.lot.expires_on]
    if not limits:
        return []
    day, lot_id, code = min(limits)
    return [
        {"lot_code": lot_code, "expires_on": day.isoformat(), "from_lot_id": lot_id, "from_lot_code": code}
        for item, lot_code in made
        if item.shelf_life_days is None
    ]


def questions_about(made: Iterable[tuple[int, int, str]]) -> list[str]:
    """What to ask about yields: for each, what was planned and what came out in millionths, and its unit."""
    return [
        f"{_long(actual, unit)} of {_long(planned, unit)} planned came out"
        for planned, actual, unit in made
        if _is_far(planned, actual)
    ]


def unstated_shelf_life(slug: str) -> str:
    """What to say about a new product for which nobody said how long it keeps."""
    return (
        f"{slug} has no shelf life yet, so each of its lots will expire with its ingredients; state how many "
        "days, or that there is no limit"
    )


def codes_in(result: Mapping[str, Any]) -> list[str]:
    """A code for each reason to look again at an answer."""
    found: list[str] = []
    for part in _parts(result):
        found += part.get("warnings", ())
        found += [FAR] if _far(part) else []
        found += [INHERITED] if part.get("best_before") else []
    return list(dict.fromkeys(found))


def told_in(result: Mapping[str, Any], *, was_asked: bool = False) -> list[str]:
    """Every reason to look again at an answer, in words; without the yields if a person ``was_asked`` about them."""
    parts = _parts(result)
    far = [] if was_asked else [text for part in parts for text in _far(part)]
    return [*far, *(text for part in parts for text in (*warnings_of(part), *_inherited(part), *_unstated(part)))]


def _is_far(planned_micros: int, actual_micros: int) -> bool:
    """Whether a yield is so far from its plan that it may be mistyped."""
    return not LEAST_OF_PLAN * planned_micros <= actual_micros <= MOST_OF_PLAN * planned_micros


def _parts(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The answer, the lots of a delivery, and the run inside a larger operation."""
    run = result.get("production")
    return [result, *result.get("lots", ()), *([run] if isinstance(run, Mapping) else [])]


def _far(run: Mapping[str, Any]) -> list[str]:
    products: Sequence[Mapping[str, Any]] = run.get("outputs") or ([run] if "expected_yield" in run else [])
    return [
        f"{text}; if that is mistyped, correct it"
        for text in questions_about(
            (_micros(one["expected_yield"]), _micros(one["actual_yield"]), "each") for one in products
        )
    ]


def _inherited(run: Mapping[str, Any]) -> list[str]:
    return [
        f"lot {one['lot_code']} is best before {one['expires_on']} because its ingredient, lot {one['from_lot_code']}, "
        "expires then; state how long this product keeps, if you know it"
        for one in run.get("best_before", ())
    ]


def _unstated(added: Mapping[str, Any]) -> list[str]:
    if UNSTATED not in added.get("warnings", ()):
        return []
    return [unstated_shelf_life(added.get("finished_unit_slug") or added["slug"])]


def _micros(quantity: str) -> int:
    return int(parse_quantity(quantity) * 10**6)


def _long(micros: int, unit: str) -> str:
    whole, point, rest = format_micros(micros).partition(".")
    return amount(f"{int(whole):,}{point}{rest}", unit)

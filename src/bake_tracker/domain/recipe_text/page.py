"""Turn the lines of a recipe page into recipe lines, or into questions for the user."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

from bake_tracker.domain.errors import UnitConversionError
from bake_tracker.domain.name_matching import name_key
from bake_tracker.domain.plurals import one_of
from bake_tracker.domain.recipe_text.amounts import NO_AMOUNT, Amount
from bake_tracker.domain.recipe_text.doubts import ALTERNATIVE, NAME_DOUBTS, NOT_KEPT, RANGE, UNREAD_UNIT
from bake_tracker.domain.recipe_text.lines import IngredientLine, parse_line
from bake_tracker.domain.recipe_text.names import NamedItems, NewNames
from bake_tracker.domain.recipe_text.yields import parse_yield
from bake_tracker.domain.recipes.quantities import Item, base_quantity
from bake_tracker.domain.remedies import Advice, Remedy
from bake_tracker.domain.slugs import slugify
from bake_tracker.domain.units import MICRO

State = Literal["taken", "new", "left out", "heading", "unsure"]
MAX_NAME = 200
LEFT_OUT = f"{NO_AMOUNT}; the line is left out, and stays in the recipe's notes"
_BASE_UNITS = {"mass": "g", "volume": "ml", "count": "each", "length": "cm"}


@dataclass(frozen=True, slots=True)
class Decisions:
    """A person's decisions, by line number from 1."""

    said: Mapping[int, tuple[Fraction, str, Item]] = field(default_factory=dict)
    accepted: frozenset[int] = frozenset()
    left_out: frozenset[int] = frozenset()
    ranges: str | None = None
    create_missing: bool = False
    makes: tuple[Fraction, Item] | None = None
    without_yield: bool = False
    kept: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReadLine:
    """The plan for a line: an item or a new item; ``to_do`` says what still has to be settled.

    ``settled`` says what a rule of the reference settled.
    """

    number: int
    read: IngredientLine
    state: State
    amount: Amount | None = None
    item: Item | None = None
    to_do: tuple[Advice, ...] = ()
    hints: tuple[Advice, ...] = ()
    settled: tuple[str, ...] = ()
    new_name: str | None = None
    """The name of a new item, which is as the first line spells it."""

    @property
    def name(self) -> str:
        return self.item.name if self.item else self.new_name or self.read.called


@dataclass(frozen=True, slots=True)
class ReadYield:
    """The yield of a batch, in base units of a known finished unit, or of a new one if ``item`` is None."""

    state: State
    quantity: Fraction | None = None
    item: Item | None = None
    name: str = ""
    to_do: tuple[Advice, ...] = ()


@dataclass(frozen=True, slots=True)
class PagePlan:
    """The plan for every line of a page and its yield; nothing is recorded while one is unsure."""

    lines: tuple[ReadLine, ...]
    makes: ReadYield
    kept: Mapping[str, str] = field(default_factory=dict)
    """How new items are kept, by the key of their name, where a person has said it."""

    @property
    def is_sure(self) -> bool:
        return all(line.state != "unsure" for line in self.lines) and self.makes.state != "unsure"

    @property
    def taken(self) -> list[ReadLine]:
        return [line for line in self.lines if line.state in ("taken", "new")]

    def new_base_units(self) -> dict[str, str]:
        """The base unit of each new item: as a person said, else g if any line gives a weight."""
        units: dict[str, str] = {}
        for line in self.lines:
            if line.state == "new" and line.amount:
                base = _BASE_UNITS[line.amount.dimension]
                units[line.name] = base if base == "g" else units.get(line.name, base)
        return {name: self.kept.get(name_key(name), base) for name, base in units.items()}


def plan_page(
    lines: Sequence[str],
    yields: Sequence[str],
    known: NamedItems,
    made: NamedItems,
    decisions: Decisions,
    taken: Collection[str] = (),
) -> PagePlan:
    """Decide about each line and the yield.

    ``known`` are possible ingredients, ``made`` are finished units, and ``taken`` are the slugs of all items.
    """
    slugs = set(taken)
    named = NewNames[str]()
    plans = [_plan_line(number, text, known, decisions) for number, text in enumerate(lines, 1)]
    plans = [_name_new(line, named, slugs) if line.state == "new" else line for line in plans]
    return PagePlan(tuple(plans), _may_be_new(_plan_yield(yields, made, decisions), slugs), decisions.kept)


def _name_new(line: ReadLine, named: NewNames[str], slugs: set[str]) -> ReadLine:
    """Give every spelling of a new name the same item, and refuse a name that no new item can have."""
    name = line.read.called
    if (first := named.find(name)) is not None:
        return replace(line, new_name=first)
    if problem := _unusable(name, slugs):
        remedy: Remedy = {"kind": "settle_line", "line": line.number, "can_accept": False}
        return replace(line, state="unsure", to_do=(Advice(problem, remedy),))
    slugs.add(slugify(name))
    return replace(line, new_name=named.add(name, name))


def _may_be_new(makes: ReadYield, slugs: Collection[str]) -> ReadYield:
    if makes.state != "new" or not (problem := _unusable(makes.name, slugs)):
        return makes
    remedy: Remedy = {
        "kind": "state_yield",
        "quantity": str(makes.quantity),
        "item_slug": None,
        "can_create": False,
    }
    return replace(makes, state="unsure", to_do=(Advice(problem, remedy),))


def _unusable(name: str, slugs: Collection[str]) -> str | None:
    """Why no new item can have this name."""
    if len(name) > MAX_NAME:
        return f"the name is longer than {MAX_NAME} characters"
    slug = slugify(name)
    return f"{name!r} cannot be added: another item has the slug {slug!r}" if slug in slugs else None


def _plan_line(number: int, text: str, known: NamedItems, decisions: Decisions) -> ReadLine:
    read = parse_line(text)
    if number in decisions.said:
        quantity, unit, said_item = decisions.said[number]
        said = Amount(quantity, unit)
        return ReadLine(number, read, "taken", said, said_item, hints=_hints(said_item, said))
    if number in decisions.left_out:
        return ReadLine(number, read, "left out")
    if read.is_heading:
        return ReadLine(number, read, "heading")
    if NO_AMOUNT in read.settled and read.is_sure:
        return ReadLine(number, read, "left out", settled=(LEFT_OUT,))
    ranges = "ask" if RANGE in read.doubts and decisions.ranges is None else decisions.ranges or "low"
    amounts = [_settled(amount, ranges) for amount in read.counted]
    item = known.find(read.called) if read.ingredient else None
    amount = _fitting(item, amounts)
    to_do = _unsure(number, read, amount, decisions, is_known=item is not None)
    if item is None and not decisions.create_missing and _is_usable(read, amount):
        to_do.append(_who_is(read.called, known.like(read.ingredient)))
    state: State = "unsure" if to_do else "taken" if item else "new"
    hints = _hints(item, amount) if item and amount and not to_do else ()
    return ReadLine(number, read, state, amount, item, tuple(to_do), hints, tuple(_rules_of(read, ranges)))


def _rules_of(read: IngredientLine, ranges: str) -> Iterable[str]:
    """The rules that settled what the line leaves open."""
    for one in read.settled:
        if one == RANGE and ranges != "ask":
            yield f"{one}; its {ranges} end is taken"
        elif one == ALTERNATIVE:
            yield f"{one}; the first is taken"
        elif one.startswith(NOT_KEPT):
            yield f"{one}; it is counted in pieces, as {read.called}"


def _settled(amount: Amount, ranges: str) -> Amount:
    """Choose one end of a range, unless the user is to be asked."""
    if amount.upto is None or ranges == "ask":
        return amount
    return Amount(amount.upto if ranges == "high" else amount.quantity, amount.unit)


def _fitting(item: Item | None, amounts: Sequence[Amount]) -> Amount | None:
    """The first amount that can be converted to the item's base unit."""
    if item is not None:
        for amount in amounts:
            if not _hints(item, amount):
                return amount
    return amounts[0] if amounts else None


def _hints(item: Item, amount: Amount) -> tuple[Advice, ...]:
    """What must be recorded before the line can be baked."""
    if amount.quantity is None or not amount.is_of_ledger:
        return (Advice("it cannot be weighed"),)
    try:
        base_quantity(item, amount.quantity, amount.unit)
    except UnitConversionError as error:
        return tuple(Advice(problem["problem"], problem.get("remedy")) for problem in error.problems)
    return ()


def _unsure(
    number: int, read: IngredientLine, amount: Amount | None, decisions: Decisions, *, is_known: bool
) -> list[Advice]:
    """Every doubt that nobody has settled, each with its remedy."""
    can_accept = _is_usable(read, amount)
    found: list[Advice] = []
    asked = [RANGE] if decisions.ranges == "ask" and RANGE in read.settled else []
    for doubt in [*asked, *read.doubts]:
        if doubt in NAME_DOUBTS and is_known:
            continue
        if doubt == RANGE:
            if decisions.ranges in (None, "ask"):
                found.append(Advice(doubt, {"kind": "choose_range"}))
        elif not (can_accept and number in decisions.accepted and doubt != UNREAD_UNIT):
            may_accept = can_accept and doubt != UNREAD_UNIT
            found.append(Advice(doubt, {"kind": "settle_line", "line": number, "can_accept": may_accept}))
    return found


def _is_usable(read: IngredientLine, amount: Amount | None) -> bool:
    """Whether the line could be accepted as it was read."""
    return bool(read.ingredient and amount and amount.quantity and amount.is_of_ledger)


def _who_is(name: str, near: Sequence[str]) -> Advice:
    like = f", but {', '.join(near)}" if near else ""
    remedy: Remedy = {"kind": "name_ingredient", "name": name, "item_slug": near[0] if near else None}
    return Advice(f"there is no {name!r} here{like}", remedy)


def _plan_yield(texts: Sequence[str], made: NamedItems, decisions: Decisions) -> ReadYield:
    if decisions.makes:
        return ReadYield("taken", *decisions.makes, name=decisions.makes[1].name)
    if decisions.without_yield:
        return ReadYield("left out")
    read, doubts = parse_yield(texts)
    ranges = decisions.ranges or "ask"
    amount = _settled(read.amounts[0], ranges) if read and read.amounts else None
    left = [doubt for doubt in doubts if not (doubt == RANGE and ranges != "ask")]
    item = made.find(read.ingredient) if read and read.ingredient else None
    near = made.like(read.ingredient) if read and read.ingredient and not item else []
    count = amount.quantity if amount and amount.quantity else 24
    remedy: Remedy = {
        "kind": "state_yield",
        "quantity": str(count),
        "item_slug": item.slug if item else near[0] if near else None,
        "can_create": False,
    }
    if left or read is None or amount is None or amount.quantity is None:
        return ReadYield("unsure", to_do=tuple(Advice(doubt, remedy) for doubt in left))
    name = item.name if item else one_of(read.ingredient)
    if item is None and not (decisions.create_missing and amount.unit == "each"):
        like = f", but {', '.join(near)}" if near else ""
        what = Advice(f"there is no finished unit {read.ingredient!r} here{like}", {**remedy, "can_create": True})
        return ReadYield("unsure", amount.quantity, name=name, to_do=(what,))
    if item and (hints := _hints(item, amount)):
        return ReadYield("unsure", to_do=tuple(Advice(hint.text, remedy) for hint in hints))
    quantity = base_quantity(item, amount.quantity, amount.unit) if item else amount.quantity
    if (quantity * MICRO).denominator != 1:
        return ReadYield("unsure", to_do=(Advice(f"{quantity} has no exact decimal", remedy),))
    return ReadYield("taken" if item else "new", quantity, item, name)

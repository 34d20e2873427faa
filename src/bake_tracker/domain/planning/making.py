"""How items are made: recipes with their products, boxes with their parts, and what must be known before what."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.planning.figures import Figure, not_negative, positive, whole_number


@dataclass(frozen=True, slots=True)
class BatchProduct:
    """What a whole batch gives of an item, for how many days after it is made it keeps, and its smallest quantity.

    ``keeps`` is None where it keeps; ``grain`` is what leftovers are counted in, such as one piece; 0 for any.
    """

    item: Hashable
    per_batch: Figure
    keeps: int | None = None
    grain: Figure = 0


@dataclass(frozen=True, slots=True)
class Making:
    """A recipe: what a batch gives and takes.

    ``within`` has the batches of sub-recipes that are made within it, not stocked; these need no products. ``sizes`` is
    what one mix may be, in batches, as from ``batches.batch_sizes``; ``good`` the part of the output that is expected
    to be good; ``lead`` how many days before it begins. Products are alternatives (one dough, cut one way or another)
    unless they come out ``together``.
    """

    recipe: Hashable
    products: Sequence[BatchProduct]
    takes: Mapping[Hashable, Figure] = field(default_factory=dict)
    within: Mapping[Hashable, Figure] = field(default_factory=dict)
    sizes: Sequence[Figure] = (1,)
    together: bool = False
    good: Figure = 1
    lead: int = 0


@dataclass(frozen=True, slots=True)
class Packing:
    """A box: what one of it takes, and how many days before it begins."""

    item: Hashable
    parts: Mapping[Hashable, Figure]
    lead: int = 0


@dataclass(frozen=True, slots=True)
class Bought:
    """An item that is neither made nor packed."""

    item: Hashable


Way = Making | Packing | Bought


def items_from(way: Way) -> list[Hashable]:
    """The items that it supplies."""
    return [product.item for product in way.products] if isinstance(way, Making) else [way.item]


def taken_by_batch(recipes: Mapping[Hashable, Making]) -> dict[Hashable, dict[Hashable, Fraction]]:
    """What a batch of each recipe takes of each item, sub-recipes that are made within it included.

    Raises:
        ValidationError: a quantity is negative or a float, or a sub-recipe does not exist or contains itself.
    """
    done: dict[Hashable, dict[Hashable, Fraction]] = {}
    for root in recipes:
        path = [root]
        while path:
            current = recipes[path[-1]]
            below = next((one for one in current.within if one not in done), None)
            if below is None:
                done[path.pop()] = _with_sub_recipes(current, done)
            elif below not in recipes:
                raise ValidationError.of("within", f"{below} does not exist; add it to the recipes")
            elif below in path:
                told = " > ".join(map(str, [*path[path.index(below) :], below]))
                raise ValidationError.of("within", f"{below} contains itself: {told}")
            else:
                path.append(below)
    return done


def _with_sub_recipes(
    making: Making, known: Mapping[Hashable, Mapping[Hashable, Fraction]]
) -> dict[Hashable, Fraction]:
    taken: defaultdict[Hashable, Fraction] = defaultdict(Fraction)
    for item, quantity in making.takes.items():
        taken[item] += not_negative("takes", quantity)
    for recipe, count in making.within.items():
        batches = not_negative("within", count)
        for item, each in known[recipe].items():
            taken[item] += batches * each
    return dict(taken)


def parts_of(packing: Packing) -> dict[Hashable, Fraction]:
    """What one box takes of each part."""
    whole_number("lead", packing.lead)
    return {item: not_negative("parts", quantity) for item, quantity in packing.parts.items()}


def in_level_order(
    ways: Sequence[Making | Packing], takes: Sequence[Mapping[Hashable, Fraction]], others: Iterable[Hashable]
) -> list[tuple[Way, Mapping[Hashable, Fraction]]]:
    """Every way to supply an item, with what it takes, after all that may take from it.

    Low-level codes, by the longest path from an end item (Orlicky 1975, Material Requirements Planning, chapter 4).
    What is taken, and ``others``, is bought where there is no way to make it.

    Raises:
        ValidationError: an item is made in two ways, or from itself.
    """
    known: list[tuple[Way, Mapping[Hashable, Fraction]]] = list(zip(ways, takes, strict=True))
    by_item: dict[Hashable, int] = {}
    for place, way in enumerate(ways):
        for item in items_from(way):
            if item in by_item:
                raise ValidationError.of("item", f"{item} is made in two ways; choose one")
            by_item[item] = place
    for item in [*others, *(item for its_takes in takes for item in its_takes)]:
        if item not in by_item:
            by_item[item] = len(known)
            known.append((Bought(item), {}))
    below = [{by_item[item] for item in its_takes} for _, its_takes in known]
    return [known[place] for place in _by_longest_path(below, known)]


def _by_longest_path(below: Sequence[set[int]], known: Sequence[tuple[Way, Mapping[Hashable, Fraction]]]) -> list[int]:
    waiting = [0] * len(below)
    for children in below:
        for child in children:
            waiting[child] += 1
    level = [0] * len(below)
    ready = [place for place, parents in enumerate(waiting) if not parents]
    for place in ready:
        for child in below[place]:
            level[child] = max(level[child], level[place] + 1)
            waiting[child] -= 1
            if not waiting[child]:
                ready.append(child)
    if len(ready) < len(below):
        item = items_from(next(way for (way, _), parents in zip(known, waiting, strict=True) if parents))[0]
        raise ValidationError.of("item", f"{item} would be made from itself; take that part out")
    return sorted(ready, key=lambda place: (level[place], place))


def check_making(making: Making) -> None:
    """Refuse a recipe that cannot be planned.

    Raises:
        ValidationError: a yield is not above 0, days are negative, or the good part is not above 0 and at most 1.
    """
    for product in making.products:
        positive("per_batch", product.per_batch)
        not_negative("grain", product.grain)
        if product.keeps is not None:
            whole_number("keeps", product.keeps)
    whole_number("lead", making.lead)
    if positive("good", making.good) > 1:
        raise ValidationError.of("good", f"of {making.recipe} is {making.good}, but must be at most 1")

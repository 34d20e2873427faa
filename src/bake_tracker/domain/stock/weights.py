"""What a volume or a piece of each lot weighs: a measure holds for the lots received since the measure before it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class StatedWeight:
    """A measure: of one lot and its parts, or of every lot of the item after ``since_lot_id``, None for all.

    ``last_lot_id`` is the latest lot that it could see, None if an earlier version recorded it.
    """

    value: Fraction
    lot_id: int | None = None
    since_lot_id: int | None = None
    last_lot_id: int | None = None


def weights_of(
    stated: Iterable[StatedWeight], before: Fraction | None, parents: Mapping[int, int | None]
) -> tuple[Fraction | None, dict[int, Fraction]]:
    """The item's weight now, and that of each lot for which it differs.

    ``stated`` is in the order of recording. ``before`` is the weight before the first. ``parents`` has every lot of the
    item, and the lot that it was split from: a part weighs what its lot weighs.
    """
    roots = _roots(parents)
    current, own = before, dict[int, Fraction]()
    of_root = dict.fromkeys(roots.values(), before)
    for one in stated:
        if one.lot_id is not None:
            own[one.lot_id] = one.value
            continue
        is_first, current = current is None, one.value
        for root in of_root:
            if is_first or one.since_lot_id is None or root > one.since_lot_id:
                of_root[root] = one.value
    found = {lot_id: own.get(root, of_root[root]) for lot_id, root in roots.items()}
    return current, {lot_id: weight for lot_id, weight in found.items() if weight is not None and weight != current}


def _roots(parents: Mapping[int, int | None]) -> dict[int, int]:
    """The lot of the item that each was split from first; a part has a higher id than its lot."""
    roots: dict[int, int] = {}
    for lot_id in sorted(parents):
        parent = parents[lot_id]
        roots[lot_id] = lot_id if parent is None else roots.get(parent, lot_id)  # it may be of another item
    return roots

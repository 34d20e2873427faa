"""What was really used: lots that a person names, in place of those that the policy would choose."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, NotRequired, TypedDict

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.errors import ConflictError, ConversionProblem, UnitConversionError, ValidationError
from bake_tracker.domain.recipes.quantities import Item, stated_quantity
from bake_tracker.domain.stock.fifo import Allocation, OpenLot, draw_from, to_draw
from bake_tracker.domain.units import MAX_TOTAL_MICROS, drawn_micros, format_micros

MadeBy = Literal["production", "assembly"]

_FIELDS = ("lot_id", "quantity", "unit", "instead_of", "reason")
_UNFIT: Mapping[MadeBy, tuple[str, str]] = {
    "production": ("finished_good", "is a finished good; a production cannot use it"),
    "assembly": ("ingredient", "is an ingredient; an assembly cannot use it"),
}


class UsedInput(TypedDict):
    """A lot that was really used, and how much of it, in ``unit`` or the item's base unit.

    ``instead_of`` is the id of the item that it replaced, whole. It needs a reason, and so does an expired lot.
    """

    lot_id: int
    quantity: int | Decimal | Fraction
    unit: NotRequired[str | None]
    instead_of: NotRequired[int | None]
    reason: NotRequired[str | None]


class UsedLot(TypedDict):
    """A lot that a person named; the quantity is what was taken, in the item's base unit."""

    lot_id: int
    lot_code: str
    item_slug: str
    quantity: str
    unit: str
    instead_of: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Used:
    """One entry of ``used``, normalised."""

    lot_id: int
    quantity: Fraction
    unit: str | None
    instead_of: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class NamedLot:
    """A lot that was named, and its item; ``then`` is what could be taken when a late record happened."""

    open_lot: OpenLot
    item: Item
    received_on: date
    on_hold: bool
    then: OpenLot | None = None

    def to_draw(self, wanted_micros: int) -> OpenLot:
        """What to take from the lot, as it was when a late record happened or as it is."""
        return to_draw(self.open_lot, self.then, wanted_micros)


@dataclass(frozen=True, slots=True)
class Stated:
    """The draws that were named, by item, the needs left to the policy, and the lots that hold too little."""

    named: Mapping[int, Allocation]
    left: Mapping[int, int]
    short: Sequence[tuple[NamedLot, int]]
    told: Sequence[UsedLot]


def read_used(given: Arguments, value: object) -> tuple[Used, ...]:
    """Normalise the entries; empty if nothing was named."""
    if value is None or value in ([], ()):
        return ()
    used = tuple(_read(given, f"used[{place}]", row) for place, row in enumerate(given.rows("used", value)))
    keys = [(one.lot_id, one.instead_of) for one in used]
    for place, key in enumerate(keys):
        if key in keys[:place]:
            given.refuse(f"used[{place}].lot_id", f"{key[0]} is listed twice; add its quantities up")
    return used


def claimed_used(used: Iterable[Used]) -> dict[str, object]:
    """The argument as it is stored; nothing if it was left out, so that older calls stay the same."""
    entries = [asdict(one) for one in used]
    return {"used": entries} if entries else {}


def used_as_stored(entries: Iterable[Mapping[str, Any]]) -> tuple[Used, ...]:
    """The entries of a stored call."""
    return tuple(Used(**{**one, "quantity": Fraction(one["quantity"])}) for one in entries)


def as_arguments(used: Iterable[Used]) -> list[UsedInput]:
    """The entries as a caller would write them."""
    return [
        UsedInput(lot_id=one.lot_id, quantity=one.quantity, unit=one.unit, instead_of=one.instead_of, reason=one.reason)
        for one in used
    ]


def _read(given: Arguments, at: str, row: Mapping[str, Any]) -> Used:
    for name in sorted(row.keys() - set(_FIELDS), key=str):
        given.refuse(at, f"has no field {str(name)[:60]!r}; it takes {', '.join(_FIELDS)}")
    unit = None if row.get("unit") is None else given.unit(f"{at}.unit", row["unit"])
    instead_of = given.optional_key(f"{at}.instead_of", row.get("instead_of"))
    reason = None if row.get("reason") is None else given.name(f"{at}.reason", row["reason"], limit=1_000)
    if instead_of is not None and reason is None:
        given.refuse(f"{at}.reason", "is required: say why another item was used")
    return Used(
        given.key(f"{at}.lot_id", row.get("lot_id")),
        given.exact(f"{at}.quantity", row.get("quantity"), above_zero=True),
        unit.name if unit else None,
        instead_of,
        reason,
    )


def state_draws(
    used: Sequence[Used],
    lots: Mapping[int, NamedLot],
    needs: Mapping[int, int],
    items: Mapping[int, Item],
    made_by: MadeBy,
    today: date,
) -> Stated:
    """Take the named lots exactly as said, and leave every other item of ``needs`` to the policy.

    ``items`` are those of the recipe or the good, by id.

    Raises:
        ValidationError: a lot cannot be used for this run, or its quantity cannot be recorded; lists every problem.
        UnitConversionError: a unit cannot be converted to an item's base unit; names every such item.
    """
    _check_fit(used, lots, needs, items, made_by, today)
    exact: defaultdict[int, Fraction] = defaultdict(Fraction)
    problems: dict[tuple[str, str | None], ConversionProblem] = {}
    for one in used:
        item = lots[one.lot_id].item
        try:
            exact[one.lot_id] += stated_quantity(item, one.quantity, one.unit or item.base_unit)
        except UnitConversionError as error:
            problems.setdefault((item.slug, one.unit), error.problems[0])
    if problems:
        raise UnitConversionError(problems.values())
    wanted = {lot_id: drawn_micros(quantity) for lot_id, quantity in exact.items()}
    for lot_id, micros in wanted.items():
        if not 0 < micros <= MAX_TOTAL_MICROS:
            size = "little" if micros == 0 else "much"
            raise ValidationError.of("used", f"lot {lots[lot_id].open_lot.code} gives too {size} to record")
    replaced = {one.instead_of for one in used if one.instead_of is not None}
    taken = {lots[one.lot_id].item.item_id for one in used}
    drawn = {lot_id: lots[lot_id].to_draw(micros) for lot_id, micros in wanted.items()}
    short = [(lots[lot_id], micros) for lot_id, micros in wanted.items() if drawn[lot_id].quantity_micros < micros]
    return Stated(
        named={} if short else {item_id: _allocation(item_id, drawn, wanted) for item_id in sorted(taken)},
        left={item_id: micros for item_id, micros in needs.items() if item_id not in replaced | taken},
        short=short,
        told=[_told(one, lots[one.lot_id], items) for one in used],
    )


def check_can_be_used(lots: Iterable[NamedLot], there_on: date) -> None:
    """Raise ConflictError if a named lot is on hold, or came in only after ``there_on``."""
    named = list(lots)
    if late := [lot for lot in named if lot.received_on > there_on]:
        told = "; ".join(f"lot {lot.open_lot.code} came in on {lot.received_on}" for lot in late)
        raise ConflictError(
            f"{told}; nothing can leave a lot before it comes in", lots=[lot.open_lot.code for lot in late]
        )
    if held := [lot.open_lot for lot in named if lot.on_hold]:
        codes = [lot.code for lot in held]
        raise ConflictError(
            f"lot {', '.join(codes)} is on hold and cannot be used",
            remedy={"kind": "release_lots", "lot_ids": [lot.lot_id for lot in held], "lot_codes": codes},
            lots=codes,
        )


def _check_fit(
    used: Sequence[Used],
    lots: Mapping[int, NamedLot],
    needs: Mapping[int, int],
    items: Mapping[int, Item],
    made_by: MadeBy,
    today: date,
) -> None:
    given = Arguments()
    kind, unfit = _UNFIT[made_by]
    of_its_own = {lots[one.lot_id].item.item_id for one in used if one.instead_of is None}
    for place, one in enumerate(used):
        at, lot = f"used[{place}]", lots[one.lot_id]
        item = lot.item
        expired_on = lot.open_lot.expires_on
        if item.kind == kind:
            given.refuse(f"{at}.lot_id", f"lot {lot.open_lot.code}: {item.slug} {unfit}")
        elif one.instead_of is None and item.item_id not in needs:
            given.refuse(
                f"{at}.instead_of",
                f"is required: this run does not need {item.slug} (lot {lot.open_lot.code}); say which of "
                f"{_slugs(needs, items)} it replaced",
            )
        elif one.instead_of is not None and one.instead_of not in needs:
            given.refuse(f"{at}.instead_of", f"must be an item that this run needs: {_slugs(needs, items)}")
        elif one.instead_of == item.item_id:
            given.refuse(f"{at}.instead_of", f"is the lot's own item, {item.slug}; leave it out")
        elif one.instead_of is not None and item.item_id in needs and item.item_id not in of_its_own:
            given.refuse(
                at,
                f"{item.slug} is also needed for itself; also say which lot of it was used for that, and how much",
            )
        if expired_on is not None and expired_on < today and one.reason is None:
            given.refuse(f"{at}.reason", f"is required: lot {lot.open_lot.code} expired on {expired_on}")
    given.done()


def _slugs(needs: Iterable[int], items: Mapping[int, Item]) -> str:
    return ", ".join(items[item_id].slug for item_id in needs)


def _allocation(item_id: int, lots: Mapping[int, OpenLot], wanted: Mapping[int, int]) -> Allocation:
    draws = tuple(draw_from(lot, wanted[lot_id], "chosen") for lot_id, lot in lots.items() if lot.item_id == item_id)
    total = sum(draw.quantity_micros for draw in draws)
    return Allocation(draws, total, total)


def _told(one: Used, lot: NamedLot, items: Mapping[int, Item]) -> UsedLot:
    micros = drawn_micros(stated_quantity(lot.item, one.quantity, one.unit or lot.item.base_unit))
    return {
        "lot_id": one.lot_id,
        "lot_code": lot.open_lot.code,
        "item_slug": lot.item.slug,
        "quantity": format_micros(micros),
        "unit": lot.item.base_unit,
        "instead_of": None if one.instead_of is None else items[one.instead_of].slug,
        "reason": one.reason,
    }

"""A trace as a picture: a column per step, a box per lot, a line per draw."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bake_tracker.domain.stock.recall import Step, Trace, TracedLot

WIDTH, HEIGHT = 212, 58
GAP_X, GAP_Y, MARGIN = 48, 12, 8
STEPS, LOTS = 3, 8
"""The most steps each way, and the most lots of one step, drawn at first; the rest are counted."""


@dataclass(slots=True)
class Box:
    """A box in the picture: a lot, an exit, or a count of hidden lots."""

    level: int
    lot: TracedLot | None = None
    step: Step | None = None
    more: int = 0
    x: int = 0
    y: int = 0


@dataclass(slots=True)
class Line:
    """A line: how much of one box went into another."""

    path: str
    step: Step


@dataclass(slots=True)
class Picture:
    """Boxes and lines, without ``hidden_lots`` and anything more than ``steps`` away."""

    width: int = 0
    height: int = 0
    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    hidden_lots: int = 0
    box_width: int = WIDTH
    box_height: int = HEIGHT


def draw(trace: Trace, steps: int = STEPS, lots: int = LOTS) -> Picture:
    """Draw sources on the left, products on the right, and customers at the end."""
    columns = _columns(trace, steps, lots)
    by_lot = {box.lot["lot_id"]: box for column in columns.values() for box in column if box.lot}
    picture = Picture(hidden_lots=len(trace["lots"]) - len(by_lot))
    ends = list(_ends(trace["forward"], by_lot))
    for box, _ in ends:
        columns[box.level].append(box)
    _place(picture, columns)
    for step in (*trace["back"], *trace["forward"]):
        source, made = by_lot.get(step["from_lot_id"]), by_lot.get(step["into_lot_id"] or 0)
        if source and made:
            picture.lines.append(_line(source, made, step))
    picture.lines += [_line(by_lot[step["from_lot_id"]], box, step) for box, step in ends]
    return picture


def _columns(trace: Trace, steps: int, lots: int) -> dict[int, list[Box]]:
    """The lots of each column; neighbours go into the same lot."""
    by_level: defaultdict[int, list[TracedLot]] = defaultdict(list)
    for lot in trace["lots"]:
        if abs(lot["level"]) <= steps:
            by_level[lot["level"]].append(lot)
    beside: defaultdict[int, list[int]] = defaultdict(list)
    for step in (*trace["back"], *trace["forward"]):
        if step["into_lot_id"] is not None:
            beside[step["from_lot_id"]].append(step["into_lot_id"])
            beside[step["into_lot_id"]].append(step["from_lot_id"])
    place: dict[int, float] = {}
    columns: defaultdict[int, list[Box]] = defaultdict(list)
    for level in sorted(by_level, key=abs):
        near = {lot["lot_id"]: [place[one] for one in beside[lot["lot_id"]] if one in place] for lot in by_level[level]}
        middle = {lot_id: sum(places) / len(places) if places else 0.0 for lot_id, places in near.items()}
        in_order = sorted(by_level[level], key=lambda lot: (middle[lot["lot_id"]], lot["lot_id"]))
        for number, lot in enumerate(in_order[:lots]):
            place[lot["lot_id"]] = number / len(in_order[:lots])
            columns[level].append(Box(level, lot))
        if len(in_order) > lots:
            columns[level].append(Box(level, more=len(in_order) - lots))
    return columns


def _ends(forward: Iterable[Step], by_lot: dict[int, Box]) -> Iterator[tuple[Box, Step]]:
    """The exits beside their lots; only a few of each, since the list has them all."""
    shown: defaultdict[int, int] = defaultdict(int)
    for step in forward:
        source = by_lot.get(step["from_lot_id"])
        if source is None or step["into_lot_id"] is not None or shown[source.level] == LOTS:
            continue
        shown[source.level] += 1
        yield Box(source.level + 1, step=step), step


def _place(picture: Picture, columns: dict[int, list[Box]]) -> None:
    tallest = max(len(column) for column in columns.values())
    picture.height = 2 * MARGIN + tallest * HEIGHT + (tallest - 1) * GAP_Y
    for number, level in enumerate(sorted(columns)):
        column = columns[level]
        own = len(column) * HEIGHT + (len(column) - 1) * GAP_Y
        for row, box in enumerate(column):
            box.x = MARGIN + number * (WIDTH + GAP_X)
            box.y = (picture.height - own) // 2 + row * (HEIGHT + GAP_Y)
            picture.boxes.append(box)
    picture.width = 2 * MARGIN + len(columns) * (WIDTH + GAP_X) - GAP_X


def _line(source: Box, made: Box, step: Step) -> Line:
    x, y = source.x + WIDTH, source.y + HEIGHT // 2
    to_x, to_y = made.x, made.y + HEIGHT // 2
    bend = max((to_x - x) // 2, GAP_X // 2)
    return Line(f"M{x} {y}C{x + bend} {y} {to_x - bend} {to_y} {to_x} {to_y}", step)

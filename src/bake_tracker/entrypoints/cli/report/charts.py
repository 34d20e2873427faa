"""Bar charts in the terminal."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from rich.text import Text

from bake_tracker.entrypoints.cli.state import out, say
from bake_tracker.log.values import escape_unsafe

Bars = Mapping[str, Decimal | None]
WIDEST = 100
LONGEST_NAME = 40


def add_up(rows: Iterable[Any], name: Callable[[Any], str], amount: str) -> Bars:
    """Sum the amounts by name, in order of first appearance; None if any of them is unknown."""
    bars: dict[str, Decimal | None] = {}
    for row in rows:
        known = bars.setdefault(name(row), Decimal(0))
        bars[name(row)] = None if known is None or row[amount] is None else known + Decimal(row[amount])
    return bars


def show_chart(bars: Bars, shown: Callable[[Decimal], str]) -> None:
    """Print a bar for each amount above 0, scaled to the largest; unknown amounts say so."""
    if not bars:
        say("Nothing to show.")
        return
    texts = {name: "unknown" if amount is None else shown(amount) for name, amount in bars.items()}
    names = {name: _short(escape_unsafe(name)) for name in bars}
    name_width = max(map(len, names.values()))
    text_width = max(map(len, texts.values()))
    room = max(min(out.width, WIDEST) - name_width - text_width - 4, 10)
    largest = max((amount for amount in bars.values() if amount), default=Decimal(1))
    block = "█" if out.encoding.lower().startswith("utf") else "#"
    for name, amount in bars.items():
        length = 0 if amount is None or amount <= 0 else max(int(amount * room / largest), 1)
        line = f"{names[name]:<{name_width}}  {texts[name]:>{text_width}}  {block * length}"
        out.print(Text(line.rstrip()), soft_wrap=True)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"

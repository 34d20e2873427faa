"""How well recipe pages are read: the share of ingredient lines with the right quantity, unit and ingredient.

python -m benchmarks.recipes [FOLDER ...] [--wrong] [--update]

Without a folder, it reads the lines that the parser was tuned on, those held out, and the pages of the tests. A folder
holds saved pages, ``*.html``, and optionally a ``gold.json`` like that of ``tests/data/pages``; pages that are not in
it are only counted. ``--wrong`` lists the lines that were read wrong; ``--update`` writes the table into
``docs/reference/benchmarks.md``.
"""

import argparse
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.recipe_text.lines import parse_line
from bake_tracker.domain.recipe_text.yields import parse_yield
from bake_tracker.files.recipe_page import load_recipe_page
from benchmarks.harness import markdown, show

ROOT = Path(__file__).parent.parent
DATA = ROOT / "tests" / "data"
REPORT = ROOT / "docs" / "reference" / "benchmarks.md"
MARK, END = "<!-- recipe_pages -->", "<!-- end -->"
HEADINGS = ("what is read", "lines", "quantity and unit", "ingredient", "both", "sure by itself", "sure, and wrong")


@dataclass(frozen=True, slots=True)
class Meant:
    """A line and its meaning to a person; quantity ``a..b`` is a range, and an empty one means none."""

    text: str
    quantity: str
    unit: str
    ingredient: str


@dataclass(frozen=True, slots=True)
class Read:
    """What the parser made of a line."""

    meant: Meant
    quantity: str
    unit: str
    ingredient: str
    is_sure: bool

    @property
    def has_amount(self) -> bool:
        return (self.quantity, self.unit) == (self.meant.quantity, self.meant.unit)

    @property
    def has_ingredient(self) -> bool:
        return self.ingredient.casefold() == self.meant.ingredient.casefold()

    @property
    def is_right(self) -> bool:
        return self.has_amount and self.has_ingredient


def read(meant: Meant) -> Read:
    line = parse_line(meant.text)
    if not line.amounts:
        return Read(meant, "", "", line.ingredient, line.is_sure)
    first = line.amounts[0]
    quantity = "" if first.quantity is None else str(first.quantity)
    quantity += "" if first.upto is None else f"..{first.upto}"
    return Read(meant, quantity, first.unit, line.ingredient, line.is_sure)


def lines_of(file: Path) -> list[Meant]:
    rows = [line.split("|") for line in file.read_text("utf-8").splitlines() if not line.startswith("#")]
    return [Meant(*(cell.strip() for cell in row)) for row in rows]


def score(what: str, lines: Iterable[Meant]) -> tuple[tuple[str, ...], list[Read]]:
    """Return a row of the table, and the lines that were read wrong."""
    found = [read(meant) for meant in lines]
    sure = [one for one in found if one.is_sure]
    counts = (
        sum(one.has_amount for one in found),
        sum(one.has_ingredient for one in found),
        sum(one.is_right for one in found),
        len(sure),
    )
    wrong = [one for one in found if not one.is_right]
    shares = [f"{count} ({percent(count, len(found))})" for count in counts]
    surely_wrong = sum(not one.is_right for one in sure)
    return (what, str(len(found)), *shares, f"{surely_wrong} ({percent(surely_wrong, len(sure))})"), wrong


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def score_pages(folder: Path) -> tuple[list[tuple[str, ...]], list[Read], list[str]]:
    """Return a folder's rows: for pages with gold the score, for other lines only the share that is sure."""
    gold_file = folder / "gold.json"
    gold: Mapping[str, Mapping[str, object]] = json.loads(gold_file.read_text("utf-8")) if gold_file.exists() else {}
    meant: list[Meant] = []
    other: list[str] = []
    told: list[str] = []
    yields = good_yields = pages = 0
    for file in sorted([*folder.glob("*.html"), *folder.glob("*.htm")]):
        try:
            page = load_recipe_page(file)
        except ValidationError as error:
            told.append(str(error))
            continue
        pages += 1
        if file.name not in gold:
            other += page.lines
            continue
        rows: list[Mapping[str, str]] = gold[file.name]["lines"]  # type: ignore[assignment]
        if page.lines != [row["text"] for row in rows]:
            told.append(f"{file} and its gold have different lines")
        meant += [Meant(**row) for row in rows]
        yields += 1
        good_yields += yield_of(page.yields) == gold[file.name]["makes"]
    rows_of: list[tuple[str, ...]] = []
    wrong: list[Read] = []
    name = folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder.name
    if meant:
        row, wrong = score(f"{yields} pages of {name}", meant)
        rows_of.append(row)
        told.append(f"yield of {good_yields} of {yields} pages of {name} right, or rightly doubted")
    if other:
        sure = sum(parse_line(text).is_sure for text in other)
        share = f"{sure} ({percent(sure, len(other))})"
        rows_of.append((f"{name}, without gold", str(len(other)), "-", "-", "-", share, "-"))
    return rows_of, wrong, told


def yield_of(texts: list[str]) -> list[str] | None:
    """Return what a batch gives, if it is sure."""
    line, doubts = parse_yield(texts)
    return None if doubts or line is None else [str(line.amounts[0].quantity), line.ingredient]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--wrong", action="store_true", help="list the lines that were read wrong")
    parser.add_argument("--update", action="store_true", help="write the table into docs/reference/benchmarks.md")
    asked = parser.parse_args()
    table: list[tuple[str, ...]] = [HEADINGS]
    wrong: list[Read] = []
    told: list[str] = []
    if not asked.folders:
        for what, file in (("lines it was tuned on", "tuned.txt"), ("lines held out", "held-out.txt")):
            row, more = score(what, lines_of(DATA / "lines" / file))
            table.append(row)
            wrong += more
    for folder in asked.folders or [DATA / "pages"]:
        rows, more, more_told = score_pages(folder.resolve())
        table += rows
        wrong += more
        told += more_told
    show(table)
    for text in told:
        print(f"   {text}")
    if asked.wrong:
        for one in wrong:
            print(f"   {one.meant.text!r}: {(one.quantity, one.unit, one.ingredient)}, meant {one.meant}")
    if asked.update:
        page = REPORT.read_text("utf-8")
        before, _, rest = page.partition(MARK)
        _, _, after = rest.partition(END)
        REPORT.write_text(f"{before}{MARK}\n{markdown(table)}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()

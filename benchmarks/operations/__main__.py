"""The cost of the operations: all bakeries are set up first, then all ways take turns, round after round.

python -m benchmarks.operations [--rows floor,lots] [--rounds 100 | --quick] [--profile] [--update]

``--update`` writes its tables into ``docs/reference/benchmarks.md``.
"""

import argparse
import cProfile
import logging
import platform
import pstats
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from bake_tracker.queries.operations.history import load_runs
from bake_tracker.queries.stock.trace import trace_back
from bake_tracker.services import assembly_service, batch_production_service
from bake_tracker.services.catalog import goods, things
from bake_tracker.services.database import dispose_engines, read_scope, run_in_transaction
from bake_tracker.services.stock.receipt import record_receipt
from benchmarks.harness import Figure, Table, as_row, markdown, ratio, show, take_turns
from benchmarks.operations.floor import PAGE, TRACE, Floor, connect
from benchmarks.operations.past_runs import add_past_runs
from benchmarks.operations.set_up import produce_once, set_up

ROWS = {
    "floor": "record_batch_production / hand-written SQL, 20 ingredients of 10 lots",
    "lots": "the same with 1,000 lots of each ingredient / with 10",
    "years": "the same after 1,000,000 movements / on an empty ledger",
    "check": "check_can_produce / record_batch_production",
    "assembly": "record_assembly of 3 components after 10,000 runs / after none",
    "page": "a page of 100 past runs after 100,000 / one hand-written SELECT of it",
    "trace": "the trace of a lot through 20,000 lots / its SQL alone",
    "import": "an import of lots",
}
DOCUMENT = Path(__file__).parents[2] / "docs/reference/benchmarks.md"
INGREDIENTS, LOTS = 20, 10

Turn = Callable[[], object]


class Shop:
    """A bakery in its own file, with a recipe of twenty ingredients and, if needed, a box."""

    def __init__(self, folder: Path, name: str, lots: int = LOTS, ingredients: int = INGREDIENTS) -> None:
        self.file = folder / f"{name}.db"
        self.url = f"sqlite:///{self.file}"
        self.recipe, self.unit = run_in_transaction(lambda s: set_up(s, ingredients, lots), self.url)
        self.ingredients = [row[0] for row in self.sql("SELECT id FROM item WHERE kind = 'ingredient' ORDER BY id")]
        self.box = self.crate = 0
        produce_once(self.url, self.recipe, self.unit)

    def sql(self, statement: str) -> list[Any]:
        connection = connect(self.file)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()

    def with_box(self) -> "Shop":
        """Add a box of three materials with plenty of stock, and pack it once."""

        def add(session: Session) -> list[int]:
            parts = [things.record_item("material", f"Part {n}", "each", session=session) for n in range(3)]
            box = things.record_item("finished_good", "Box", "each", session=session)["item_id"]
            for part in parts:
                record_receipt(part["item_id"], 1_000_000, "each", session=session, total_cost=1_000)
            lines = [{"item_id": part["item_id"], "quantity": 1} for part in parts]
            goods.record_good_components(box, lines, session=session)
            return [box, *(part["item_id"] for part in parts)]

        self.box, *self.parts = run_in_transaction(add, self.url)
        self.pack()
        return self

    def age(self, kind: str, runs: int) -> int:
        """Add the past runs of many years; return the first lot they made."""
        made, parts = (self.unit, self.ingredients) if kind == "production" else (self.box, self.parts)
        connection = connect(self.file)
        connection.execute("PRAGMA cache_size = -200000")
        first = add_past_runs(connection, kind, made, parts, runs)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        return first

    def produce(self) -> None:
        produce_once(self.url, self.recipe, self.unit)

    def check(self) -> None:
        with read_scope(self.url) as session:
            batch_production_service.check_can_produce(self.recipe, 1, session=session)

    def pack(self, quantity: int = 1) -> Any:
        return run_in_transaction(lambda s: assembly_service.record_assembly(self.box, quantity, session=s), self.url)

    def page(self) -> None:
        with read_scope(self.url) as session:
            assert len(load_runs(session, 100)) == 100


class Ways:
    """All ways to run for the requested rows, and their timings."""

    def __init__(self, folder: Path, rows: list[str], small: bool) -> None:
        self.folder, self.rows, self.part = folder, rows, 100 if small else 1
        self.turns: dict[str, Turn] = {}
        if {"floor", "lots", "years", "check"} & set(rows):
            # One shop each: when reads and writes share a connection, SQLite drops their cached plans.
            self.turns["produce"], self.turns["check"] = Shop(folder, "young").produce, Shop(folder, "asked").check
            floor = Floor(Shop(folder, "floor").file)
            self.turns["write"], self.turns["read and write"] = floor.write, floor.read_and_write
        if "lots" in rows:
            self.turns["produce of many lots"] = Shop(folder, "lots", lots=1_000 // self.part).produce
        if "years" in rows:
            old = Shop(folder, "old")
            old.age("production", 1_000_000 // (2 * INGREDIENTS + 1) // self.part + 1)
            self.turns["produce after years"] = old.produce
        if "assembly" in rows:
            young, old = Shop(folder, "boxes").with_box(), Shop(folder, "old-boxes").with_box()
            old.age("assembly", 10_000 // self.part)
            self.turns["pack"], self.turns["pack after years"] = young.pack, old.pack
        if "page" in rows:
            shop = Shop(folder, "pages", ingredients=1)
            shop.age("production", 100_000 // self.part)
            by_hand = connect(shop.file)
            self.turns["page"], self.turns["page by hand"] = shop.page, lambda: by_hand.execute(PAGE).fetchall()
        if "trace" in rows:
            self._add_trace()

    def _add_trace(self) -> None:
        shop = Shop(self.folder, "trace", ingredients=19)
        runs = 1_000 // self.part
        first = shop.age("production", runs)
        connection = connect(shop.file)
        connection.execute("BEGIN")
        crate = _one_lot_of_all(connection, first, runs)
        connection.execute("COMMIT")
        expected = runs * 20

        def ours() -> None:
            with read_scope(shop.url) as session:
                assert len(trace_back(session, crate)) == expected

        def by_hand() -> None:
            assert len(connection.execute(TRACE, {"lot_id": crate}).fetchall()) == expected

        self.turns["trace"], self.turns["trace by hand"] = ours, by_hand

    def figures(self, rounds: int) -> list[tuple[str, Figure]]:
        """Return every requested row but the import: one interleaved run on the CPU clock, one on the wall clock."""
        spent = take_turns(self.turns, rounds)
        milliseconds = {name: f"{statistics.median(samples) / 1e6:.2f} ms" for name, samples in spent.items()}

        def of(what: str, ours: str, theirs: str, goal: float | None) -> Figure:
            note = f"{milliseconds[ours]} and {milliseconds[theirs]}"
            return ratio(what, spent[ours], spent[theirs], goal, note)

        asked = {
            "floor": [
                ("of its CPU, writes alone", "produce", "write", 3),
                ("with its reads", "produce", "read and write", None),
            ],
            "lots": [("must", "produce of many lots", "produce", 1.3)],
            "years": [("must", "produce after years", "produce", 1.3)],
            "check": [("goal", "check", "produce", 0.6)],
            "assembly": [("must", "pack after years", "pack", 1.3)],
            "page": [("goal", "page", "page by hand", 5)],
            "trace": [("goal", "trace", "trace by hand", 3)],
        }
        found = [
            (row, of(f"{ROWS[row]} ({what})", ours, theirs, goal))
            for row in self.rows
            if row in asked
            for what, ours, theirs, goal in asked[row]
        ]
        if "floor" in self.rows:
            waited = take_turns(
                {name: self.turns[name] for name in ("produce", "write")}, rounds, clock=time.perf_counter_ns
            )
            what = f"{ROWS['floor']} (of its time, the wait for the disk in it)"
            found.append(("floor", ratio(what, waited["produce"], waited["write"], None)))
        return found


def _one_lot_of_all(connection: sqlite3.Connection, first: int, count: int) -> int:
    """Add a lot made of everything that past runs made, as an assembly would, but without components."""
    operation_id = "30000000-0000-7000-8000-000000000000"
    connection.execute(
        "INSERT INTO operation SELECT ?, name, fingerprint, arguments, result, recorded_at, NULL, ?, 1, NULL "
        "FROM operation ORDER BY rowid LIMIT 1",
        (operation_id, operation_id),
    )
    columns = [
        row[1] for row in connection.execute("PRAGMA table_info(lot)") if row[1] not in ("id", "code", "operation_id")
    ]
    names = ", ".join(columns)
    crate = connection.execute(
        f"INSERT INTO lot (code, operation_id, {names}) SELECT 'crate', ?, {names} FROM lot WHERE id = ?",
        (operation_id, first),
    ).lastrowid
    connection.execute(
        "INSERT INTO movement (operation_id, lot_id, quantity_micros, cost_micros, happened_at) "
        "SELECT o.id, lot.id, -remaining_micros, -remaining_cost_micros, recorded_at "
        "FROM operation o CROSS JOIN lot WHERE o.id = ? AND lot.id >= ? AND lot.id < ?",
        (operation_id, first, first + count),
    )
    return int(crate or 0)


def import_figures(small: bool) -> list[tuple[str, Figure]]:
    """Return lots per second and peak memory of two imports, each in its own process."""
    counts = (100, 1_000) if small else (10_000, 100_000)
    found: list[tuple[str, Figure]] = []
    peaks = []
    for count in counts:
        told = subprocess.run(
            [sys.executable, "-m", "benchmarks.operations.importing", str(count)],
            capture_output=True,
            text=True,
            check=True,
        )
        seconds, peak = map(float, told.stdout.split())
        peaks.append(peak)
        what = f"an import of {count:,} lots"
        found += [
            ("import", Figure(f"{what}, lots a second", count / seconds)),
            ("import", Figure(f"{what}, peak memory", peak, unit=" MB")),
        ]
    what = f"memory of an import of {counts[1]:,} lots / of {counts[0]:,}"
    return [*found, ("import", Figure(what, peaks[1] / peaks[0], goal=1.2))]


def profile(turn: Turn, times: int = 300) -> list[tuple[str, ...]]:
    """Return where one way spends its time, by function."""
    profiler = cProfile.Profile(time.process_time)
    turn()
    profiler.runcall(lambda: [turn() for _ in range(times)])
    stats = pstats.Stats(profiler)
    total = sum(own for _, _, own, _, _ in stats.stats.values())  # type: ignore[attr-defined]
    largest = sorted(stats.stats.items(), key=lambda item: -item[1][2])[:14]  # type: ignore[attr-defined]
    return [(f"{own / total:6.1%}", f"{Path(file).name} {name}") for (file, _, name), (_, _, own, _, _) in largest]


def main() -> None:
    """Run the requested rows."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.operations", description="Measure the operations.")
    parser.add_argument("--rows", default=",".join(ROWS), help=f"some of {', '.join(ROWS)}; default: all")
    parser.add_argument("--rounds", type=int, default=100, help="rounds of the comparison (100)")
    parser.add_argument("--quick", action="store_true", help="3 rounds, a hundredth of the data, to see that it runs")
    parser.add_argument("--profile", action="store_true", help="show where the time of a production goes instead")
    parser.add_argument("--update", action="store_true", help="write the table into docs/; needs every row")
    options = parser.parse_args()
    rows = options.rows.split(",")
    if unknown := [name for name in rows if name not in ROWS]:
        parser.error(f"unknown row: {', '.join(unknown)}")
    if options.update and (options.quick or rows != list(ROWS)):
        parser.error("--update writes a complete run into the document; leave out --rows and --quick")
    for name, level in (("alembic", logging.WARNING), ("bake_tracker", logging.CRITICAL)):
        logging.getLogger(name).setLevel(level)
    with tempfile.TemporaryDirectory() as folder:
        if options.profile:
            show(profile(Shop(Path(folder), "young").produce))
            dispose_engines()
            return
        ways = Ways(Path(folder), rows, options.quick)
        figures = ways.figures(3 if options.quick else options.rounds) if ways.turns else []
        show([as_row(name, figure) for name, figure in figures])
        if "import" in rows:
            imported = import_figures(options.quick)
            show([as_row(name, figure) for name, figure in imported])
            figures += imported
        where_it_goes = profile(ways.turns["produce"]) if options.update else []
        dispose_engines()
    table = [as_row(name, figure) for name, figure in figures]
    if options.update:
        profiled = ", ".join(f"`{what}` {share.strip()}" for share, what in where_it_goes)
        python = f"SQLite {sqlite3.sqlite_version}, Python {platform.python_version()}, logging off"
        tables = {
            "operations": [("row", "median (95 %)", "goal", "measured"), *table],
            "operations_machine": [("", python)],
            "operations_profile": [("", profiled)],
        }
        put_into(DOCUMENT, tables)


def put_into(document: Path, tables: Mapping[str, Table]) -> None:
    """Replace the text between ``<!-- NAME -->`` and ``<!-- end -->``."""
    text = document.read_text("utf-8")
    for name, table in tables.items():
        before, mark, rest = text.partition(f"<!-- {name} -->\n")
        assert mark, name
        text = before + mark + markdown(table) + "\n" + rest[rest.index("<!-- end -->") :]
    document.write_text(text, "utf-8")


if __name__ == "__main__":
    main()

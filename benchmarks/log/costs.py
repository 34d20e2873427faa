"""The cost of logging, row by row of the table in ``docs/reference/benchmarks.md``."""

import json
import logging
import os
import random
import statistics
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any
from unittest.mock import patch

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, bindparam, create_engine, event, insert, select

from bake_tracker.database import transaction_outcomes
from bake_tracker.database.pending_outcomes import OpenTransaction
from bake_tracker.database.transaction_outcomes import observe, open_transaction
from bake_tracker.domain.log.tree import TIMES
from bake_tracker.log import format as format_module
from bake_tracker.log.append import AppendHandler
from bake_tracker.log.tell import get_service_logger, log_operation
from bake_tracker.services import assembly_service, operation
from bake_tracker.services.database import dispose_engines, make_engine, run_in_transaction
from benchmarks.concurrency import fresh_postgresql, postgresql_server
from benchmarks.harness import Figure, added, interval, ratio, take_turns
from benchmarks.log import reading, rotation
from benchmarks.log.loggers import CALLER, CONTEXT, OPERATIONS, PEERS, SERVICES, Ours, Standard, bound_caller
from benchmarks.operations.set_up import PACKED, produce_once, set_up, set_up_boxes

ROWS_TABLE = Table("row", MetaData(), Column("id", Integer, primary_key=True), Column("name", String))


def event_cost(folder: Path, rounds: int) -> list[Figure]:
    """CPU of an operation's event; the others write theirs at once, without ids of their own and without redaction."""
    transactions = 100
    ours = Ours(folder / "ours.jsonl")
    writers = {name: make(folder / f"{number}.jsonl") for number, (name, make) in enumerate(PEERS.items())}

    def emptied() -> None:
        for file in folder.glob("*.jsonl"):
            os.truncate(file, 0)

    def of_ours(operations: int) -> Callable[[], Callable[[], None]]:
        def turn() -> Callable[[], None]:
            for _ in range(transactions * OPERATIONS // operations):
                ours.transaction(operations)
            return emptied

        return turn

    def of(write: Callable[[], None]) -> Callable[[], Callable[[], None]]:
        def turn() -> Callable[[], None]:
            for _ in range(transactions * OPERATIONS):
                write()
            return emptied

        return turn

    turns: dict[str, Callable[[], object]] = {name: of(writer.event) for name, writer in writers.items()}
    with bound_caller(**CALLER):
        spent = take_turns({"ours": of_ours(OPERATIONS), "alone": of_ours(1), **turns}, rounds)
    SERVICES.removeHandler(ours.handler)
    plain = "plain stdlib, every field formatted"
    goals = {plain: 0.95, "python-json-logger + orjson": 0.8}
    events = transactions * OPERATIONS
    cost = Figure("an event of ours", statistics.median(spent["ours"]) / events, unit=" ns")
    return [
        *(
            ratio(
                f"an event / {name}",
                spent["ours"],
                spent[name],
                goals.get(name),
                note=f"{statistics.median(spent[name]) / events:,.0f} ns",
            )
            for name in writers
        ),
        cost,
        ratio(
            f"an event alone in its transaction / {plain}",
            spent["alone"],
            spent[plain],
            0.95,
            note=f"{statistics.median(spent['alone']) / events:,.0f} ns",
        ),
    ]


def production_cost(folder: Path, rounds: int) -> list[Figure]:
    """A whole production of 20 ingredients: INFO as JSON to a file, against logging off, and against no log at all."""
    url, bare_url = f"sqlite:///{folder / 'production.db'}", f"sqlite:///{folder / 'bare.db'}"
    root = logging.getLogger("bake_tracker")
    SERVICES.setLevel(logging.NOTSET)
    SERVICES.propagate = True
    root.setLevel(logging.CRITICAL)
    recipe, unit = run_in_transaction(lambda session: set_up(session, 20, 10), url)
    run_in_transaction(lambda session: set_up(session, 20, 10), bare_url)
    dispose_engines()
    handler = AppendHandler(folder / "production.jsonl")
    root.addHandler(handler)
    root.propagate = False

    def at(level: int) -> Callable[[], None]:
        def turn() -> None:
            root.setLevel(level)
            produce_once(url, recipe, unit)

        return turn

    def bare() -> None:
        with _without_a_log():
            produce_once(bare_url, recipe, unit)

    bare()  # its engine is made without watching
    spent = take_turns({"on": at(logging.INFO), "off": at(logging.CRITICAL), "bare": bare}, rounds * 8)
    root.removeHandler(handler)
    dispose_engines()
    off = Figure("one production, logging off", statistics.median(spent["off"]) / 1e6, unit=" ms")
    return [
        ratio("a production / the same with logging off", spent["on"], spent["off"], 1.02),
        off,
        ratio("a production / the same without lines, ids and watching", spent["on"], spent["bare"]),
    ]


def comment_cost(folder: Path, rounds: int) -> list[Figure]:
    """A production whose statements name it in a comment, against the same without: its time, on each database."""
    SERVICES.setLevel(logging.INFO)  # an operation knows its name if a line may say where the time went
    SERVICES.propagate = False
    with postgresql_server(None, folder) as server:
        return [
            _comment_cost("SQLite", lambda name: f"sqlite:///{folder / name}.db", rounds),
            _comment_cost("PostgreSQL", partial(fresh_postgresql, server), rounds),
        ]


def _comment_cost(kind: str, make: Callable[[str], str], rounds: int) -> Figure:
    turns: dict[str, Callable[[], object]] = {}
    for setting in ("true", "false"):
        with patch.dict(os.environ, {"BAKE_TRACKER_SQL_COMMENTS": setting}):
            url = make(f"comments_{setting}")
            recipe, unit = run_in_transaction(lambda session: set_up(session, 20, 10), url)
        turns[setting] = partial(produce_once, url, recipe, unit)
    spent = take_turns(turns, rounds * 4, clock=time.perf_counter_ns)
    dispose_engines()
    note = " and ".join(f"{statistics.median(spent[setting]) / 1e6:.2f} ms" for setting in turns)
    what = f"a production with comments in its statements / without, {kind}"
    return ratio(what, spent["true"], spent["false"], note=note)


@contextmanager
def _without_a_log() -> Iterator[None]:
    """Nothing watches the transaction, no outcome waits for it, and no event is made."""

    def unwatched(_connection: object, *, to_write: bool, question: str = "") -> OpenTransaction:
        return OpenTransaction("")

    def nothing(_of: object) -> None:
        return

    with (
        patch.object(sys.modules[make_engine.__module__], "observe", nothing),
        patch.object(operation, "open_transaction", unwatched),
        patch.object(operation.Operation, "tell_started", nothing),
        patch.object(operation.Operation, "tell_success", nothing),
    ):
        yield


def disabled_cost(folder: Path, rounds: int) -> list[Figure]:
    """The DEBUG line at an operation's entry when INFO is configured."""
    count = 5_000
    ours = Ours(folder / "disabled.jsonl")
    logger, bare = get_service_logger("batch_production_service"), logging.getLogger("peer.bare")
    bare.setLevel(logging.INFO)
    operation = ours.operation(OpenTransaction())
    percent = " ".join(f"{name}=%s" for name in CONTEXT)

    def log_operation_off() -> None:
        for _ in range(count):
            log_operation(
                logger, "record_batch_production", "started", level=logging.DEBUG,
                production_run_id=4711, recipe_id=17, finished_unit_id=23, num_batches=3, production_status="complete",
                total_ingredient_cost="12.345678", api_token="hunter2", notes="dark",
            )  # fmt: skip

    def extra_off() -> None:
        for _ in range(count):
            bare.debug(
                "record_batch_production: started",
                extra={
                    "production_run_id": 4711, "recipe_id": 17, "finished_unit_id": 23, "num_batches": 3,
                    "production_status": "complete", "total_ingredient_cost": "12.345678", "api_token": "hunter2",
                    "notes": "dark",
                },
            )  # fmt: skip

    def percent_off() -> None:
        for _ in range(count):
            bare.debug(percent, 4711, 17, 23, 3, "complete", "12.345678", "hunter2", "dark")

    def entry_off() -> None:
        for _ in range(count):
            operation.tell_started()

    turns: dict[str, Callable[[], object]] = {
        "log_operation": log_operation_off, "entry": entry_off, "extra": extra_off, "percent": percent_off,
    }  # fmt: skip
    spent = take_turns(turns, rounds)
    SERVICES.removeHandler(ours.handler)
    return [
        ratio("an operation's disabled entry / logger.debug(extra=...)", spent["entry"], spent["extra"], 1.2),
        ratio("disabled log_operation / logger.debug(extra=...)", spent["log_operation"], spent["extra"], 1.2),
        ratio("disabled log_operation / logger.debug('%s ...', ...)", spent["log_operation"], spent["percent"]),
    ]


def traceback_cost(folder: Path, rounds: int) -> list[Figure]:
    """An unexpected error, raised twelve calls deep."""
    ours, standard = Ours(folder / "ours.error"), Standard(folder / "standard.error")

    def fail(depth: int) -> None:
        if depth == 1:
            raise RuntimeError("no flour")
        fail(depth - 1)

    def caught(write: Callable[[BaseException], None]) -> Callable[[], None]:
        def turn() -> None:
            try:
                fail(11)
            except RuntimeError as error:
                for _ in range(20):
                    write(error)

        return turn

    def with_source(error: BaseException) -> None:
        with patch.object(format_module, "_frames", _frames_with_source):
            ours.error(error)

    turns = {"ours": caught(ours.error), "with source": caught(with_source), "standard": caught(standard.error)}
    spent = take_turns(turns, rounds)
    SERVICES.removeHandler(ours.handler)
    return [
        ratio(
            "an ERROR with 12 frames / plain stdlib",
            spent["ours"],
            spent["standard"],
            1 / 8,
            note=" and ".join(f"{statistics.median(spent[name]) / 20_000:.1f} us" for name in ("ours", "standard")),
        ),
        ratio("the same, if ours had the source lines too", spent["with source"], spent["standard"]),
    ]


def _frames_with_source(trace: TracebackType | None) -> list[str]:
    return [
        f"{frame.filename}:{frame.lineno} {frame.name}: {frame.line}"
        for frame in traceback.extract_tb(trace, limit=-format_module.MAX_FRAMES)
    ]


def _unobserved(url: str) -> Engine:
    """Return an engine like that of ``make_engine``, but with the driver's own calls unchanged."""
    original = transaction_outcomes.observe
    database = sys.modules[make_engine.__module__]
    database.__dict__["observe"] = lambda _engine: None
    try:
        return make_engine(url)
    finally:
        database.__dict__["observe"] = original


def _counted_only(engine: Engine) -> Engine:
    transaction_outcomes.observe_statements(engine.dialect)
    return engine


def binding_cost(folder: Path, rounds: int) -> list[Figure]:
    """What watching one outcome's fate adds to a transaction of one row; statements are counted in both."""
    add = insert(ROWS_TABLE)
    bound, plain = make_engine(f"sqlite:///{folder / 'bound.db'}"), _unobserved(f"sqlite:///{folder / 'plain.db'}")
    _counted_only(plain)
    observe(bound)
    for engine in (bound, plain):
        ROWS_TABLE.metadata.create_all(engine)
    settled: list[object] = []

    def settle(ending: object) -> None:
        settled.append(ending)

    def of_bound() -> None:
        for _ in range(20):
            with bound.begin() as connection:
                open_transaction(connection, to_write=True).add(settle)
                connection.execute(add, {"name": "flour"})

    def of_plain() -> None:
        for _ in range(20):
            with plain.begin() as connection:
                connection.execute(add, {"name": "flour"})

    turns: dict[str, Callable[[], object]] = {"bound": of_bound, "plain": of_plain}
    figures = []
    for what, clock in (("of its CPU", time.process_time_ns), ("of its time", time.perf_counter_ns)):
        spent = take_turns(turns, rounds * 5, clock=clock)
        extra = [100 * (one / other - 1) for one, other in zip(spent["bound"], spent["plain"], strict=True)]
        median, note = statistics.median(extra), f"of {statistics.median(spent['plain']) / 20_000:.0f} us"
        what = f"commit binding, added to a one-row transaction, {what}"
        figures.append(Figure(what, median, *interval(extra), goal=2, unit=" %", note=note))
    for engine in (bound, plain):
        engine.dispose()
    assert settled
    return figures


def counting_cost(folder: Path, rounds: int) -> list[Figure]:
    """What counting adds to a statement, against what an empty listener adds."""
    # Bare engines: with any listener (make_engine has one for BEGIN), each statement looks for events.
    engines = {name: create_engine(f"sqlite:///{folder / name}.db") for name in ("nothing", "counted", "listener")}
    _counted_only(engines["counted"])

    def nothing(_conn: Any, _cursor: Any, _statement: Any, _parameters: Any, _context: Any, _executemany: Any) -> None:
        return

    event.listen(engines["listener"], "before_cursor_execute", nothing)
    for engine in engines.values():
        ROWS_TABLE.metadata.create_all(engine)
    statement = select(ROWS_TABLE.c.name).where(ROWS_TABLE.c.id == bindparam("of"))

    connections = {name: engine.connect() for name, engine in engines.items()}

    def of(name: str) -> Callable[[], None]:
        execute = connections[name].execute

        def turn() -> None:
            for _ in range(400):
                execute(statement, {"of": 1}).close()

        return turn

    spent = take_turns({name: of(name) for name in engines}, rounds * 4)
    for name, engine in engines.items():
        connections[name].close()
        engine.dispose()
    base = spent["nothing"]

    def nanoseconds(name: str) -> float:
        return statistics.median(one - other for one, other in zip(spent[name], base, strict=True)) / 400

    note = f"{nanoseconds('counted'):,.0f} and {nanoseconds('listener'):,.0f} ns a statement"
    what = "counting a statement / a listener that does nothing"
    return [added(what, (spent["counted"], base), (spent["listener"], base), 0.2, note)]


def import_cost(folder: Path, rounds: int) -> list[Figure]:
    """Imports in fresh interpreters, timed inside, so that starting Python does not count.

    All load bytecode, which the first round writes, because an installed program has it too.
    """
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    modules = {
        "ours": "bake_tracker.log.tell, bake_tracker.log.values, bake_tracker.log.format, bake_tracker.services",
        "with the handler": "bake_tracker.log.append",
        "orm": "sqlalchemy.orm",
    }
    spent: dict[str, list[int]] = {name: [] for name in modules}
    order, rng = list(modules), random.Random(1)
    for number in range(max(3, rounds // 4)):
        rng.shuffle(order)
        for name in order:
            code = f"import time; t = time.process_time_ns(); import {modules[name]}; print(time.process_time_ns() - t)"
            command = [sys.executable, "-P", "-c", code]
            answer = subprocess.run(command, capture_output=True, check=True, text=True, env=environment)
            if number:
                spent[name].append(int(answer.stdout))
    note = f"{statistics.median(spent['ours']) / 1e6:.1f} and {statistics.median(spent['orm']) / 1e6:.1f} ms"
    handler = f"{statistics.median(spent['with the handler']) / 1e6:.1f} ms"
    return [
        ratio("import of the logging modules / sqlalchemy.orm", spent["ours"], spent["orm"], 0.15, note),
        ratio(
            "the same with the file's handler / sqlalchemy.orm", spent["with the handler"], spent["orm"], note=handler
        ),
    ]


def _size(line: Mapping[str, Any]) -> int:
    """The bytes of a line without the times of what was slow, which depend on the machine."""
    told = {name: value for name, value in line.items() if name not in TIMES}
    return len(json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()) + 1


def line_size(folder: Path, _rounds: int) -> list[Figure]:
    """The size of the success lines of a real production and a real assembly for a request."""
    path, url = folder / "size.jsonl", f"sqlite:///{folder / 'size.db'}"
    handler = AppendHandler(path)
    SERVICES.addHandler(handler)
    SERVICES.setLevel(logging.INFO)
    with bound_caller(**CALLER):
        recipe, unit = run_in_transaction(lambda session: set_up(session, 20, 10), url)
        box = run_in_transaction(lambda session: set_up_boxes(session, unit), url)
        produce_once(url, recipe, unit)
        run_in_transaction(lambda session: assembly_service.record_assembly(box, PACKED, session=session), url)
    SERVICES.removeHandler(handler)
    dispose_engines()
    sizes = {line["operation"]: _size(line) for line in map(json.loads, path.read_bytes().splitlines())}
    return [
        Figure(f"the success line of {name}", sizes[name], goal=900, unit=" bytes")
        for name in ("record_batch_production", "record_assembly")
    ]


def rotation_loss(_folder: Path, _rounds: int) -> list[Figure]:
    """Four processes, 20,000 lines, a file of 60 KB at a time."""
    left = rotation.run(rotation.ours, 4, 20_000, 60_000)
    note = f"of {left['written']:,} lines in {left['files']} files, {left['of them gzip']} of them compressed meanwhile"
    return [Figure(f"lines {fate}", left[fate], goal=0, note=note) for fate in ("lost", "torn", "doubled")]


def tree_cost(folder: Path, rounds: int) -> list[Figure]:
    """The tree of one transaction out of 75,000 lines, against reading and parsing them all."""
    path, lines = folder / "tree.jsonl", 75_000
    reading.write_log(path, lines=lines)
    wanted = reading.an_id(lines // 2)
    turns: dict[str, Callable[[], object]] = {
        "tree": lambda: len(reading.read_trees(path, wanted)),
        "parse": lambda: reading.read_and_parse(path),
    }
    spent = take_turns(turns, max(3, rounds // 3))
    note = " and ".join(f"{statistics.median(spent[name]) / 1e6:.0f} ms" for name in turns)
    return [ratio("the tree of one transaction / reading and parsing", spent["tree"], spent["parse"], 2, note)]


ROWS: dict[int, tuple[str, Callable[[Path, int], list[Figure]]]] = {
    1: ("an operation's event", event_cost),
    2: ("a whole production", production_cost),
    3: ("a disabled entry line", disabled_cost),
    4: ("an error with its frames", traceback_cost),
    5: ("commit binding", binding_cost),
    6: ("counting statements", counting_cost),
    7: ("import", import_cost),
    8: ("four processes and a rotation", rotation_loss),
    9: ("the tree of one transaction", tree_cost),
    10: ("bytes of a success line", line_size),
    11: ("comments in statements", comment_cost),
}

"""The floor: what a production must write and read, by hand-written ``sqlite3`` and nothing else.

It writes the same rows of the same tables in one transaction with the same pragmas, from values known in advance. It
calculates no recipe, checks nothing and uses no savepoint.
"""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bake_tracker.clock import uuid7

PRAGMAS = ("busy_timeout = 10000", "synchronous = FULL", "foreign_keys = ON", "recursive_triggers = ON")
OPEN_LOTS = (
    "SELECT id, remaining_micros, remaining_cost_micros FROM lot WHERE item_id = ? AND remaining_micros > 0 "
    "AND on_hold = false ORDER BY pick_on, received_on, id LIMIT 1"
)
RECIPE = (
    "SELECT line.quantity, line.unit, item.id, item.slug, item.base_unit FROM recipe_line AS line "
    "JOIN item ON item.id = line.item_id WHERE line.recipe_id = ? ORDER BY line.position"
)
PAGE = (
    "SELECT run.id, run.operation_id, run.produced_at, run.actual_yield_micros, run.status, run.total_cost_micros, "
    "snapshot.content, item.name, item.base_unit, lot.code FROM production_run AS run "
    "JOIN recipe_snapshot AS snapshot ON snapshot.sha256 = run.snapshot_sha256 "
    "JOIN item ON item.id = run.finished_unit_id LEFT JOIN lot ON lot.id = run.lot_id "
    "ORDER BY run.produced_at DESC, run.id DESC LIMIT 100"
)

TRACE = """
WITH RECURSIVE reached (lot_id) AS (
    SELECT :lot_id
    UNION
    SELECT drawn.lot_id
    FROM reached
        JOIN lot ON lot.id = reached.lot_id
        JOIN movement AS drawn ON drawn.operation_id = lot.operation_id AND drawn.quantity_micros < 0
)
SELECT drawn.operation_id, drawn.lot_id, lot.id, -drawn.quantity_micros
FROM reached
    JOIN lot ON lot.id = reached.lot_id
    JOIN movement AS drawn ON drawn.operation_id = lot.operation_id AND drawn.quantity_micros < 0
"""


def connect(file: Path) -> sqlite3.Connection:
    """Connect as the services do."""
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection


def insert(connection: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> int:
    """Add a row and return its rowid."""
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    added = connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))
    return added.lastrowid or 0


class Floor:
    """Repeats the writes of a database's latest production."""

    def __init__(self, file: Path) -> None:
        self.connection = connect(file)
        self.connection.row_factory = sqlite3.Row
        self.run = self._latest("SELECT * FROM production_run ORDER BY id DESC LIMIT 1")
        first = self.run["operation_id"]
        self.operation = self._latest("SELECT * FROM operation WHERE id = ?", first)
        self.lot = self._latest("SELECT * FROM lot WHERE operation_id = ?", first)
        drawn = (
            "SELECT lot_id, movement.quantity_micros, movement.cost_micros, item_id FROM movement "
            "JOIN lot ON lot.id = lot_id WHERE movement.operation_id = ? AND movement.quantity_micros < 0"
        )
        rows = self.connection.execute(drawn, (first,)).fetchall()
        self.draws = [(row[0], row[1], row[2]) for row in rows]
        self.items = [row[3] for row in rows]
        self.connection.row_factory = None

    def _latest(self, query: str, *parameters: object) -> dict[str, Any]:
        row = dict(self.connection.execute(query, parameters).fetchone())
        return {name: value for name, value in row.items() if name != "id"}

    def write(self) -> None:
        """Write and commit the operation, the lots, the movements, the product's lot and number, and the run."""
        self.connection.execute("BEGIN IMMEDIATE")
        self._write()
        self.connection.execute("COMMIT")

    def read_and_write(self) -> None:
        """Read the recipe and an open lot of each ingredient, then write the same."""
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.execute(RECIPE, (self.run["recipe_id"],)).fetchall()
        for item_id in self.items:
            self.connection.execute(OPEN_LOTS, (item_id,)).fetchall()
        self._write()
        self.connection.execute("COMMIT")

    def _write(self) -> None:
        execute, many, operation_id = self.connection.execute, self.connection.executemany, uuid7()
        insert(self.connection, "operation", {"id": operation_id, **self.operation})
        many(
            "UPDATE lot SET remaining_micros = remaining_micros + ?, remaining_cost_micros = remaining_cost_micros + ? "
            "WHERE id = ?",
            [(quantity, cost, lot_id) for lot_id, quantity, cost in self.draws],
        )
        execute("UPDATE item SET lot_count = lot_count + 1 WHERE id = ?", (self.lot["item_id"],))
        lot_id = insert(self.connection, "lot", {**self.lot, "code": operation_id, "operation_id": operation_id})
        at = self.operation["recorded_at"]
        made = (operation_id, lot_id, self.lot["quantity_micros"], self.lot["cost_micros"])
        many(
            "INSERT INTO movement (operation_id, lot_id, quantity_micros, cost_micros, happened_at, reason) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            [*((operation_id, *draw, at, "policy") for draw in self.draws), (*made, at, None)],
        )
        insert(self.connection, "production_run", {**self.run, "operation_id": operation_id, "lot_id": lot_id})

"""Years of runs in a moment: what a bakery's own services could have written, added by bulk INSERT.

Every run draws one whole received lot of each part and makes a lot; every lot has its receipt. Quantities, costs and
caches agree with the movements; the operations' arguments and answers are copies of one run's.
"""

import sqlite3
from collections.abc import Sequence

LOT = (
    "id, item_id, code, is_made, received_on, expires_on, pick_on, quantity_micros, cost_micros, remaining_micros, "
    "remaining_cost_micros, on_hold, location, supplier_id, product_id, operation_id"
)
PART_MICROS = 1_000_000
PART_COST_MICROS = 1_000


def add_past_runs(connection: sqlite3.Connection, kind: str, made_id: int, parts: Sequence[int], runs: int) -> int:
    """Add ``runs`` copies of the latest run, ``2 * len(parts) + 1`` movements each; return the first lot made."""
    execute = connection.execute
    first_lot, first_run = (
        execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0] for table in ("lot", f"{kind}_run")
    )
    receipts, width = runs * len(parts), len(parts)
    execute("BEGIN IMMEDIATE")
    execute("CREATE TEMP TABLE part (position INTEGER PRIMARY KEY, item_id INTEGER)")
    connection.executemany("INSERT INTO part VALUES (?, ?)", enumerate(parts))
    execute("CREATE TEMP TABLE n (i INTEGER PRIMARY KEY)")
    execute(
        "WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i + 1 < ?) INSERT INTO n SELECT i FROM c",
        (receipts,),
    )
    received = f"printf('0{first_run % 10}%06x-0000-7000-8000-%012x', n.i, {first_lot})"
    ran = f"printf('1{first_run % 10}%06x-0000-7000-8000-%012x', n.i, {first_lot})"
    operation = (
        "INSERT INTO operation SELECT {id}, name, fingerprint, arguments, result, recorded_at, NULL, {id}, 1, NULL "
        "FROM operation CROSS JOIN n WHERE operation.rowid = ({latest})"
    )
    execute(operation.format(id=received, latest="SELECT min(rowid) FROM operation WHERE name = 'record_receipt'"))
    latest_run = f"SELECT o.rowid FROM operation o JOIN {kind}_run r ON r.operation_id = o.id WHERE r.id = {first_run}"
    execute(operation.format(id=ran, latest=latest_run) + f" AND n.i < {runs}")
    execute(
        f"INSERT INTO lot ({LOT}) SELECT {first_lot} + 1 + n.i, part.item_id, 'old-' || ({first_lot} + n.i), false, "
        f"'2020-01-01', NULL, '9999-12-31', {PART_MICROS}, {PART_COST_MICROS}, 0, 0, false, NULL, NULL, NULL, "
        f"{received} FROM n JOIN part ON part.position = n.i % {width}"
    )
    made_cost = width * PART_COST_MICROS
    execute(
        f"INSERT INTO lot ({LOT}) SELECT {first_lot + receipts} + 1 + n.i, {made_id}, "
        f"'old-made-' || ({first_lot} + n.i), true, '2020-01-01', NULL, '9999-12-31', 24000000, {made_cost}, 24000000, "
        f"{made_cost}, false, NULL, NULL, NULL, {ran} FROM n WHERE n.i < {runs}"
    )
    at_first, at_run = "'2020-01-01 00:00:00.000000'", "datetime('2020-01-01', '+' || n.i || ' minutes') || '.000000'"
    movement = "INSERT INTO movement (operation_id, happened_at, lot_id, quantity_micros, cost_micros) SELECT "
    execute(f"{movement} {received}, {at_first}, {first_lot} + 1 + n.i, {PART_MICROS}, {PART_COST_MICROS} FROM n")
    execute(
        f"{movement} {ran}, {at_run}, {first_lot} + 1 + n.i * {width} + part.position, -{PART_MICROS}, "
        f"-{PART_COST_MICROS} FROM n CROSS JOIN part WHERE n.i < {runs}"
    )
    execute(
        f"{movement} {ran}, {at_run}, {first_lot + receipts} + 1 + n.i, 24000000, {made_cost} FROM n WHERE n.i < {runs}"
    )
    columns = {row[1]: f"r.{row[1]}" for row in execute(f"PRAGMA table_info({kind}_run)") if row[1] != "id"}
    columns |= {"operation_id": ran, "lot_id": f"{first_lot + receipts} + 1 + n.i", "total_cost_micros": str(made_cost)}
    columns |= {"loss_cost_micros": "0"} if kind == "production" else {}
    at = "produced_at" if kind == "production" else "assembled_at"
    columns[at] = at_run
    execute(
        f"INSERT INTO {kind}_run ({', '.join(columns)}) SELECT {', '.join(columns.values())} FROM {kind}_run AS r "
        f"CROSS JOIN n WHERE r.id = {first_run} AND n.i < {runs}"
    )
    execute("DROP TABLE part")
    execute("DROP TABLE n")
    execute("COMMIT")
    return int(first_lot + receipts + 1)

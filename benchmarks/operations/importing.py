"""Import a number of lots into an empty bakery; print seconds and this process's peak memory in MB.

python -m benchmarks.operations.importing 10000
"""

import logging
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bake_tracker.services.database import dispose_engines, run_in_transaction
from bake_tracker.services.importing.tables import record_import


def export_of(lots: int) -> dict[str, Any]:
    """Return an export of the older program: a hundred ingredients, a product of each, and this many lots."""
    names = [f"Flour {number}" for number in range(100)]
    slugs = [name.lower().replace(" ", "_") for name in names]
    bag = {"product_brand": "Brook", "product_name": "Fine", "package_unit": "kg", "package_unit_quantity": 1}
    return {
        "version": "4.1",
        "application": "bake-tracker",
        "exported_at": "2026-01-01T00:00:00+00:00",
        "ingredients": [
            {"display_name": name, "slug": slug, "hierarchy_level": 2, "is_packaging": False}
            for name, slug in zip(names, slugs, strict=True)
        ],
        "products": [
            {"ingredient_slug": slug, "brand": "Brook", "product_name": "Fine", "package_unit": "kg"}
            | {"package_unit_quantity": 1, "package_type": "bag"}
            for slug in slugs
        ],
        "inventory_items": [
            {"ingredient_slug": slugs[number % 100], **bag, "quantity": 1 + number % 7, "purchase_date": "2026-01-10"}
            for number in range(lots)
        ],
    }


def main() -> None:
    count = int(sys.argv[1])
    for name in ("alembic", "bake_tracker"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'import.db'}"
        document = export_of(count)
        started = time.process_time()
        report = run_in_transaction(lambda session: record_import(document, session=session), url)
        seconds = time.process_time() - started
        dispose_engines()
    assert [kind["added"] for kind in report["kinds"] if kind["kind"] == "inventory_items"] == [count], report["kinds"]
    # Not getrusage: a process inherits its maximum from the parent process.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("utf-8").splitlines())
    print(seconds, int(status["VmHWM"].split()[0]) / 1024)


if __name__ == "__main__":
    main()

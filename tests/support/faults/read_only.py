"""Ask and record on ``bakery.db`` in the working directory, as somebody who may not write everything.

``python read_only.py folder|file|both`` prints how many lots there are, the answer to a receipt, and the answer to it
once everything may be written.
"""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from bake_tracker.services.database import dispose_engines, read_scope, run_in_transaction
from bake_tracker.services.stock.receipt import record_receipt

FOLDER, FILE = Path(), Path("bakery.db")
URL = f"sqlite:///{FILE}"
NOBODY = 65534


def attempt(what: Callable[[], object]) -> None:
    try:
        print(what())  # noqa: T201  for the process that started this one
    except Exception as error:
        print(f"{type(error).__name__}: {error}")  # noqa: T201


def count_lots() -> int:
    with read_scope(URL) as session:
        return int(session.execute(text("SELECT count(*) FROM lot")).scalar_one())


def receive(url: str = URL) -> str:
    return run_in_transaction(lambda session: record_receipt(1, 1, "kg", session=session), url)["quantity"]


def become_nobody() -> None:
    """Root may write anywhere; others stay who they are. Modules that nobody may read are imported by then."""
    if os.geteuid() == 0:
        copy = Path(shutil.copy(FILE, "copy.db"))
        receive(f"sqlite:///{copy}")
        dispose_engines()
        copy.unlink()
        for path in (FOLDER, *FOLDER.iterdir()):
            os.chown(path, NOBODY, NOBODY)
        os.seteuid(NOBODY)


def main(closed: str) -> None:
    become_nobody()
    if closed in ("file", "both"):
        FILE.chmod(0o444)
    if closed in ("folder", "both"):
        FOLDER.chmod(0o555)
    attempt(count_lots)
    attempt(receive)
    FOLDER.chmod(0o755)
    FILE.chmod(0o644)
    attempt(receive)


if __name__ == "__main__":
    main(sys.argv[1])

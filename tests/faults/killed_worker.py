"""A process that records receipts, says what it asked and what it was answered, and may die before a log line."""

import os
import signal
from multiprocessing.connection import Connection

from bake_tracker.config import load_settings
from bake_tracker.services.clock import uuid7
from bake_tracker.services.database import database_url, run_in_transaction
from bake_tracker.services.log_setup import AppendHandler, configure_logging
from bake_tracker.services.receiving_service import record_receipt


def stop_instead_of_line(number: int, stop: signal.Signals) -> None:
    """Have this process stopped where its ``number``-th success line would be written: COMMIT has returned."""
    write, left = AppendHandler.emit, number

    def emit(handler: AppendHandler, record: object) -> None:
        nonlocal left
        if getattr(record, "outcome", None) == "success":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), stop)
        write(handler, record)  # type: ignore[arg-type]  # whatever it is, it is passed on

    AppendHandler.emit = emit  # type: ignore[method-assign, assignment]  # this process is made to be stopped


def work(
    environment: dict[str, str], item_id: int, per_transaction: int, stop: tuple[int, int], told: Connection
) -> None:
    """Record until killed, ``per_transaction`` receipts in each: tell their ids before the call and after it.

    ``stop`` is the number of the success line not to be written, 0 for none, and the signal to send oneself instead.
    """
    os.environ.update(environment)
    configure_logging(load_settings(), database_url())
    if stop[0]:
        stop_instead_of_line(stop[0], signal.Signals(stop[1]))
    while True:
        ids = [uuid7() for _ in range(per_transaction)]
        told.send(("asked", ids))
        run_in_transaction(
            lambda session, ids=ids: [  # type: ignore[misc]  # bound now
                record_receipt(item_id, 1, "g", session=session, operation_id=operation_id) for operation_id in ids
            ]
        )
        told.send(("done", ids))

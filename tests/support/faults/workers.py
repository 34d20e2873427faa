"""A process that bakes turn after turn, prints its requests and the answers it gets, and may die at any moment."""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from itertools import cycle
from multiprocessing.connection import Connection

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bake_tracker.clock import uuid7
from bake_tracker.config import load_settings
from bake_tracker.log.append import AppendHandler
from bake_tracker.log.events import Event
from bake_tracker.log.setup import configure_logging
from bake_tracker.services.assembly_service import record_assembly
from bake_tracker.services.batch_production_service import record_batch_production
from bake_tracker.services.database import DatabaseUnavailableError, database_url, run_in_transaction
from bake_tracker.services.stock.receipt import record_receipt

Turn = Sequence[tuple[str, str]]
"""What is done in one transaction: a job, and the operation id for it."""

EFFECTS: Mapping[str, Mapping[str, int]] = {
    "receive": {"Flour": 1000},
    "bake": {"Flour": -500, "Sugar": -250, "Cookie": 24},
    "pack": {"Cookie": -6, "Carton": -1, "Box": 1},
}
"""What each job does to the stock of the kitchen's simple bakery, counted by hand."""


def carry_out(session: Session, ids: Mapping[str, int], turn: Turn) -> None:
    """Record one turn, in the caller's transaction."""
    for job, operation_id in turn:
        if job == "receive":
            record_receipt(ids["Flour"], 1, "kg", total_cost=2, session=session, operation_id=operation_id)
        elif job == "bake":
            keys = (ids["Cookies"], ids["Cookie"], 1, 24)
            record_batch_production(*keys, session=session, operation_id=operation_id)
        else:
            record_assembly(ids["Box"], 1, session=session, operation_id=operation_id)


def stop_instead_of_line(number: int, stop: signal.Signals) -> None:
    """Have this process stopped where its ``number``-th success line would be written: COMMIT has returned."""
    write, left = AppendHandler.take, number

    def take(handler: AppendHandler, event: Event) -> None:
        nonlocal left
        if event.line["outcome"] == "success":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), stop)
        write(handler, event)

    AppendHandler.take = take  # type: ignore[method-assign]  # this process is made to be stopped


def work(
    ids: Mapping[str, int],
    turns: Sequence[Sequence[str]],
    stop: tuple[int, int],
    told: Connection,
) -> None:
    """Do these turns of jobs over and over until killed: tell their operation ids before the call and after it.

    A turn that fails because of the database is asked again under the same ids, as a client would, until it is done.
    ``stop`` is the number of the success line not to be written, 0 for none, and the signal to send oneself instead.
    """
    configure_logging(load_settings(), database_url())
    if stop[0]:
        stop_instead_of_line(stop[0], signal.Signals(stop[1]))
    for jobs in cycle(turns):
        turn = [(job, uuid7()) for job in jobs]
        told.send(("asked", turn))
        while True:
            try:
                run_in_transaction(lambda session, turn=turn: carry_out(session, ids, turn))  # type: ignore[misc]
                break
            except (DBAPIError, DatabaseUnavailableError) as error:
                told.send(("failed", [("", str(error))]))
                time.sleep(0.05)
        told.send(("done", turn))

"""The same event through every logger: ids, eight context fields, one line, each in its own file.

Ours runs as it does in production, from ``Operation.tell_started`` (DEBUG, off) through the savepoints and the settling
at COMMIT to ``AppendHandler``'s write. It includes making the transaction's id. It leaves out what is not logging: the
session and its statements, claiming the operation's id, and making that id, which the ledger needs without a log too.

The others get every field ready-made, redact nothing, ignore transactions and write at once; each is set up for speed.
"""

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, cast

import loguru
import orjson
import structlog
from pythonjsonlogger.orjson import OrjsonFormatter
from sqlalchemy.orm import Session

from bake_tracker.database.pending_outcomes import Fate, OpenTransaction
from bake_tracker.log.append import AppendHandler
from bake_tracker.log.tell import bound_log_context
from bake_tracker.queries.bakery import BakeryInfo
from bake_tracker.services.operation import Kind, Operation

OPERATIONS = 4
OPERATION_ID = "01977f3e-4b1c-7c1e-9d53-0c6f2b1c9a10"
TRANSACTION_ID = "01977f3e-4b1c-7c1e-9d53-0c6f2b1c9a11"
REQUEST_ID = "01977f3e-4b1c-7c1e-9d53-0c6f2b1c9a12"
DATABASE_ID = "6f1f3a34-6a4a-4e0c-8a0c-7d0c4a1b2c3d"
ACTOR = "ada"

CONTEXT: dict[str, Any] = {
    "production_run_id": 4711,
    "recipe_id": 17,
    "finished_unit_id": 23,
    "num_batches": 3,
    "production_status": "complete",
    "total_ingredient_cost": "12.345678",
    "api_token": "hunter2hunter2",
    "notes": "two trays a little dark at the edges",
}
ASKED: dict[str, Any] = {"recipe_id": 17, "finished_unit_id": 23, "num_batches": 3, "actual_yield": 72, "notes": "dark"}
FIELDS: dict[str, Any] = {
    "operation": "record_batch_production",
    "outcome": "success",
    "operation_id": OPERATION_ID,
    "attempt": 1,
    "transaction_id": TRANSACTION_ID,
    "database_id": DATABASE_ID,
    "duration_ms": 12.345,
    "sql_count": 17,
    "request_id": REQUEST_ID,
    "actor": ACTOR,
    **CONTEXT,
    "settled_at": "2026-11-23T09:15:00.123456Z",
}
MESSAGE = "record_batch_production: success"
PERCENT = "record_batch_production: success " + " ".join(f"{name}=%s" for name in FIELDS if name != "operation")
VALUES = tuple(value for name, value in FIELDS.items() if name != "operation")

KIND = Kind(
    "record_batch_production", "batch_production_service", "Baked", "Recording batch production", tuple(CONTEXT)
)
BAKERY = BakeryInfo(DATABASE_ID, "Bakery", "EUR", "Europe/Berlin", "warn", has_labels=False)
SERVICES = logging.getLogger("bake_tracker.services")


class Writer(Protocol):
    """A logger with its own file."""

    def event(self) -> None:
        """Write one event."""

    def error(self, error: BaseException) -> None:
        """Write one error with its traceback; called while the error is being handled."""


class Ours:
    """Bake Tracker's log."""

    def __init__(self, path: Path) -> None:
        self.handler = AppendHandler(path)
        SERVICES.addHandler(self.handler)
        SERVICES.setLevel(logging.INFO)
        SERVICES.propagate = False

    def operation(self, transaction: OpenTransaction) -> Operation:
        operation = Operation(KIND, cast(Session, None), OPERATION_ID, ASKED, None)
        operation.tell_started()
        operation.transaction, operation.bakery = transaction, BAKERY
        return operation

    def transaction(self, operations: int = OPERATIONS) -> None:
        """Run operations, each in its own savepoint inside another, and the COMMIT."""
        transaction = OpenTransaction()
        transaction.enter("sa_savepoint_1")
        for _ in range(operations):
            operation = self.operation(transaction)
            transaction.enter("sa_savepoint_2")
            transaction.release("sa_savepoint_2")
            operation.result = CONTEXT
            operation.tell_success()
        transaction.release("sa_savepoint_1")
        transaction.end(Fate.COMMITTED)

    def error(self, error: BaseException) -> None:
        self.operation(OpenTransaction(TRANSACTION_ID)).tell_error(error)


def _standard(name: str, path: Path, formatter: logging.Formatter) -> logging.Logger:
    handler = logging.FileHandler(path)
    handler.setFormatter(formatter)
    logger = logging.getLogger(name)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    return logger


class Standard:
    """Plain ``logging``, every field in a %-format."""

    def __init__(self, path: Path) -> None:
        self.logger = _standard(
            "peer.standard", path, logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")
        )

    def event(self) -> None:
        self.logger.info(PERCENT, *VALUES)

    def error(self, error: BaseException) -> None:
        self.logger.exception("record_batch_production: error operation_id=%s error=%s", OPERATION_ID, error)


class PythonJsonLogger:
    """python-json-logger with orjson."""

    def __init__(self, path: Path) -> None:
        self.logger = _standard("peer.json", path, OrjsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))

    def event(self) -> None:
        self.logger.info(MESSAGE, extra=FIELDS)

    def error(self, error: BaseException) -> None:
        self.logger.exception(
            "record_batch_production: error", extra={"operation_id": OPERATION_ID, "error": str(error)}
        )


class Structlog:
    """structlog set up for speed as its guide recommends: orjson into a BytesLogger, level filtered, cached."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("ab")
        self.logger = structlog.wrap_logger(
            structlog.BytesLogger(self.file),
            processors=[
                structlog.contextvars.merge_contextvars,
                structlog.processors.add_log_level,
                structlog.processors.format_exc_info,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(orjson.dumps),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
            cache_logger_on_first_use=True,
        )

    def event(self) -> None:
        self.logger.info(MESSAGE, **FIELDS)

    def error(self, error: BaseException) -> None:
        self.logger.exception("record_batch_production: error", operation_id=OPERATION_ID, error=str(error))


class Loguru:
    """loguru with ``serialize=True``."""

    def __init__(self, path: Path) -> None:
        loguru.logger.remove()
        # diagnose=True would write the values of local variables, including secrets.
        loguru.logger.add(path, serialize=True, level="INFO", backtrace=False, diagnose=False, catch=False)
        self.logger = loguru.logger

    def event(self) -> None:
        self.logger.info(MESSAGE, **FIELDS)

    def error(self, error: BaseException) -> None:
        self.logger.exception("record_batch_production: error", operation_id=OPERATION_ID, error=str(error))


class Floor:
    """orjson and one write, without any logger."""

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)

    def event(self) -> None:
        os.write(self.descriptor, orjson.dumps({"timestamp": time.time(), **FIELDS}, option=orjson.OPT_APPEND_NEWLINE))

    def error(self, error: BaseException) -> None:
        os.write(self.descriptor, orjson.dumps({"timestamp": time.time(), "error": str(error)}) + b"\n")


PEERS: dict[str, Callable[[Path], Writer]] = {
    "plain stdlib, every field formatted": Standard,
    "python-json-logger + orjson": PythonJsonLogger,
    "structlog": Structlog,
    "loguru": Loguru,
    "orjson + write (the floor)": Floor,
}
CALLER = {"request_id": REQUEST_ID, "actor": ACTOR}
bound_caller = bound_log_context

"""What each logger survives and claims: hostile values, failing transactions, rotation by four processes.

The hostile values and the ways for a transaction to end come from the test suite.
"""

import contextlib
import io
import json
import logging
import os
import resource
import signal
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import loguru
import orjson
import structlog
from pythonjsonlogger.json import JsonFormatter
from pythonjsonlogger.orjson import OrjsonFormatter

from bake_tracker.log.append import AppendHandler
from bake_tracker.log.tell import get_service_logger, log_operation
from bake_tracker.services.database import make_engine, migrate
from benchmarks.log import rotation
from benchmarks.log.loggers import SERVICES

sys.path.append(str(Path(__file__).parents[2] / "tests"))
from support.log.hostile_values import HOSTILE, SECRET
from support.log.outcome_scenarios import SCENARIOS, CallTime, CommitBound, Recorder, SessionEvents, staged

SECONDS, BYTES = 2, 1024**3
Write = Callable[[Any], None]


def _ours(path: Path) -> Write:
    SERVICES.addHandler(AppendHandler(path))
    SERVICES.setLevel(logging.INFO)
    SERVICES.propagate = False
    logger = get_service_logger("hostile")
    return lambda value: log_operation(logger, "bake", "success", recipe_id=7, hostile=value, batches=2)


def _standard(formatter: logging.Formatter) -> Callable[[Path], Write]:
    def make(path: Path) -> Write:
        logger = logging.Logger("hostile", logging.INFO)
        logger.addHandler(logging.FileHandler(path, encoding="utf-8"))
        logger.handlers[0].setFormatter(formatter)
        return lambda value: logger.info("bake", extra={"recipe_id": 7, "hostile": value, "batches": 2})

    return make


class HandWritten(logging.Formatter):
    """What most programs write by hand: the standard library's JSON, with ``str`` for unknown types."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {name: record.__dict__[name] for name in ("recipe_id", "hostile", "batches")}
        return json.dumps({"message": record.getMessage(), **fields}, default=str)


def _structlog(**how: Any) -> Callable[[Path], Write]:
    def make(path: Path) -> Write:
        as_bytes = bool(how)
        file: Any = path.open("ab") if as_bytes else path.open("a", encoding="utf-8")
        logger = structlog.wrap_logger(
            (structlog.BytesLogger if as_bytes else structlog.WriteLogger)(file),
            processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer(**how)],
        )
        return lambda value: logger.info("bake", recipe_id=7, hostile=value, batches=2)

    return make


def _loguru(path: Path) -> Write:
    loguru.logger.remove()
    loguru.logger.add(path, serialize=True)
    return lambda value: loguru.logger.info("bake", recipe_id=7, hostile=value, batches=2)


LOGGERS: dict[str, Callable[[Path], Write]] = {
    "Bake Tracker": _ours,
    "structlog, its JSON": _structlog(),
    "structlog, orjson": _structlog(serializer=orjson.dumps),
    "python-json-logger, its JSON": _standard(JsonFormatter()),
    "python-json-logger, orjson": _standard(OrjsonFormatter()),
    "stdlib, a JSON formatter by hand": _standard(HandWritten()),
    "loguru, serialize=True": _loguru,
}
"""Each logger in every way that its documentation shows, because speed and survival differ."""

FATES = ("survived", "leaked a secret", "lost", "torn", "not strict JSON", "raised in the caller", "hung or died")


def fate_of(make: Callable[[Path], Write], value: Any, path: Path) -> str:
    """Log one value in its own process with little time and memory, and return its fate."""
    path.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        _write_and_exit(make, value, path)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == 1:
        return "raised in the caller"
    return "hung or died" if code else judged(path.read_bytes() if path.exists() else b"")


def _write_and_exit(make: Callable[[Path], Write], value: Any, path: Path) -> NoReturn:
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(SECONDS)
    code = 1
    with contextlib.suppress(BaseException), Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)  # the noise about a lost line does not matter here
        make(path)(value)
        code = 0
    os._exit(code)


def judged(written: bytes) -> str:
    """Judge whether the file holds exactly one line of strict JSON, with the harmless fields and without the secret."""
    if not written:
        return "lost"
    if SECRET.encode() in written:
        return "leaked a secret"
    try:
        text = written.decode()
        if len(text.splitlines()) != 1:
            return "torn"
        line = json.loads(text, parse_constant=lambda constant: [][len(constant)])
    except (ValueError, IndexError, RecursionError):
        return "not strict JSON"
    fields = line.get("record", {}).get("extra", line)  # loguru nests them
    return "survived" if (fields.get("recipe_id"), fields.get("batches")) == (7, 2) else "lost"


def hostile_table(folder: Path) -> list[tuple[str, ...]]:
    """The fates of the hostile values in each logger."""
    rows: list[tuple[str, ...]] = [(f"of {len(HOSTILE)} values", *FATES)]
    for name, make in LOGGERS.items():
        fates = Counter(fate_of(make, value, folder / "hostile.jsonl") for value, _ in HOSTILE.values())
        rows.append((name, *(str(fates[fate] or "–") for fate in FATES)))
    return rows


def outcome_table(folder: Path) -> list[tuple[str, ...]]:
    """False and missing success lines over every way for a transaction to end."""
    template = folder / "template.db"
    engine = make_engine(f"sqlite:///{template}")
    migrate(engine)
    engine.dispose()  # the last connection moves the write-ahead log into the file
    recorders: Mapping[str, Callable[[], Recorder]] = {
        "bound to the driver's COMMIT (Bake Tracker)": CommitBound,
        "at call time (every logging library)": CallTime,
        "in `after_commit` and `after_rollback` of the session": SessionEvents,
    }
    rows: list[tuple[str, ...]] = [("success is logged", "false successes", "missing successes", "operations")]
    for number, (name, recorder) in enumerate(recorders.items()):
        place = folder / f"outcomes{number}"
        place.mkdir()
        (place / "bakery.db").write_bytes(template.read_bytes())
        SERVICES.propagate = False
        with staged(f"sqlite:///{place / 'bakery.db'}", recorder()) as stage:
            with contextlib.redirect_stderr(io.StringIO()):  # one scenario breaks a handler, which prints an error
                for scenario in SCENARIOS:
                    scenario(stage)
            false, missing = stage.faults()
        rows.append((name, str(len(false)), str(len(missing)), str(len(stage.attempted))))
    return rows


def rotation_table(_folder: Path) -> list[tuple[str, ...]]:
    """What is left of 20,000 lines by four processes while the file is rotated at 60 KB."""
    makers = {
        "Bake Tracker": rotation.ours,
        "`logging.handlers.RotatingFileHandler`": rotation.of_the_standard_library,
    }
    fates = ("written", "lost", "torn", "doubled")
    rows: list[tuple[str, ...]] = [("four processes, 60 KB a file", *fates)]
    for name, make in makers.items():
        left = rotation.run(make, 4, 20_000, 60_000)
        rows.append((name, *(f"{left[fate]:,}" for fate in fates)))
    return rows


TABLES: dict[str, tuple[str, Callable[[Path], list[tuple[str, ...]]]]] = {
    "outcomes": (f"{len(SCENARIOS)} ways for a transaction to end", outcome_table),
    "hostile": ("hostile values", hostile_table),
    "rotation": ("a rotation", rotation_table),
}

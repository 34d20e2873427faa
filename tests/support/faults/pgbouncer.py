"""PgBouncer before a PostgreSQL server, in one of its modes."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from support.warm.waiting import PATIENCE_S, wait_until

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
_AS_WHOM = "pgserver" if os.geteuid() == 0 else None
"""PgBouncer refuses to run as root, and the folder of the server is closed to others than its own user."""


@contextmanager
def pgbouncer_running(server_url: str, **settings: str) -> Iterator[str]:
    """PgBouncer in front of the server of this URL, until the block is left; the same database's URL through it."""
    server = make_url(server_url)
    folder = Path(tempfile.mkdtemp(prefix="bake-tracker-pgbouncer-"))
    try:
        with socket.create_server(("127.0.0.1", 0)) as door:
            port = door.getsockname()[1]
        (folder / "users").write_text(f'"{server.username}" ""\n')
        given = {
            "listen_addr": "127.0.0.1",
            "listen_port": port,
            "unix_socket_dir": "",
            "auth_type": "trust",
            "auth_file": folder / "users",
            **settings,
        }
        where = f"host={server.host or server.query['host']} port={server.port or 5432}"
        lines = ["[databases]", f"* = {where}", "[pgbouncer]", *(f"{name} = {value}" for name, value in given.items())]
        (folder / "pgbouncer.ini").write_text("\n".join(lines) + "\n")
        if _AS_WHOM:
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, _AS_WHOM)
        words = [str(PROGRAM), *(("-u", _AS_WHOM) if _AS_WHOM else ()), str(folder / "pgbouncer.ini")]
        with (folder / "log").open("w") as log, subprocess.Popen(words, stdout=log, stderr=log) as process:
            try:
                url = server.set(host="127.0.0.1", port=port, query={}).render_as_string(hide_password=False)
                wait_until(lambda: process.poll() is not None or _answers(url))
                assert process.poll() is None, (folder / "log").read_text()
                yield url
            finally:
                process.kill()
                process.wait(PATIENCE_S)
    finally:
        shutil.rmtree(folder)


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url.replace("+psycopg", ""), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True

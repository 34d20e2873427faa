"""A fresh database of each kind for one test."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text


def fresh_sqlite(request: pytest.FixtureRequest, home: Path) -> str:
    path = home / "bakery.db"
    for left in home.glob("bakery.db*"):
        left.unlink()
    shutil.copy(request.getfixturevalue("sqlite_template"), path)
    return f"sqlite:///{path}"


def fresh_postgresql(request: pytest.FixtureRequest, home: Path) -> str:
    server: str = request.getfixturevalue("postgresql_server")
    name = f"bakery_{abs(hash(home)):x}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    _drop(admin, name)  # a drop that failed is one test's error, and not every later test's
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template_bakery STRATEGY file_copy"))
    admin.dispose()  # a test of many lives makes more of them than the server has connections
    request.addfinalizer(lambda: _drop(admin, name))
    return server.replace("/postgres?", f"/{name}?")


def _drop(admin: Engine, name: str) -> None:
    """Drop a database: hundreds of ten megabytes each would fill the memory that the run keeps them in."""
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    admin.dispose()

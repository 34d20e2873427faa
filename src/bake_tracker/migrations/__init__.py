"""Alembic migrations, shipped in the wheel and run on the caller's connection.

Alembic is imported only to migrate: every command checks whether the schema is current, and one SELECT is enough for
that.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

if TYPE_CHECKING:
    from alembic.config import Config

VERSIONS = Path(__file__).parent / "versions"


@cache
def _revisions() -> tuple[str, ...]:
    """Every revision, oldest first: the numbers at the start of the file names."""
    return tuple(sorted(file.name.partition("_")[0] for file in VERSIONS.glob("[0-9]*.py")))


def is_current(connection: Connection) -> bool:
    """Whether the schema is at the newest revision."""
    return _recorded(connection) == [_revisions()[-1]]


def current_revision(connection: Connection) -> str:
    """The schema's current revision."""
    (revision,) = _recorded(connection)
    return revision


def knows_revision(revision: str) -> bool:
    """Whether this program has migrations for this revision."""
    return revision in _revisions()


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Migrate within the connection's transaction."""
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _recorded(connection: Connection) -> list[str]:
    if not inspect(connection).has_table("alembic_version"):
        return []
    return list(connection.scalars(text("SELECT version_num FROM alembic_version")))


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    # Alembic takes a percent sign for the start of a reference to another option.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config

"""Alembic migrations, shipped in the wheel and run on a connection that the caller owns."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def is_current(connection: Connection) -> bool:
    """Whether the schema is at the newest version."""
    heads = set(ScriptDirectory.from_config(_config()).get_heads())
    return set(MigrationContext.configure(connection).get_current_heads()) == heads


def current_revision(connection: Connection) -> str:
    """The version that the schema is at."""
    (revision,) = MigrationContext.configure(connection).get_current_heads()
    return revision


def knows_revision(revision: str) -> bool:
    """Whether this program can make a schema of this version and migrate it on."""
    return revision in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Migrate within the connection's transaction."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)

"""Alembic's entry: migrate on the connection that ``upgrade`` hands over, within its transaction."""

from alembic import context

from bake_tracker.models import Base, ledger

assert ledger.Movement.metadata is Base.metadata  # imported here: the rest of the models do not name the ledger

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, transactional_ddl=False
)
context.run_migrations()

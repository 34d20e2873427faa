"""Alembic's entry point: migrate on the connection that ``upgrade`` passes in, within its transaction."""

from alembic import context

from bake_tracker.models import Base, ledger

assert ledger.Movement.metadata is Base.metadata  # imported here because the other models do not import the ledger

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, transactional_ddl=False
)
context.run_migrations()

"""The command line: ``commands`` lists it, ``app`` makes it, ``run`` runs it; a room of commands per feature."""

from bake_tracker.entrypoints.cli.run import main

__all__ = ["main"]

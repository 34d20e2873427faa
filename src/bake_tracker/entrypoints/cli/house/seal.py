"""Seal operations, so that any later change to them shows."""

from typing import Any

from bake_tracker.entrypoints.cli.state import answer, counted, say, write
from bake_tracker.services.seal import AT_MOST, SealResult, record_seal


def seal() -> None:
    """Seal every committed operation that has no seal yet, and print the hash to keep elsewhere."""
    seals = seal_all()
    answer({**seals[-1], "seals": seals}, show_seals)


def seal_all() -> list[SealResult]:
    """Make as many seals as needed, each in its own transaction, so that SQLite writers never wait long."""
    seals: list[SealResult] = []
    while not seals or seals[-1]["operation_count"] == AT_MOST:
        seals.append(write(lambda session: record_seal(session=session)))
    return seals


def show_seals(result: Any) -> None:
    for made in result["seals"]:
        say(f"Seal {made['seal_number']} covers {counted(made['operation_count'], 'operation')}: {made['sha256']}")

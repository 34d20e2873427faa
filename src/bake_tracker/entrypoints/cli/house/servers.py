"""The command that shows the database's servers."""

from collections.abc import Sequence

import typer

from bake_tracker.entrypoints.cli.state import answer, complain, show_table, state
from bake_tracker.services.database import Server, look_at_servers


def servers() -> None:
    """Show the server that is written to and the one that is read from; exit 1 if nothing can be recorded now."""
    found = look_at_servers(state.url)
    answer(found, _show)
    raise typer.Exit(0 if found[0]["state"] in ("primary", "file") else 1)


def _show(found: Sequence[Server]) -> None:
    headings = ("used for", "state", "address", "behind")
    show_table(dict.fromkeys(headings, "left"), (_row(server) for server in found))
    for server in found:
        if server["problem"]:
            complain(server["problem"])


def _row(server: Server) -> list[str]:
    behind = server["behind_bytes"]
    address = server["address"] or ""
    return [
        server["used_for"],
        server["state"],
        f"{address} (through a pooler)".strip() if server["through_pooler"] else address,
        "" if behind is None else f"{behind:,} bytes",
    ]

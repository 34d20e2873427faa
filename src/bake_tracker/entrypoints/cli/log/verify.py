"""Compare the log with the database, and repair it."""

from typing import Annotated, Any

import typer

from bake_tracker.entrypoints.cli.progress import reading
from bake_tracker.entrypoints.cli.state import answer, ask, counted, say, state
from bake_tracker.services.reconcile.repair import repair_log
from bake_tracker.services.reconcile.verification import verify_log


def verify(
    repair: Annotated[
        bool,
        typer.Option(
            "--repair", help="write the missing success lines from the database, and note what another server lost"
        ),
    ] = False,
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="also compare operations older than the log; use it if no log file was ever deleted"
        ),
    ] = False,
    wal: Annotated[
        bool, typer.Option("--wal", help="also ask PostgreSQL's write-ahead log, if bake log witness has begun")
    ] = False,
) -> None:
    """Compare the log with the database; exit 1 if they do not agree."""
    hold = repair_log if repair else verify_log
    with reading(state.log_file) as read:
        result = ask(
            lambda session: hold(session, state.log_file, read, is_whole=everything, with_wal=wal), of_primary=True
        )
    answer(result, show_verification)
    raise typer.Exit(0 if result["clean"] else 1)


_LOST = "committed, and lost when another server took over"


def _how(lost: Any) -> str:
    where = f"{lost['timeline_ended_at']}, where timeline {lost['timeline']} ended"
    if lost["known_by"] == "committed_after_the_branch":
        return f"its COMMIT came after {where}"
    return f"its transaction was still open at {where}"


def show_verification(result: Any) -> None:
    for found in result.get("repaired", []):
        say(f"success line written: {found['operation']} {found['operation_id']} at {found['at']}", style="green")
    for name, what in (
        ("missing", "committed without a success line"),
        ("forged", "success line without a committed operation"),
        ("doubled", "more than one success line"),
        ("unresolved", "committed, but the log only says unknown"),
    ):
        for found in result[name]:
            say(f"{what}: {found['operation']} {found['operation_id']} at {found['at']}", style="red")
    for lost in result["lost"]:
        say(f"{_LOST}: {lost['operation']} {lost['operation_id']} at {lost['at']}; {_how(lost)}", style="red")
    if noted := result["lost_noted"]:
        say(f"{counted(noted, 'operation')} lost when another server took over; a repair noted this in the log.")
    for found in result["undecided"]:
        say(f"unknown, and its transaction is still open: {found['operation']} {found['operation_id']}", style="red")
    for found in result["rolled_back"]:
        say(f"unknown, and the server rolled it back: {found['operation']} {found['operation_id']} at {found['at']}")
    if result["history_missing"]:
        say(
            "Another server has taken over since; whether it lost these operations is in a file that this user may not"
            " read. Run this as an administrator of the server.",
            style="red",
        )
    if late := result["on_their_way"]:
        say(f"This standby may not have received {counted(late, 'operation')} yet; ask the primary.", style="red")
    for source in result["restores_not_believed"]:
        say(f"ignored the restore mark of {source}: it does not match the operations it lists", style="red")
    if "repaired" in result:
        say(f"Wrote {counted(len(result['repaired']), 'success line')} from the database.")
    if older := result["operations_before_the_log"]:
        say(f"Not compared: {counted(older, 'operation')} older than the log; --all compares them.")
    if restored := result["operations_restored"]:
        say(f"Not compared: {counted(restored, 'operation')} restored from a backup; the original log has their lines.")
    if noted := result["unreadable_lines_noted"]:
        say(f"{counted(noted, 'line')} cannot be read; a repair noted this and wrote the lost success lines again.")
    if torn := result["unreadable_lines"] - noted:
        say(f"{counted(torn, 'line')} cannot be read", style="red")
    if "wal" in result:
        _show_wal(result["wal"])
    say(
        f"Compared {counted(result['operations_compared'], 'operation')} with "
        f"{counted(result['success_lines_compared'], 'success line')}: "
        + ("they agree." if result["clean"] else "they do not agree.")
    )


def _show_wal(wal: Any) -> None:
    if not wal["available"]:
        say(f"The write-ahead log is not available as a witness: {NO_WITNESS[wal['unavailable_because']]}", style="red")
        return
    for one in wal["contradictions"]:
        yes = [words for name, words in _WITNESSES.items() if one[name]]
        no = [words for name, words in _WITNESSES.items() if not one[name]]
        text = f"{' and '.join(yes)} {'say' if len(yes) > 1 else 'says'} that it was committed, {' and '.join(no)}"
        say(f"{text} {'do' if len(no) > 1 else 'does'} not: {one['operation']} {one['operation_id']}", style="red")
    seen = counted(wal["operations_in_wal"], "operation")
    agrees = "contradicts" if wal["contradictions"] else "agrees with"
    say(f"The write-ahead log has {seen} since {wal['since']}, and {agrees} lines and rows.")


_WITNESSES = {"line": "the line", "row": "the row", "wal": "the write-ahead log"}
NO_WITNESS = {
    "not_postgresql": "SQLite keeps no log of what was committed.",
    "standby": "this server is a standby; ask the primary.",
    "not_begun": "nothing is kept for it on this server. To begin now, run: bake log witness --begin",
    "removed": "the server needed the room (max_slot_wal_keep_size). To begin again, run: bake log witness --begin",
    "no_right": "this user may not read it. An administrator gives the right with: ALTER ROLE ... REPLICATION",
    "in_use": "somebody else is asking it; try again in a moment.",
}
"""Why the write-ahead log cannot be asked."""

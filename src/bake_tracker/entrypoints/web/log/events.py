"""The log as server-sent events, read from the file that all workers append to."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from bake_tracker.domain.access import Role
from bake_tracker.domain.errors import SignInNeededError
from bake_tracker.domain.log.query import LogQuery
from bake_tracker.entrypoints.http.access import identify
from bake_tracker.entrypoints.web.log.rows import Rows
from bake_tracker.entrypoints.web.pages import render
from bake_tracker.log.reader import Unreadable
from bake_tracker.log.scan import LogLine
from bake_tracker.log.slices import OTHERS, Wanted, lines_since, mark_of
from bake_tracker.log.tail import Follower, matching
from bake_tracker.queries.bakery import BakeryInfo
from bake_tracker.queries.explain.log_names import load_log_names
from bake_tracker.services.database import read_scope

CAUGHT_UP = 200
PAUSE_S = 0.5
HEARTBEAT_S = 15.0


async def stream_lines(
    request: Request, path: Path, wanted: Wanted, mark: str, house: BakeryInfo, reader: int
) -> AsyncIterator[str]:
    """Stream lines as they are written, until the reader leaves, the server stops or access ends."""
    state = request.app.state
    state.listeners[reader] += 1
    try:
        with closing(await run_in_threadpool(Follower, path)) as follower:
            yield "retry: 3000\n\n"
            missed = await run_in_threadpool(lines_since, path, follower, mark, wanted, CAUGHT_UP) if mark else []
            for event in await run_in_threadpool(_events, request, missed, house):
                yield event
            quiet_s = 0.0
            while not state.is_stopping:
                found = await run_in_threadpool(_new_events, request, follower, wanted, house)
                if found or quiet_s >= HEARTBEAT_S:
                    # After reading the lines, so that none is sent that was written after access ended.
                    if not await run_in_threadpool(_is_let_in, request, wanted):
                        return
                    yield "".join(found) or ": still here\n\n"
                    quiet_s = 0.0
                if await request.is_disconnected():
                    return
                await asyncio.sleep(PAUSE_S)
                quiet_s += PAUSE_S
    finally:
        state.listeners -= Counter([reader])


def _new_events(request: Request, follower: Follower, wanted: Wanted, house: BakeryInfo) -> list[str]:
    lines = [line for _, line in matching(follower.new_lines(), LogQuery(), Unreadable()) if wanted.fits(line)]
    return _events(request, lines, house)


def _events(request: Request, lines: list[LogLine], house: BakeryInfo) -> list[str]:
    """Each line as an event: a table row, and the position that a browser returns with."""
    if not lines:
        return []
    with read_scope() as session:
        rows = Rows(request, house, load_log_names(session, lines))
    found = []
    for line in lines:
        row = bytes(render(request, "log_line.html", row=rows.row(line)).body).decode()
        data = "".join(f"data: {part}\n" for part in row.splitlines())
        found.append(f"event: line\nid: {mark_of(line)}\n{data}\n")
    return found


def _is_let_in(request: Request, wanted: Wanted) -> bool:
    """Whether the listener still has access."""
    try:
        caller = identify(request)
    except SignInNeededError:
        return False
    return caller is not None and caller.role.allows(Role.OWNER if wanted.group == OTHERS else Role.VIEWER)

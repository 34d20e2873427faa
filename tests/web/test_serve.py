"""``bake serve`` starts, prints its address, and leaves no trace of the demo; and users are managed by commands."""

import asyncio
import io
import json
import os
import re
import signal
import time
import urllib.request
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx2
import psutil
import pytest
import uvicorn
from fastapi import FastAPI

from bake_tracker.clock import now
from bake_tracker.domain.access import Role
from bake_tracker.entrypoints.cli.house import serve
from bake_tracker.entrypoints.http import stopping
from bake_tracker.entrypoints.http.context import RequestContext
from bake_tracker.queries.catalog.people import find_token_caller
from bake_tracker.services.catalog import things
from bake_tracker.services.database import read_scope, session_scope
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.serving import serving
from support.warm.waiting import PATIENCE_S, wait_until
from support.web import PASSWORD, Web

pytestmark = pytest.mark.one_database


def test_the_demo_is_served_and_gone_afterwards(tmp_path: Path) -> None:
    """On request it stops cleanly; X-Forwarded-Proto is trusted from nobody."""
    with serving(tmp_path, "--demo") as server:
        assert [path.name.startswith("bake-tracker-demo-") for path in tmp_path.iterdir()] == [True]
        asked = urllib.request.Request(f"{server.url}/healthz", headers={"X-Forwarded-Proto": "https"})
        with urllib.request.urlopen(asked) as answer:
            assert answer.headers["Strict-Transport-Security"] is None
            assert answer.headers["Server"] is None
        status, printed = server.end()
    assert (status, list(tmp_path.iterdir())) == (0, [])
    assert printed.startswith(f"Open {server.url}/\nSign in as Olga (owner), Bao (baker), Vera (viewer)")


def test_a_request_under_way_is_finished_when_the_server_is_asked_to_end(
    kitchen: Kitchen, database_url: str, tmp_path: Path
) -> None:
    """It waits for the database's lock while the server is told to stop; it is recorded and answered."""
    kitchen.simple_bakery()
    program = Web().let_in().program(Role.BAKER)
    baking = {"recipe_id": kitchen.ids["Cookies"], "finished_unit_id": kitchen.ids["Cookie"], "num_batches": 1}

    def bake_one(url: str) -> int:
        headers = {"Authorization": program.headers["Authorization"]}
        path = f"{url}/api/v1/productions"
        return httpx2.post(path, json={**baking, "actual_yield": 24}, headers=headers, timeout=PATIENCE_S).status_code

    with serving(tmp_path, database_url=database_url) as server, ThreadPoolExecutor(1) as pool:
        serves = psutil.Process(server.process.pid)
        with session_scope() as session:  # holds the one write lock
            things.record_event("Fair", session=session)
            answer = pool.submit(bake_one, server.url)
            # A busy machine may take long even to send it.
            wait_until(lambda: any(x.status == psutil.CONN_ESTABLISHED for x in serves.net_connections("tcp")))
            time.sleep(1)
            server.process.terminate()
            time.sleep(1)
            assert (answer.done(), server.process.poll()) == (False, None)
        assert (answer.result(PATIENCE_S), server.process.wait()) == (201, 0)
    assert kitchen.stock("Cookie") == 24


def test_a_request_that_does_not_end_is_cut_off_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python itself would wait for its thread for ever."""
    monkeypatch.setattr(stopping, "END_AFTER_S", 0.1)

    def serve_until_asked_to_stop() -> None:
        signal.signal(signal.SIGTERM, lambda *_: None)
        Thread(target=Event().wait).start()
        app = FastAPI()
        app.state.is_stopping = False
        with stopping.telling_when_it_stops(app):
            os.kill(os.getpid(), signal.SIGTERM)

    process = get_context("fork").Process(target=serve_until_asked_to_stop)
    process.start()
    process.join(PATIENCE_S)
    assert process.exitcode == 1


def run(work: Coroutine[Any, Any, None]) -> None:
    """In a thread of its own: a browser's tests in the same process leave an event loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


@pytest.mark.parametrize(
    ("method", "code"), [("POST", "outcome_unknown"), ("PUT", "outcome_unknown"), ("GET", "database_unavailable")]
)
def test_a_request_that_is_cut_off_is_answered(sqlite_url: str, method: str, code: str) -> None:
    """Nobody knows yet whether the change is committed. While the server runs, a cancelled request is a fault."""
    web = Web()
    sent: list[Any] = []

    async def cancelled(*_: Any) -> None:
        raise asyncio.CancelledError

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": "/", "headers": [], "app": web.app}
    cut_off = RequestContext(cancelled, 1)(scope, cancelled, send)
    with pytest.raises(asyncio.CancelledError):
        run(cut_off)
    assert sent == []
    web.app.state.is_stopping = True
    run(RequestContext(cancelled, 1)(scope, cancelled, send))
    start, body = sent
    assert (start["status"], json.loads(body["body"])["code"]) == (503, code)
    assert {b"retry-after", b"x-request-id"} <= {name for name, _ in start["headers"]}


def test_while_it_stops_every_answer_is_the_last_of_its_connection(database_url: str) -> None:
    """Otherwise a client that connects at the last moment would be served until the grace period is over."""
    web = Web()
    client = web.client()
    assert client.get("/healthz").headers.get("connection") is None
    web.app.state.is_stopping = True
    assert client.get("/healthz").headers["connection"] == "close"


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the server would be started with."""
    given: dict[str, Any] = {}
    monkeypatch.setattr(uvicorn, "run", lambda application, **options: given.update(options, application=application))
    monkeypatch.setattr(serve.signal, "signal", lambda *_: None)
    for name in ("DATABASE_URL", "SETUP_CODE"):  # the command sets them for its workers; monkeypatch restores them
        monkeypatch.setenv(f"BAKE_TRACKER_{name}", "")
        monkeypatch.delenv(f"BAKE_TRACKER_{name}")
    return given


def test_a_new_place_is_set_up_with_a_code_that_only_the_terminal_shows(
    bake: CommandLine, database_url: str, served: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once there is a user, no code is shown."""
    said = bake("serve", "--database", database_url, "--port", "8123").out
    code = re.fullmatch(r"Open http://127\.0\.0\.1:8123/set-up\?code=([\w-]{16})\n", said)
    assert code is not None
    assert serve.os.environ["BAKE_TRACKER_SETUP_CODE"] == code[1]
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    assert bake("user", "add", "Ada", "--role", "owner", "--database", database_url).out == (
        "Ada can now sign in as owner.\n"
    )
    options = ("--host", "0.0.0.0", "--root-path", "/b/", "--trusted-proxy", "10.0.0.1")
    assert bake("serve", "--database", database_url, *options).out == "Open http://localhost:8080/b/\n"
    assert (served["proxy_headers"], served["forwarded_allow_ips"], served["root_path"]) == (True, ["10.0.0.1"], "/b")


def test_forwarded_headers_are_not_believed_unless_a_proxy_is_named(
    bake: CommandLine, database_url: str, served: dict[str, Any]
) -> None:
    """The server library would trust them from this machine."""
    bake("serve", "--database", database_url)
    assert (served["proxy_headers"], served["server_header"], served["access_log"]) == (False, False, False)


def test_without_the_libraries_of_the_pages_it_says_how_to_get_them(
    bake: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkout was set up where npm could not be reached."""
    monkeypatch.setattr(serve, "_VENDOR", tmp_path)
    done = bake("serve")
    assert (done.code, "python hatch_build.py" in done.err) == (3, True)


def test_people_and_tokens_from_the_command_line(bake: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """People are added, listed and changed; a token is shown once and then revoked."""
    for name, role in (("Ada", "owner"), ("Ben", "baker")):
        monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
        assert bake("user", "add", name, "--role", role).code == 0
    assert bake("user", "change", "ada", "--off").code == 1  # the last owner
    assert bake("user", "change", "ben", "--role", "viewer", "--off").out == "Ben: viewer, disabled.\n"
    assert [(one["name"], one["is_disabled"]) for one in bake("user", "list", "--json").json] == [
        ("Ada", False),
        ("Ben", True),
    ]
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert "password: must have 10 to 200 characters" in bake("user", "password", "Ada").err
    said = bake("token", "add", "Ada", "shop").out.splitlines()
    assert (len(said), said[0].startswith("bake_"), said[1]) == (
        2,
        True,
        "This token is shown only once (shop, viewer).",
    )
    made = bake("token", "add", "Ada", "till", "--role", "baker", "--json").json
    with read_scope() as session:
        caller = find_token_caller(session, made["token"], now())
    assert caller is not None
    assert (caller.name, caller.role) == ("Ada", "baker")
    assert made["token"] not in bake("token", "list").out
    assert made["token"] not in bake.log_file.read_text("utf-8")
    assert bake("token", "revoke", str(made["api_token_id"])).code == 0
    assert "revoked" in bake("token", "list").out
    assert "did you mean Ada or Ben" in bake("token", "add", "Adda", "till").err

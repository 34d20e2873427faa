"""Connections that send too little, or are too many, do not stay."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn

from bake_tracker.domain.access import Role
from bake_tracker.entrypoints.http import connections, context
from bake_tracker.entrypoints.http.connections import PatientProtocol, counted_as
from support.warm.waiting import PATIENCE_S
from support.web import Web

Talk = Callable[[int], Coroutine[Any, Any, None]]
WHOLE = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


def talking(talk: Talk) -> None:
    """Run a small server with our connections, and talk to its port."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async def serve() -> None:
        server = uvicorn.Server(
            uvicorn.Config(answer, port=0, http=PatientProtocol, ws="none", lifespan="off", log_config=None)
        )
        serving = asyncio.create_task(server._serve())
        while not server.started:
            await asyncio.sleep(0.001)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await talk(server.servers[0].sockets[0].getsockname()[1])
        finally:
            server.should_exit = True
            await serving

    with ThreadPoolExecutor(1) as thread:  # a browser's tests leave an event loop running in this one
        thread.submit(asyncio.run, serve()).result()


@pytest.mark.parametrize("begun", [b"", b"GET / HT", WHOLE[:-2], WHOLE + b"GET", WHOLE + WHOLE[:-2]])
def test_a_connection_that_sends_no_whole_headers_is_closed(begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is closed even if it keeps sending a little; what was asked before is answered."""
    monkeypatch.setattr(connections, "HEADERS_WITHIN_S", 0.5)

    async def talk(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begun)

        async def drip() -> None:
            while begun:
                writer.write(b"X")
                await asyncio.sleep(0.01)

        for _ in range(begun.count(WHOLE)):
            assert b"200 OK" in await reader.readuntil(b"\r\n\r\nok")
        dripping = asyncio.create_task(drip())
        with suppress(ConnectionResetError):  # it was closed with some of the drops unread
            assert await reader.read() == b""
        dripping.cancel()
        writer.close()

    talking(talk)


def test_one_address_may_have_so_many_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next is refused in words that programs know, until another has ended."""
    monkeypatch.setattr(connections, "counted_as", lambda address, config: address)
    monkeypatch.setattr(connections, "MOST_FROM_ADDRESS", 3)

    async def ask(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(WHOLE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        answer = await reader.read()
        writer.close()
        return answer.partition(b"\r\n")[0]

    async def talk(port: int) -> None:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        while connections._open["127.0.0.1"] < 3:
            await asyncio.sleep(0.001)
        assert await ask(port) == b"HTTP/1.1 503 Service Unavailable"
        for _, writer in held:
            writer.close()
        while connections._open["127.0.0.1"]:
            await asyncio.sleep(0.001)
        assert await ask(port) == b"HTTP/1.1 200 OK"

    talking(talk)
    assert connections._open == {}


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        (None, None),
        ("", None),
        ("127.0.0.1", None),
        ("::1", None),
        ("10.1.2.3", None),
        ("192.168.0.7", None),
        ("192.168.0.8", "192.168.0.8"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:9.9.9.9", "9.9.9.9"),
    ],
)
def test_this_machine_and_declared_proxies_are_not_limited(address: str | None, counted: str | None) -> None:
    """All visitors of a proxy come from its address; an IPv6 network is one address."""
    config = SimpleNamespace(proxy_headers=True, forwarded_allow_ips=["10.0.0.0/8", "192.168.0.7", "a name"])
    assert counted_as(address, config) == counted
    if address == "10.1.2.3":
        config.proxy_headers = False
        assert counted_as(address, config) == address


def test_a_body_that_does_not_arrive_is_refused(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends it, and however little is missing; the connection ends with the answer."""
    web = Web().let_in()
    baker = web.program(Role.BAKER)
    monkeypatch.setattr(context, "BODY_WITHIN_S", 0.01)
    sent: list[Any] = []
    parts = iter([{"type": "http.request", "body": b'{"name": "Fair"', "more_body": True}])

    async def receive() -> Any:
        return next(parts, None) or await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/events",
        "raw_path": b"/api/v1/events",
        "query_string": b"",
        "scheme": "http",
        "server": ("testserver", 80),
        "client": ("10.0.0.1", 1),
        "headers": [
            (b"authorization", baker.headers["authorization"].encode()),
            (b"content-type", b"application/json"),
        ],
    }
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, web.app(scope, receive, send)).result()
    headers = dict(sent[0]["headers"])
    assert (sent[0]["status"], headers[b"connection"]) == (408, b"close")
    assert b'"code":"too_slow"' in sent[1]["body"].replace(b" ", b"")
    assert baker.post("/api/v1/events", json={"name": "Fair"}).status_code == 201

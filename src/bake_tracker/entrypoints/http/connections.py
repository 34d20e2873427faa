"""Connections that send nothing, or come in crowds, do not stay; for bodies, see ``context``."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from bake_tracker.domain.access import network_of

HEADERS_WITHIN_S = 15.0
"""How long a connection may take to send the headers of its next request, from its first byte or its beginning."""
MOST_FROM_ADDRESS = 100
"""The open connections that one address may have to one worker; a browser opens six."""

_TOO_MANY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

_open: Counter[str] = Counter()
"""The open connections of each address in this process."""


class PatientProtocol(H11Protocol):
    """uvicorn's own protocol, which waits for headers for ever."""

    _waiting: asyncio.TimerHandle | None = None
    _counted_as: str | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the base class
        """Refuse the connection if its address has too many."""
        super().connection_made(transport)
        self._counted_as = counted_as(self.client[0] if self.client else None, self.config)
        if self._counted_as is not None:
            _open[self._counted_as] += 1
            if _open[self._counted_as] > MOST_FROM_ADDRESS:
                transport.write(_TOO_MANY)
                transport.close()
                return
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Read on, and stop waiting once a request has begun."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self._stop_waiting()
        if self._counted_as is not None:
            _open[self._counted_as] -= 1
            if not _open[self._counted_as]:
                del _open[self._counted_as]

    def _watch(self) -> None:
        is_between_requests = self.cycle is None or self.cycle.response_complete
        if not is_between_requests:
            self._stop_waiting()
        elif self._waiting is None:
            self._waiting = self.loop.call_later(HEADERS_WITHIN_S, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


def counted_as(address: str | None, config: Any) -> str | None:
    """The name under which the connections of an address are counted; None for this machine and declared proxies."""
    try:
        client = ip_address((address or "").partition("%")[0])
    except ValueError:
        return None  # a local socket
    client = getattr(client, "ipv4_mapped", None) or client
    if client.is_loopback or (config.proxy_headers and _is_in(client, config.forwarded_allow_ips or ())):
        return None
    return network_of(str(client))


def _is_in(client: Any, trusted: Iterable[str]) -> bool:
    for one in trusted:
        try:
            if one == "*" or client in ip_network(one, strict=False):
                return True
        except ValueError:  # a name, not an address
            continue
    return False

"""The whole application inside the test's process, and its clients."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

import httpx2
from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.testclient import TestClient

from bake_tracker.config import load_settings
from bake_tracker.domain.access import Role
from bake_tracker.entrypoints.http.access import CSRF_FIELD, CSRF_HEADER, roles_by_route
from bake_tracker.entrypoints.http.limits import Limiter
from bake_tracker.entrypoints.server import make_app
from bake_tracker.services.access import accounts, passwords
from bake_tracker.services.access.sign_in import open_sign_in
from bake_tracker.services.database import MOST_WRITERS, run_in_transaction
from support import AT_THE_END

PASSWORD = "a loaf of rye bread"
NAMES = {Role.VIEWER: "Vera", Role.BAKER: "Bao", Role.OWNER: "Olga"}


@lru_cache
def _application(_most_bytes: int, _requests_per_minute: int) -> tuple[Any, dict[str, Any]]:
    """The application with these settings, and its initial state; making it takes half a second."""
    app = make_app()
    return app, dict(app.state._state)


def application() -> Any:
    """The application with its initial state, so that nothing of an earlier test is left."""
    settings = load_settings()
    app, fresh = _application(settings.max_body_bytes, settings.requests_per_minute)
    app.state._state.clear()
    app.state._state.update(
        fresh,
        limiter=Limiter(settings.requests_per_minute),
        listeners=Counter(),
        writers=asyncio.Semaphore(MOST_WRITERS),  # an earlier test's clients, each with a loop of its own, wore it out
    )
    return app


@cache
def _portal() -> BlockingPortal:
    """One event loop for all clients, because a thread and a loop for each request take longer than most requests."""
    portal = AT_THE_END.enter_context(start_blocking_portal())
    AT_THE_END.callback(portal.call, portal.stop, True)  # and no request that was left is waited for
    return portal


@dataclass
class Web:
    """An application on the test's database, with one user of each role."""

    app: Any = field(default_factory=application)
    ids: dict[Role, int] = field(default_factory=dict)

    def let_in(self) -> "Web":
        for role, name in NAMES.items():
            made = run_in_transaction(
                lambda session, role=role, name=name: accounts.record_user(name, PASSWORD, role.value, session=session)
            )
            self.ids[role] = made["user_id"]
        return self

    def client(self, **more: Any) -> TestClient:
        """A browser or program that is not signed in."""
        client = TestClient(self.app, raise_server_exceptions=False, follow_redirects=False, **more)
        client.portal = _portal()
        return client

    def program(self, role: Role) -> TestClient:
        """A program with an API token of this role."""
        token = passwords.new_secret("bake_")
        run_in_transaction(
            lambda session: accounts.record_api_token(self.ids[role], "test", role.value, token, session=session)
        )
        return self.client(headers={"Authorization": f"Bearer {token}"})

    def browser(self, role: Role, headers: Mapping[str, str] = {}, **more: Any) -> TestClient:
        """A signed-in browser that skips the sign-in page."""
        token = passwords.new_secret()
        run_in_transaction(lambda session: open_sign_in(session, self.ids[role], token, NAMES[role], "::1"))
        return self.client(cookies={"bake_sign_in": token}, headers={"Accept": "text/html", **headers}, **more)

    def signed_in(self, role: Role) -> TestClient:
        """A script on one of our pages: signed in, and sending the CSRF token of the page."""
        browser = self.browser(role, {"Accept": "application/json"})
        browser.headers[CSRF_HEADER] = csrf_of(browser.get("/"))
        return browser

    @property
    def roles(self) -> dict[tuple[str, str], Role | None]:
        return roles_by_route(self.app)


def csrf_of(page: httpx2.Response) -> str:
    """The CSRF token in the form of a page."""
    return page.text.partition(f'name="{CSRF_FIELD}" value="')[2].partition('"')[0]


def submit(client: TestClient, page: str, path: str, **values: Any) -> httpx2.Response:
    """Open a page, fill in its form and send it."""
    return client.post(path, data={CSRF_FIELD: csrf_of(client.get(page)), **values})


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement sent within the block."""
    from sqlalchemy import Engine, event

    sent: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", hear)

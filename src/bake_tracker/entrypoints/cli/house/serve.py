"""Serve the pages and the API; only this command imports their libraries."""

import os
import secrets
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

import bake_tracker
from bake_tracker.config import FINISH_WITHIN_S, load_settings, sqlite_url
from bake_tracker.entrypoints.cli.house.demo_life import PEOPLE, live
from bake_tracker.entrypoints.cli.state import ask, complain, say, state
from bake_tracker.log.setup import configure_logging
from bake_tracker.queries.catalog.people import has_users
from bake_tracker.services.database import dispose_engines, engine_for

APPLICATION = "bake_tracker.entrypoints.server:make_app"
_VENDOR = Path(bake_tracker.__file__).parent / "entrypoints" / "web" / "static" / "vendor"


def serve(
    host: Annotated[
        str, typer.Option(help="the address to listen on; 0.0.0.0 or :: accepts other computers")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="the port to listen on")] = 8080,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="number of processes; use PostgreSQL for more than one")
    ] = 1,
    root_path: Annotated[str, typer.Option(help="the path under which a proxy serves it, for example /bakery")] = "",
    trusted_proxy: Annotated[
        list[str] | None, typer.Option(help="address of a proxy whose X-Forwarded headers are trusted")
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="serve a bakery with two weeks of history; deleted when the server stops")
    ] = False,
) -> None:
    """Serve the pages and the API. The first visitor creates the owner's account."""
    if not (_VENDOR / "htmx.min.js").exists():
        complain("The pages need JavaScript libraries that are missing here. To fetch them, run: python hatch_build.py")
        raise typer.Exit(3)
    with ExitStack() as stack:
        # Stop by raising an exception, so that temporary files are removed.
        signal.signal(signal.SIGTERM, _leave)
        if demo:
            _open_demo(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bake-tracker-demo-"))))
        os.environ["BAKE_TRACKER_DATABASE_URL"] = state.url
        engine_for(state.url)
        root_path = root_path.rstrip("/")
        where = f"http://{'localhost' if host in ('0.0.0.0', '::') else host}:{port}{root_path}"
        say(f"Open {where}{_first_path()}")
        if demo:
            names = ", ".join(f"{name} ({role})" for name, role in PEOPLE.items())
            say(f"Sign in as {names}; the password of each: {os.environ['BAKE_TRACKER_DEMO_PASSWORD']}")
        sys.stdout.flush()
        dispose_engines()
        if workers > 1:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="bake-tracker-metrics-")
            )
        _run(host, port, workers, root_path, trusted_proxy or [])


def _run(host: str, port: int, workers: int, root_path: str, trusted: list[str]) -> None:
    import uvicorn

    from bake_tracker.entrypoints.http.connections import PatientProtocol

    uvicorn.run(
        APPLICATION,
        http=PatientProtocol,
        ws="none",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        root_path=root_path,
        proxy_headers=bool(trusted),
        forwarded_allow_ips=trusted,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=FINISH_WITHIN_S,
        timeout_worker_healthcheck=FINISH_WITHIN_S,
    )


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _first_path() -> str:
    """The page to open first: the front page, or the set-up with the code that proves who started the server."""
    if ask(has_users):
        return "/"
    given = load_settings().setup_code
    code = given.get_secret_value() if given else secrets.token_urlsafe(12)
    os.environ["BAKE_TRACKER_SETUP_CODE"] = code
    return "/set-up" if given else f"/set-up?code={code}"


def _open_demo(folder: Path) -> None:
    state.database = sqlite_url(folder / "bakery.db")
    os.environ["BAKE_TRACKER_LOG_FILE"] = str(folder / "bakery.db.log.jsonl")
    configure_logging(load_settings(), state.url)
    password = os.environ.setdefault("BAKE_TRACKER_DEMO_PASSWORD", secrets.token_hex(6))
    live(password)

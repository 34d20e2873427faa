"""What every command has: ``--database`` and ``--json``, anywhere on the line, and logging."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, get_type_hints

import typer

from bake_tracker import __version__
from bake_tracker.config import load_settings
from bake_tracker.entrypoints.cli.state import state
from bake_tracker.log.setup import configure_logging

Database = Annotated[
    str | None,
    typer.Option("--database", metavar="URL", help="sqlite:///FILE or postgresql://...; or BAKE_TRACKER_DATABASE_URL"),
]
Json = Annotated[bool, typer.Option("--json", help="print the result as JSON")]


def show_version(is_wanted: bool) -> None:
    """Print the version and leave."""
    if is_wanted:
        typer.echo(f"bake-tracker {__version__}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=show_version, is_eager=True, help="print the version and exit")
]


def global_options(database: Database = None, as_json: Json = False, version: Version = False) -> None:
    """Take the options that were given before the command's name."""
    state.database = database or state.database
    state.as_json = as_json or state.as_json


def add(group: typer.Typer, function: Callable[..., None], name: str, epilog: str) -> None:
    """Register a command with the common options after its own."""
    own = inspect.signature(function)
    keyword = inspect.Parameter.KEYWORD_ONLY
    common = [
        inspect.Parameter("database", keyword, default=None, annotation=Database),
        inspect.Parameter("as_json", keyword, default=False, annotation=Json),
    ]

    @wraps(function)
    def command(*arguments: Any, database: str | None, as_json: bool, **options: Any) -> None:
        global_options(database, as_json)
        state.command = function.__name__
        configure_logging(load_settings(), state.url)
        function(*arguments, **options)

    hints = get_type_hints(function, include_extras=True)
    parameters = [own_one.replace(annotation=hints[own_one.name]) for own_one in own.parameters.values()]
    command.__signature__ = own.replace(parameters=[*parameters, *common])  # type: ignore[attr-defined]  # read by Typer
    command.__annotations__ = {**hints, "database": Database, "as_json": Json}
    group.command(name, epilog=epilog)(command)

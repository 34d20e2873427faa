"""The command line as Typer sees it: groups that import a command only when it runs or its help is asked for."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

from bake_tracker.entrypoints.cli.commands import COMMANDS, Command, Group
from bake_tracker.entrypoints.cli.common import add, global_options

ROOM = "bake_tracker.entrypoints.cli"


def make_app() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        name="bake",
        cls=_group_of(COMMANDS, ()),
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        help="The production ledger of a small bakery.",
        epilog="Exit status: 0 success, 1 refused (with the reason), 2 wrong usage, 3 failure.",
    )
    app.callback()(global_options)
    return app


def _group_of(commands: dict[str, Any], before: tuple[str, ...], default: str | None = None) -> type[TyperGroup]:
    """A group class for these commands; ``before`` are the words that lead to it, ``default`` needs no word."""

    class LazyGroup(TyperGroup):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            self.commands = dict.fromkeys(commands)  # type: ignore[assignment]  # names only, for lists and suggestions

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            if (one := commands.get(cmd_name)) is None:
                return None
            return _load_group(one, (*before, cmd_name)) if isinstance(one, Group) else load(one, (*before, cmd_name))

        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            if default and (not args or (args[0].startswith("-") and args[0] != "--help")):
                args = [default, *args]
            return super().parse_args(ctx, args)

    return LazyGroup


def _load_group(group: Group, words: tuple[str, ...]) -> Any:
    return get_group(
        typer.Typer(
            name=words[-1],
            cls=_group_of(group.commands, words, group.default),
            no_args_is_help=True,
            help=group.help,
            add_completion=False,
        )
    )


def load(command: Command, words: tuple[str, ...]) -> Any:
    """Import a command; ``words`` are its full name, such as ``("log", "tree")``."""
    module, _, function = command.function.partition(":")
    alone = typer.Typer(add_completion=False)
    example = " ".join(filter(None, ("bake", *words, command.example)))
    add(alone, getattr(import_module(f"{ROOM}.{module}"), function), words[-1], f"Example: {example}")
    return get_command(alone)

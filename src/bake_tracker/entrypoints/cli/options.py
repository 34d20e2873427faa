"""Options that many commands share."""

from typing import Annotated, Any

import typer

OperationId = Annotated[str | None, typer.Option(help="a UUID; repeating the command with it changes nothing")]


def _one_of(*allowed: str) -> Any:
    def parse(text: str) -> str:
        if text not in allowed:
            raise typer.BadParameter(f"must be {' or '.join(allowed)}, not {text!r}")
        return text

    return parse


DatesOption = Annotated[
    Any, typer.Option("--dates", parser=_one_of("dmy", "mdy"), help="order of dates such as 03/04/2026: dmy or mdy")
]
DecimalsOption = Annotated[
    Any,
    typer.Option(
        "--decimals", parser=_one_of("comma", "point"), help="decimal sign in numbers such as 1,250: comma or point"
    ),
]
CountSawOption = Annotated[
    Any,
    typer.Option(
        "--count-saw",
        parser=_one_of("before", "after"),
        help="if a lot was counted since: before if the count had seen this, after if it had not",
    ),
]

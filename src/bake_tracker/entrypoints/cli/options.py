"""Options that many commands share."""

from typing import Annotated

import typer

OperationId = Annotated[str | None, typer.Option(help="a UUID; repeating the command with it changes nothing")]

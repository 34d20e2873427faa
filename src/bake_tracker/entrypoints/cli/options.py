"""Options that many commands have."""

from typing import Annotated

import typer

OperationId = Annotated[str | None, typer.Option(help="a UUID; the same id again changes nothing")]

"""Words and helpers that the pages of orders share."""

from typing import Annotated

from fastapi import Path

from bake_tracker.domain.arguments import MAX_KEY
from bake_tracker.domain.slices import Ask

HOW_WORDS = {"pick-up": "The customer picks it up", "delivery": "We deliver it", "counter": "At the counter"}
STATE_WORDS = {
    "open": "Open",
    "partly handed over": "Partly handed over",
    "done": "Handed over",
    "cancelled": "Cancelled",
}

OrderId = Annotated[int, Path(ge=1, le=MAX_KEY)]
BY_NAME = Ask("name", limit=1_000)
"""The customers or events that a list of choices offers."""

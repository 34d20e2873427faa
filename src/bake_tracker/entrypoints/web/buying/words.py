"""Words and helpers that the pages of purchase orders share."""

from typing import Annotated

from fastapi import Path

from bake_tracker.domain.arguments import MAX_KEY

STATE_WORDS = {
    "sent": "Sent",
    "partly received": "Partly received",
    "received": "Received",
    "closed": "Closed",
    "cancelled": "Cancelled",
}

PurchaseId = Annotated[int, Path(ge=1, le=MAX_KEY)]

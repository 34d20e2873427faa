"""A client of the REST API: ``with BakeTracker("https://bakery.example", token) as bakery: bakery.receive(...)``.

It stands alone: of the program it needs nothing but this package, and of others httpx2.
"""

from bake_tracker.client.api import BakeTracker
from bake_tracker.client.errors import (
    BakeTrackerError,
    ConflictError,
    InvalidError,
    NotAllowedError,
    NotFoundError,
    ProblemError,
    ShortageError,
    UnreachableError,
)

__all__ = [
    "BakeTracker",
    "BakeTrackerError",
    "ConflictError",
    "InvalidError",
    "NotAllowedError",
    "NotFoundError",
    "ProblemError",
    "ShortageError",
    "UnreachableError",
]

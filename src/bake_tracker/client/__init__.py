"""A client for the REST API: ``with BakeTracker("https://bakery.example", token) as bakery: bakery.receive(...)``.

It uses nothing else from this program, and httpx2 is its only dependency.
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

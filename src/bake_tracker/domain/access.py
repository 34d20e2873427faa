"""Who may do what: three roles, each of which may do all that the one before it may; and what a password must be."""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from bake_tracker.domain.errors import ForbiddenError


class Role(StrEnum):
    """A viewer reads, a baker records what happens to stock, an owner decides on recipes, prices, people, settings."""

    VIEWER = "viewer"
    BAKER = "baker"
    OWNER = "owner"

    def allows(self, needed: "Role") -> bool:
        """Whether someone of this role may do what needs another."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)


OWNERS_OPERATIONS = frozenset({"record_bakery", "record_recipe_rate", "record_import"})
"""What can be undone, and only the owner decides on; the others of the owner's cannot be undone at all."""


def check_may_undo(role: Role, operations: Iterable[str]) -> None:
    """Ask of all that an undoing undid, before it is committed: nobody undoes what they may not do.

    Raises:
        ForbiddenError: one of them is the owner's.
    """
    if OWNERS_OPERATIONS & set(operations) and not role.allows(Role.OWNER):
        raise ForbiddenError("only the owner undoes settings, rates and imports")


SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200

ATTEMPTS_WITHIN = timedelta(minutes=15)
ATTEMPTS_OF_NAME_AT_ADDRESS = 10
ATTEMPTS_AT_ADDRESS = 50
ATTEMPTS_OF_NAME = 100
"""More than of one address, so that a stranger cannot lock the owner out with few tries from elsewhere."""

NO_SUCH_SECRET = "0" * 64
"""The hash of nothing."""


def password_problem(password: object, name: str) -> str | None:
    """Why this cannot be a password, without a character of it; None when it can."""
    if not isinstance(password, str):
        return "must be text"
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        return f"must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters; a short sentence does well"
    if any("\ud800" <= character <= "\udfff" for character in password):
        return "must not contain half characters"
    if len(set(password)) < 4 or password.casefold() == name.casefold():
        return "is too easy to guess; a short sentence does well"
    return None


def user_name_key(name: str) -> str:
    """The one form of a user's name: nobody is called as another but for capitals."""
    return " ".join(name.split()).casefold()


def secret_sha256(secret: str) -> str:
    """What is kept of a token: 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def attempt_limits(name: str, address: str) -> dict[str, int]:
    """What counts an attempt to sign in, and how many there may be of each within ``ATTEMPTS_WITHIN``."""
    key = user_name_key(name)
    return {
        secret_sha256(f"name at address\n{key}\n{address}"): ATTEMPTS_OF_NAME_AT_ADDRESS,
        secret_sha256(f"address\n{address}"): ATTEMPTS_AT_ADDRESS,
        secret_sha256(f"name\n{key}"): ATTEMPTS_OF_NAME,
    }


def wait_s(taken: Iterable[tuple[int, int, datetime]], now: datetime) -> int:
    """Seconds until another attempt is allowed, of (attempts, limit, since); 0 when it is allowed now."""
    over = [since + ATTEMPTS_WITHIN - now for count, limit, since in taken if count > limit]
    return max((int(left.total_seconds()) + 1 for left in over), default=0)

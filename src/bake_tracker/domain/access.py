"""Roles, passwords and sign-in limits; each role may do everything that the one before it may."""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network

from bake_tracker.domain.errors import ForbiddenError


class Role(StrEnum):
    """A viewer reads, a baker records what happens to stock, an owner also sets recipes, prices, users and settings."""

    VIEWER = "viewer"
    BAKER = "baker"
    OWNER = "owner"

    def allows(self, needed: "Role") -> bool:
        """Whether this role may do what requires the other role."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)


class Opens(StrEnum):
    """What a token opens: the API, or the calendar alone, without or with the names of customers and places."""

    API = "api"
    CALENDAR = "calendar"
    CALENDAR_WITH_NAMES = "calendar_with_names"


CALENDARS = (Opens.CALENDAR, Opens.CALENDAR_WITH_NAMES)


OWNERS_OPERATIONS = frozenset(
    {
        "record_bakery",
        "record_recipe_rate",
        "record_product_change",
        "record_purchase_order",
        "record_purchase_order_change",
        "record_purchase_order_cancellation",
        "record_suggested_purchases",
        "record_import",
    }
)
"""The owner's operations that can be undone; the owner's other operations cannot be undone at all."""


def check_may_undo(role: Role, operations: Iterable[str]) -> None:
    """Check before the commit that the role may undo all of these operations: nobody may undo what they may not do.

    Raises:
        ForbiddenError: one of them belongs to the owner.
    """
    if OWNERS_OPERATIONS & set(operations) and not role.allows(Role.OWNER):
        raise ForbiddenError("only an owner can undo settings, rates, terms of products, purchase orders and imports")


SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200

ATTEMPTS_WITHIN = timedelta(minutes=15)
ATTEMPTS_OF_NAME_AT_ADDRESS = 10
ATTEMPTS_AT_ADDRESS = 50
ATTEMPTS_OF_NAME = 100
"""Higher than the limits per address, so that a stranger cannot lock the owner out with a few tries."""

NO_SUCH_SECRET = "0" * 64
"""A hash that no secret has."""


def password_problem(password: object, name: str) -> str | None:
    """Why this cannot be a password, without quoting any of it; None if it can."""
    if not isinstance(password, str):
        return "must be text"
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        return f"must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters; a short sentence works well"
    if any("\ud800" <= character <= "\udfff" for character in password):
        return "must not contain unpaired surrogates"
    if len(set(password)) < 4 or password.casefold() == name.casefold():
        return "is too easy to guess; a short sentence works well"
    return None


def user_name_key(name: str) -> str:
    """Case-insensitive key of a user name, so that no two users differ only in capitals."""
    return " ".join(name.split()).casefold()


def secret_sha256(secret: str) -> str:
    """The hash to store for a token; 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


MOST_USERS_OF_DEVICE = 5


def device_secret(device: str) -> str:
    """The random part of a device's cookie, which is the same for everybody who signs in there."""
    return device.partition(".")[0]


def knows_device(password_hash: str, device: str) -> bool:
    """Whether this user has signed in on the device with the current password."""
    mark = _device_mark(password_hash, device_secret(device)).encode()
    told = device.encode("utf-8", "surrogatepass").split(b".")[1 : MOST_USERS_OF_DEVICE + 1]
    return any(hmac.compare_digest(mark, one) for one in told)


def with_user(device: str, password_hash: str) -> str:
    """The device's cookie once this user has signed in there.

    It is checked without being stored: its key is the password's hash, which is salted and never leaves the database.
    A new password makes all devices unknown.
    """
    secret, *marks = device.split(".")
    mark = _device_mark(password_hash, secret)
    return ".".join([secret, mark, *(one for one in marks if one != mark)][: MOST_USERS_OF_DEVICE + 1])


def _device_mark(password_hash: str, secret: str) -> str:
    return hmac.new(password_hash.encode(), f"device\n{secret}".encode("utf-8", "surrogatepass"), "sha256").hexdigest()


def network_of(address: str) -> str:
    """What counts as one address: an IPv6 subscriber has a network of 64 bits, and may use a new address every time."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:  # a local socket or a host name
        return address
    if isinstance(known, IPv6Address) and not known.is_loopback:
        mapped = known.ipv4_mapped
        return str(mapped or ip_network((known, 64), strict=False))
    return str(known)


def attempt_limits(name: str, address: str, known_device: str | None = None) -> dict[str, int]:
    """The counters of a sign-in attempt and their limits within ``ATTEMPTS_WITHIN``.

    A device where the user has signed in before has a counter of its own, so that nobody at the same address, and
    nobody who guesses the password from elsewhere, can lock its user out.
    """
    key, address = user_name_key(name), network_of(address)
    if known_device is not None:
        return {secret_sha256(f"name on device\n{key}\n{device_secret(known_device)}"): ATTEMPTS_OF_NAME_AT_ADDRESS}
    return {
        secret_sha256(f"name at address\n{key}\n{address}"): ATTEMPTS_OF_NAME_AT_ADDRESS,
        secret_sha256(f"address\n{address}"): ATTEMPTS_AT_ADDRESS,
        secret_sha256(f"name\n{key}"): ATTEMPTS_OF_NAME,
    }


def wait_s(taken: Iterable[tuple[int, int, datetime]], now: datetime) -> int:
    """Seconds until another attempt is allowed, from (attempts, limit, since); 0 if it is allowed now."""
    over = [since + ATTEMPTS_WITHIN - now for count, limit, since in taken if count > limit]
    return max((int(left.total_seconds()) + 1 for left in over), default=0)

"""Hashing passwords with argon2, and making secrets; the library is loaded only where somebody signs in."""

import secrets
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pwdlib import PasswordHash


def new_secret(prefix: str = "") -> str:
    """A token of 256 random bits; a prefix lets people and scanners see what it is."""
    return prefix + secrets.token_urlsafe(32)


def hash_password(password: str) -> str:
    """The argon2id hash with its parameters and salt."""
    return _hasher().hash(password)


def verify_password(password: str, password_hash: str | None) -> bool:
    """Whether this is the password; takes as long where there is none to compare with."""
    is_it = _hasher().verify(password.encode("utf-8", "surrogatepass"), password_hash or _nobodys_hash())
    return is_it and password_hash is not None


@lru_cache(1)
def _hasher() -> "PasswordHash":
    from pwdlib import PasswordHash

    return PasswordHash.recommended()


@lru_cache(1)
def _nobodys_hash() -> str:
    return hash_password(new_secret())

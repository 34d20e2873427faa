"""Password hashing with argon2, and secrets. The library is loaded only when somebody signs in."""

import secrets
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pwdlib import PasswordHash


def new_secret(prefix: str = "") -> str:
    """A token of 256 random bits, with a prefix that people and secret scanners recognise."""
    return prefix + secrets.token_urlsafe(32)


def hash_password(password: str) -> str:
    """Hash a password with argon2id; the text includes the parameters and the salt."""
    return _hasher().hash(password)


def verify_password(password: str, password_hash: str | None) -> bool:
    """Whether the password is correct. Without a hash it takes just as long, so that timing reveals no names."""
    is_it = _hasher().verify(password.encode("utf-8", "surrogatepass"), password_hash or _nobodys_hash())
    return is_it and password_hash is not None


@lru_cache(1)
def _hasher() -> "PasswordHash":
    from pwdlib import PasswordHash

    return PasswordHash.recommended()


@lru_cache(1)
def _nobodys_hash() -> str:
    return hash_password(new_secret())

"""Keys for the next slice of a list, written into a URL and read back safely."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

from bake_tracker.domain.arguments import MAX_KEY
from bake_tracker.domain.errors import ValidationError

LONGEST = 2_000


def write_key(key: Sequence[Any] | None) -> str | None:
    """The key as one URL-safe word; None at the end of the list."""
    return None if key is None else base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def read_key(text: str, *kinds: type) -> list[Any]:
    """The values of a key: of these types, or any two values.

    Raises:
        ValidationError: this is not a key that a list gave out.
    """
    try:
        key = json.loads(base64.urlsafe_b64decode(text[:LONGEST] + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        raise bad_key() from None
    wanted = list(kinds) or [object, object]
    if not isinstance(key, list) or len(key) != len(wanted) or not all(map(_can_be_kept, key)):
        raise bad_key()
    if kinds and [type(one) for one in key] != wanted:
        raise bad_key()
    return key


def bad_key() -> ValidationError:
    """The error for a key that no list gave out."""
    return ValidationError.of("after", "must be the key from the previous answer's link; start again without it")


def _can_be_kept(value: object) -> bool:
    """Whether a database could hold this value: no NUL, no unpaired surrogate, no number out of range."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= one <= "\udfff" for one in value)
    return value is None or (isinstance(value, int) and abs(value) <= MAX_KEY)

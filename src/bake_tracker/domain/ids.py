"""The spellings of a UUID: as people and programs write it, and as ledger and log store it."""

_DIGITS = 32


def digits_of(typed: str) -> str | None:
    """The hexadecimal digits of a UUID or of the beginning of one, in any usual spelling; None for anything else.

    With dashes or without, in capitals, in braces, or as ``urn:uuid:...``.
    """
    digits = typed.strip().lower().removeprefix("urn:uuid:").strip("{}").replace("-", "")
    return digits if 0 < len(digits) <= _DIGITS and set(digits) <= set("0123456789abcdef") else None


def is_whole(typed: str) -> bool:
    """Whether this is a whole UUID, not just the beginning of one."""
    return len(digits_of(typed) or "") == _DIGITS


def dashed(digits: str) -> str:
    """The digits with the dashes of a stored UUID; also for the beginning of one."""
    return "-".join(filter(None, (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])))


def spellings(typed: str) -> tuple[str, ...]:
    """How a log may spell an id or its beginning: as typed, in lower case, and with a UUID's dashes.

    Ids of other programs may have capitals, and trace ids have no dashes.
    """
    digits = digits_of(typed)
    return tuple(dict.fromkeys((typed, typed.lower(), *([dashed(digits)] if digits else []))))

"""A UUID as people and other programs write it, and as it stands in ledger and log."""

_DIGITS = 32


def digits_of(typed: str) -> str | None:
    """The hexadecimal digits of a UUID, or of the beginning of one, in any usual spelling; None for what is neither.

    With dashes or without, in capitals, in braces, or as ``urn:uuid:...``.
    """
    digits = typed.strip().lower().removeprefix("urn:uuid:").strip("{}").replace("-", "")
    return digits if 0 < len(digits) <= _DIGITS and set(digits) <= set("0123456789abcdef") else None


def is_whole(typed: str) -> bool:
    """Whether it is a UUID, and not only the beginning of one."""
    return len(digits_of(typed) or "") == _DIGITS


def dashed(digits: str) -> str:
    """The digits as a UUID is stored; of a beginning, as far as it goes."""
    return "-".join(filter(None, (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])))


def spellings(typed: str) -> tuple[str, ...]:
    """How an id, or its beginning, may stand in a log: as it was typed, in small letters, and with a UUID's dashes.

    Other programs' ids may have capitals, and a trace's has no dashes.
    """
    digits = digits_of(typed)
    return tuple(dict.fromkeys((typed, typed.lower(), *([dashed(digits)] if digits else []))))

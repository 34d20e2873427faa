"""Find secrets: by the key of a value, and by what stands before it in a text."""

import re

REDACTED = "[redacted]"

_SECRET_KEYS = frozenset(
    {"passwd", "passphrase", "pwd", "secret", "token", "api_key", "apikey", "authorization", "cookie", "set_cookie"}
    | {"session_id", "session_token", "credential", "credentials", "private_key"}
)
_SECRET_ENDINGS = ("password", "_token", "_secret", "_api_key", "_private_key")
_CAMEL_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_MAX_URL = 512
# The password of a URL ends at the last @ before the path; one with a slash in it ends at the last @ of the word.
_URL = re.compile(
    rf"(://[^\s:/@?#]{{0,{_MAX_URL}}}):(?:[^\s/?#]{{1,{_MAX_URL}}}|(?!\d+[/?#])\S{{1,{_MAX_URL}}})@", re.IGNORECASE
)
_BEARER = re.compile(r"\b(bearer)\s+[\w.~+/=-]{8,}", re.IGNORECASE)
_KEY = re.compile(
    r"""(?<![\w-])([A-Za-z][\w-]*(?:[ ](?:key|id|token))?)(\\*["']?\s*(?:=>?|:)\s*)(?=\S)""", re.IGNORECASE
)
_VALUE = re.compile(
    r"""(?:(?:bearer|basic|digest|token)\s+)?"""
    r"""(?:\\*"(?:[^"\\]|\\[^"])*(?:\\*"|$)|\\*'(?:[^'\\]|\\[^'])*(?:\\*'|$)|[^\s,;&)\]}>"']+)""",
    re.IGNORECASE,
)
_COOKIES = re.compile(r"""[^\s=;,"']+=[^\r\n"']*""")
# "password: must have at least 12 characters" is a sentence about a field, not a password.
_SENTENCE = re.compile(
    r"(?:must|may|can|cannot|should|needs?|is|was|are|has|have|not|no|a|an|the|at|too|only|use|give|leave|enter|expected"
    r"|invalid|missing|required|unknown|wrong|incorrect|expired|empty|field)\b(?!\S*[=:])",
    re.IGNORECASE,
)


def is_secret_key(key: str) -> bool:
    """Whether the key, in any case (``apiKey``, ``API-KEY``), names a secret; ``cookie_dough`` does not."""
    separated = key.strip().replace("-", "_").replace(" ", "_")
    names = (separated.lower(), _CAMEL_HUMP.sub("_", separated).lower())
    return any(name in _SECRET_KEYS or name.endswith(_SECRET_ENDINGS) for name in names)


def without_secrets(text: str) -> str:
    """The text with passwords of URLs, bearer tokens and the values of secret keys redacted.

    It finds ``key=value``, ``key: value`` and their quoted forms. It cannot find a secret that nothing announces.
    """
    if "://" in text:
        text = _URL.sub(rf"\1:{REDACTED}@", text)
    parts, done = [], 0
    for key in _KEY.finditer(text):
        if key.start() >= done and is_secret_key(key[1]) and (end := _end_of_value(text, key)) is not None:
            parts += [text[done : key.end()], REDACTED]
            done = end
    return _BEARER.sub(rf"\1 {REDACTED}", "".join(parts) + text[done:])


def _end_of_value(text: str, key: re.Match[str]) -> int | None:
    start = key.end()
    if key[1].lower().endswith("cookie"):  # a cookie is a name and a value; in a bakery it is something else as well
        found = _COOKIES.match(text, start)
    elif key[2].endswith((" ", "\t", "\n")) and ":" in key[2] and _SENTENCE.match(text, start):
        return None
    else:
        found = _VALUE.match(text, start)
    return found.end() if found else None

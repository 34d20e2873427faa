"""Find the statements in SQL text that end a transaction or control a savepoint."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<gap>\s+|--[^\n]*)
    |(?P<comment>/\*)
    |(?P<escaped>[eE]'(?:[^'\\]|\\.|'')*')
    |(?P<quoted>[uU]&"(?:[^"]|"")*"|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`)
    |(?P<bracketed>\[[^\]]*\])
    |(?P<dollar>\$(?:[^\W\d]\w*)?\$)
    |(?P<word>[^\W\d][\w$]*)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_COMMENT_MARK = re.compile(r"/\*|\*/")
_MOST_TOKENS = 8
"""A statement that controls a transaction has no more, such as ROLLBACK TRANSACTION TO SAVEPOINT a."""
_NAME_BYTES = 63
"""PostgreSQL cuts a longer name."""


class Control(NamedTuple):
    """What a statement does, such as enter or commit, and to which savepoint or prepared transaction.

    A statement beside these that controls nothing is "other".
    """

    does: str
    name: str = ""


# The first letters of most statements, so that they are not read at all.
_NEVER_CONTROL = frozenset({"SEL", "INS", "UPD", "DEL", "WIT", "PRA", "BEG"})
_OTHER = Control("other")
_NOTHING: tuple[Control, ...] = ()


def controls_in(statement: str, *, is_postgresql: bool) -> tuple[Control, ...]:
    """What a statement, or each of several in one string, does to the transaction; empty if none does anything."""
    if statement[:3] in _NEVER_CONTROL and ";" not in statement:
        return _NOTHING
    return _read(statement, is_postgresql)


@lru_cache(512)
def _read(text: str, is_postgresql: bool) -> tuple[Control, ...]:
    statements = _statements(text, is_postgresql)
    if not is_postgresql:  # SQLite takes one statement at a time, and a trigger's has semicolons
        statements = iter([next((one for one in statements if one), [])])
    found = tuple(_control(tokens, is_postgresql) or _OTHER for tokens in statements if tokens)
    return found if any(one is not _OTHER for one in found) else _NOTHING


def _statements(text: str, is_postgresql: bool) -> Iterator[list[str]]:
    """The first tokens of each statement; in the body of a PostgreSQL function, a semicolon ends none."""
    found: list[str] = []
    before, depth = "", 0
    for token in _tokens(text, is_postgresql):
        word = token.upper()
        if found and found[0].upper() == "CREATE" and (depth or before == "BEGIN"):
            depth += (word == "ATOMIC" and not depth) or (depth > 0 and word == "CASE")
            depth -= depth > 0 and word == "END"
        if token == ";" and not depth:
            yield found
            found = []
        elif len(found) < _MOST_TOKENS:
            found.append(token)
        before = word
    yield found


def _tokens(text: str, is_postgresql: bool) -> Iterator[str]:
    position = 0
    while match := _TOKEN.match(text, position):
        position = match.end()
        kind = match.lastgroup
        if kind == "comment":
            position = _end_of_comment(text, position, is_nested=is_postgresql)
        elif kind == "dollar" and is_postgresql:
            end = text.find(match[0], position)
            position = len(text) if end < 0 else end + len(match[0])
            yield "$"
        elif (kind == "bracketed" and is_postgresql) or (kind == "escaped" and not is_postgresql):
            position = match.start() + 1
            yield match[0][0]
        elif kind != "gap":
            yield match[0]


def _end_of_comment(text: str, position: int, *, is_nested: bool) -> int:
    depth = 1
    while depth and (mark := _COMMENT_MARK.search(text, position)):
        position = mark.end()
        if mark[0] == "*/":
            depth -= 1
        elif is_nested:
            depth += 1
    return len(text) if depth else position


def _control(tokens: list[str], is_postgresql: bool) -> Control | None:
    words = [token.upper() for token in tokens]
    if not words:
        return None
    verb, rest = words[0], words[1:2]
    if verb == "SAVEPOINT":
        return Control("enter", _name(tokens[1:], is_postgresql))
    if verb == "RELEASE":
        return Control("release", _name(_without("SAVEPOINT", tokens[1:]), is_postgresql))
    if verb == "PREPARE":
        return Control("prepare", _text(tokens[2:])) if rest == ["TRANSACTION"] else None
    if verb in ("ROLLBACK", "ABORT"):
        if "TO" in words:
            return Control("undo", _name(_without("SAVEPOINT", tokens[words.index("TO") + 1 :]), is_postgresql))
        return Control("rollback prepared", _text(tokens[2:])) if rest == ["PREPARED"] else Control("rollback")
    if verb in ("COMMIT", "END"):
        return Control("commit prepared", _text(tokens[2:])) if rest == ["PREPARED"] else Control("commit")
    return None


def _without(word: str, tokens: list[str]) -> list[str]:
    """The tokens without an optional first word, which may also be the name itself."""
    return tokens[1:] if len(tokens) > 1 and tokens[0].upper() == word else tokens


def _name(tokens: list[str], is_postgresql: bool) -> str:
    """A savepoint's name as the database compares it: SQLite ignores case, PostgreSQL only if it is not quoted."""
    written = tokens[0] if tokens else ""
    is_quoted = written[:1] in tuple("\"'`[")
    name = written[1:-1].replace(written[-1] * 2, written[-1]) if is_quoted else written
    return savepoint_name(name, is_postgresql=is_postgresql, is_quoted=is_quoted)


def savepoint_name(name: str, *, is_postgresql: bool, is_quoted: bool = False) -> str:
    """The name under which a savepoint is known."""
    if not is_quoted or not is_postgresql:
        name = name.lower()
    return name.encode(errors="replace")[:_NAME_BYTES].decode(errors="ignore") if is_postgresql else name


def _text(tokens: list[str]) -> str:
    return tokens[0][1:-1].replace("''", "'") if tokens else ""

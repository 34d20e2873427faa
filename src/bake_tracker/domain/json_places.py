"""Find the line and column of values in a JSON text, for people who open it in an editor."""

import re
from bisect import bisect_right
from collections.abc import Collection

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_LAST = re.compile(r"(\.[^.\[\]]*|\[\d+\])$")


def find_places(text: str, places: Collection[str]) -> dict[str, tuple[int, int]]:
    """Line and column (from 1) of each place, such as ``recipes[2].notes``, or of the nearest object around it."""
    wanted = {part for place in places for part in _with_all_around(place)}
    found: dict[str, int] = {}
    path: list[str] = []
    counts: list[int] = []  # how many values of an array have come so far; -1 for an object
    is_key = False
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in ("}", "]"):
            counts.pop()
            del path[len(counts) :]
            is_key = False
        elif sign == ",":
            is_key = bool(counts) and counts[-1] == -1
        elif sign == ":":
            is_key = False
        elif is_key:
            path[len(counts) - 1 :] = [f".{sign[1:-1]}"]
        else:
            if counts and counts[-1] >= 0:
                path[len(counts) - 1 :] = [f"[{counts[-1]}]"]
                counts[-1] += 1
            place = "".join(path).removeprefix(".")
            if place in wanted:
                found.setdefault(place, token.start())
            if sign in ("{", "["):
                counts.append(-1 if sign == "{" else 0)
                is_key = sign == "{"
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    located: dict[str, tuple[int, int]] = {}
    for place in places:
        near = next((part for part in _with_all_around(place) if part in found), None)
        if near is not None:
            line = bisect_right(starts, found[near])
            located[place] = (line, found[near] - starts[line - 1] + 1)
    return located


def _with_all_around(place: str) -> list[str]:
    """A place and everything around it, from the inside out."""
    around = [place]
    while (shorter := _LAST.sub("", around[-1])) != around[-1]:
        around.append(shorter)
    return [part for part in around if part]

"""The documents show what the API answers, and list all of its problems."""

import doctest
import json
import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from bake_tracker.client import api
from bake_tracker.domain import errors
from bake_tracker.domain.access import Role
from bake_tracker.domain.errors import ServiceError
from bake_tracker.entrypoints.http.problems import STATUS, status_of
from support import ROOT
from support.transcripts import masked
from support.web import Web

DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(pycon|http)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.one_database


def test_the_document_shows_what_the_api_answers(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every session and request runs in order, with a baker's token, on an empty bakery."""
    program = Web().let_in().program(Role.BAKER)
    token = program.headers["Authorization"].removeprefix("Bearer ")
    in_process = {"transport": program._transport}
    sender = api.Sender
    monkeypatch.setattr(api, "Sender", lambda *given, **more: sender(*given, **(more | in_process)))
    names: dict[str, Any] = {"token": token}
    blocks = BLOCK.findall((DOCS / "how-to" / "use-the-api.md").read_text("utf-8"))
    assert {kind for kind, _ in blocks} == {"pycon", "http"}
    for kind, text in blocks:
        if kind == "http":
            assert_answered(program, text)
        else:
            assert_prints(text, names)


def assert_prints(text: str, names: dict[str, Any]) -> None:
    session = doctest.DocTestParser().get_doctest(text, {}, "use-the-api.md", None, 0)
    session.globs = names
    told: list[str] = []
    doctest.DocTestRunner(verbose=False).run(session, out=told.append, clear_globs=False)
    assert "".join(told) == ""


def assert_answered(program: TestClient, text: str) -> None:
    """Status, type and the shown part of the body are the same; the token is the program's own."""
    asked, _, shown = text.partition("\nHTTP/1.1 ")
    (line, headers), body = read(asked)
    method, path, _ = line.split()
    del headers["Authorization"]
    answer = program.request(method, path, headers=headers, content=body)
    (status, expected), content = read(shown)
    assert status.split()[0] == str(answer.status_code)
    assert {name: answer.headers[name] for name in expected} == expected
    wanted, found = json.loads(content), answer.json()
    assert masked(json.dumps(wanted)) == masked(json.dumps({name: found[name] for name in wanted}))


def read(text: str) -> tuple[tuple[str, dict[str, str]], str]:
    head, _, body = text.partition("\n\n")
    first, *headers = head.splitlines()
    return (first, dict(line.split(": ", 1) for line in headers)), body


def kinds_of(family: type[ServiceError]) -> set[type[ServiceError]]:
    return {family}.union(*map(kinds_of, family.__subclasses__()))


def test_every_problem_is_in_the_reference() -> None:
    """It has each code of the domain with its status, and the codes of the framework."""
    rows = re.findall(r"^\| (\d{3}) \| `(\w+)` \|", (DOCS / "reference" / "api.md").read_text("utf-8"), re.MULTILINE)
    roots = {ServiceError, errors.AccessError}  # base classes, never raised
    known = {kind for kind in kinds_of(ServiceError) - roots if kind.__module__ == errors.__name__}
    codes = {(str(status_of(kind.__new__(kind))), kind.code) for kind in known}
    codes |= {("400", "bad_request"), ("404", "not_found"), ("405", "method_not_allowed"), ("413", "too_large")}
    codes |= {("408", "too_slow")}
    assert sorted(rows) == sorted(codes | {("500", "error")})
    assert (ServiceError, 500) == STATUS[-1]

"""The log as pages and as events: what was done and refused, by whom, in which transaction, and as it happens."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bake_tracker.domain.access import Role
from bake_tracker.domain.errors import ServiceError
from bake_tracker.entrypoints.web.log import events as log_events
from bake_tracker.entrypoints.web.log import transactions
from bake_tracker.log import slices
from bake_tracker.log.append import AppendHandler
from bake_tracker.log.tell import bound_log_context
from bake_tracker.services.access.accounts import record_user_change
from bake_tracker.services.access.sign_in import close_sign_in
from bake_tracker.services.database import run_in_transaction
from support.kitchen import Kitchen
from support.log.makers import at, line, write
from support.web import Web, statements

pytestmark = pytest.mark.one_database


@pytest.fixture
def web(log_path: Path) -> Web:
    """The application with three people, and a log."""
    return Web().let_in()


@pytest.fixture
def log_path(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The log file."""
    path = tmp_path / "bakery.log.jsonl"
    monkeypatch.setenv("BAKE_TRACKER_LOG_FILE", str(path))
    root, handler, level = logging.getLogger(), AppendHandler(path), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel("INFO")
    yield path
    root.removeHandler(handler)
    root.setLevel(level)
    handler.close()


def _refuse(kitchen: Kitchen) -> dict[str, Any]:
    with pytest.raises(ServiceError) as refused:
        kitchen.produce("Cookies", "Cookie", 1_000, 24)
    return {"operation_id": refused.value.bake_operation_id}  # type: ignore[attr-defined]


def test_the_log_says_what_was_done_and_what_was_refused(kitchen: Kitchen, web: Web) -> None:
    """The page uses plain words and names the person; it filters by outcome, operation, person and time."""
    kitchen.simple_bakery()
    with bound_log_context(actor="Bao"):
        kitchen.produce("Cookies", "Cookie", 1, 24)
        _refuse(kitchen)
    viewer = web.browser(Role.VIEWER)
    page = viewer.get("/log").text
    for text in (
        ">Baked</a>",
        "24 cookie",
        "refused: insufficient inventory",
        "flour: 500000 g needed",
        "<td>Bao</td>",
    ):
        assert text in page

    def rows(**asked: str) -> int:
        return viewer.get("/log", params=asked).text.count("<time")

    today = datetime.now(UTC).date()
    assert rows(outcome="refused") == 1
    assert rows(outcome="done", operation="record_batch_production") == 1
    assert rows(actor="Bao") == 2
    assert rows(actor="Bao", until=str(today - timedelta(days=2))) == 0
    assert rows(actor="Bao", since=str(today - timedelta(days=2))) == 2
    assert rows(outcome="asked") == 0
    assert "No match." in viewer.get("/log?actor=Nobody").text
    assert [viewer.get(f"/log?{bad}").status_code for bad in ("outcome=x", "since=x", "until=x")] == [422] * 3
    assert rows(actor="Bao", since="0001-01-01", until="9999-12-31") == 2


def test_only_the_owner_sees_sign_ins(kitchen: Kitchen, web: Web) -> None:
    """Lines that are not operations may say where a sign-in came from."""
    web.client(headers={"Accept": "text/html"}).get("/")
    assert web.browser(Role.BAKER).get("/log?outcome=others").status_code == 403
    assert "sign in needed" in web.browser(Role.OWNER).get("/log?outcome=others").text
    assert "Everything else" not in web.browser(Role.BAKER).get("/log").text


def test_the_owner_sees_what_broke_and_where(kitchen: Kitchen, web: Web, log_path: Path) -> None:
    """The example leads to its transaction; nobody else is offered the page."""
    owner = web.browser(Role.OWNER)
    assert "Nothing broke." in owner.get("/log/errors").text
    exception = {"type": "KeyError", "message": "<b>", "frames": ["/src/bake_tracker/services/x.py:12 record_x"]}
    told = {
        "timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        "operation": "record_receipt",
        "outcome": "error",
    }
    told |= {"operation_id": "0192f0c1-6a43-7d0e-9a51-3f1f5c0b8c00", "exception": exception}
    with log_path.open("a", encoding="utf-8") as file:
        file.write('{"level":"ERROR"\n' + f"{json.dumps(told)}\n" * 2)
    page = owner.get("/log/errors").text
    assert "KeyError: &lt;b&gt;" in page
    for text in ("bake_tracker/services/x.py:12 record_x", 'href="/log/0192f0c1', ">2</td>", "1 line of"):
        assert text in page
    assert 'href="/log/errors"' in owner.get("/log").text
    assert 'href="/log/errors"' not in web.browser(Role.BAKER).get("/log").text
    assert web.browser(Role.BAKER).get("/log/errors").status_code == 403


def test_the_log_is_paged_back_in_bounded_steps(kitchen: Kitchen, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line is on exactly one page; a rare one is searched for in steps."""
    for number in range(10):
        kitchen.ingredient(f"Spice {number}")
    monkeypatch.setattr(transactions, "SHOWN", 4)
    viewer = web.browser(Role.VIEWER)
    seen, path = 0, "/log"
    while path:
        page = viewer.get(path).text
        seen += page.count("<time")
        path = page.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
        path = path if 'rel="next"' in page else ""
    assert seen == viewer.get("/operations").text.count("<time")
    monkeypatch.setattr(slices, "MOST_READ", 5)
    looks, path = 0, "/log?actor=Nobody"
    while 'rel="next"' in (page := viewer.get(path).text):
        assert "Look further back" in page
        path = page.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
        looks += 1
    assert looks >= 2


def test_a_transaction_is_drawn_with_why_it_was_refused(kitchen: Kitchen, web: Web) -> None:
    """It shows the shortage then and the stock now; a recorded one leads to its page and names its lots."""
    kitchen.simple_bakery()
    done, refused = kitchen.produce("Cookies", "Cookie", 1, 24), _refuse(kitchen)
    viewer = web.browser(Role.VIEWER)
    told = viewer.get(f"/log/{done['operation_id']}").text
    assert "One transaction, committed" in told
    assert "Took 500 g of flour" in told
    assert f'href="/operations/{done["operation_id"]}"' in told
    why = viewer.get(f"/log/{refused['operation_id']}").text
    assert "Why it was refused" in why
    assert "Still 490.5 kg short." in why
    kitchen.receive("Flour", 1_000, "kg", 1)
    kitchen.receive("Sugar", 1_000, "kg", 1)
    assert "There is enough: 1,009.5 kg." in viewer.get(f"/log/{refused['operation_id']}").text
    assert [viewer.get(f"/log/{bad}").status_code for bad in ("short", "0" * 36, "x" * 200)] == [404] * 3


def test_the_log_sends_as_many_statements_however_many_lines(kitchen: Kitchen, web: Web) -> None:
    """All names on the lines are loaded at once."""
    kitchen.simple_bakery()
    viewer = web.browser(Role.VIEWER)
    counts = []
    for _ in range(2):
        with statements() as sent:
            viewer.get("/log")
        with statements() as sent_for_list:
            viewer.get("/operations")
        counts.append((len(sent), len(sent_for_list)))
        for _ in range(10):
            kitchen.produce("Cookies", "Cookie", 1, 24)
    assert counts[0] == counts[1]


def test_without_a_log_the_page_says_so_and_shows_the_ledger(
    kitchen: Kitchen, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty page could be mistaken for a quiet day."""
    kitchen.simple_bakery()
    done = kitchen.produce("Cookies", "Cookie", 1, 24)
    monkeypatch.setenv("BAKE_TRACKER_LOG_FILE", "/dev/null")
    viewer = web.browser(Role.VIEWER)
    page = viewer.get("/log").text
    assert "This server writes no log file" in page
    assert f'href="/operations/{done["operation_id"]}">Baked</a>' in page
    assert viewer.get("/log/events").status_code == 204
    assert "The log has no line for it" in viewer.get(f"/log/{done['operation_id']}").text


def test_events_continue_after_the_last_line_that_a_browser_saw(kitchen: Kitchen, web: Web) -> None:
    """Lines written meanwhile come first; a server that stops ends the stream."""
    kitchen.simple_bakery()
    viewer = web.browser(Role.VIEWER)
    after = viewer.get("/log").text.partition('data-log-after="')[2].partition('"')[0]
    done = kitchen.produce("Cookies", "Cookie", 1, 24)
    _refuse(kitchen)
    web.app.state.is_stopping = True
    stream = viewer.get("/log/events", params={"after": after})
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert stream.text.startswith("retry: ")
    assert stream.text.count("event: line\n") == 2
    assert stream.text.index(f"/log/{done['operation_id']}") < stream.text.index("refused: insufficient")
    only = viewer.get("/log/events", params={"after": after, "outcome": "refused"}).text
    assert only.count("event: line\n") == 1
    mark = stream.text.partition("\nid: ")[2].partition("\n")[0]
    again = viewer.get("/log/events", params={"after": after}, headers={"Last-Event-ID": mark}).text
    assert again.count("event: line\n") == 1
    assert web.app.state.listeners.total() == 0


def test_events_end_for_a_user_who_may_no_longer_see_them(
    kitchen: Kitchen, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Access is checked at every heartbeat; the number of listeners is limited, in all and for each person."""
    kitchen.simple_bakery()
    monkeypatch.setattr(log_events, "HEARTBEAT_S", 0.0)
    monkeypatch.setattr(log_events, "PAUSE_S", 0.0)
    allowed = iter([True, True, False])
    monkeypatch.setattr(log_events, "_is_let_in", lambda *_: next(allowed))
    viewer = web.browser(Role.VIEWER)
    assert viewer.get("/log/events").text.count(": still here") == 2
    web.app.state.listeners[web.ids[Role.VIEWER]] = transactions.MOST_OF_ONE
    baker = web.browser(Role.BAKER)
    allowed = iter([False, False])
    assert [viewer.get("/log/events").status_code, baker.get("/log/events").status_code] == [429, 200]
    monkeypatch.setattr(transactions, "MOST_LISTENERS", transactions.MOST_OF_ONE)
    assert baker.get("/log/events").status_code == 429


@pytest.mark.parametrize("way", ["signs out", "is disabled", None])
def test_no_line_is_sent_after_access_has_ended(
    kitchen: Kitchen, web: Web, monkeypatch: pytest.MonkeyPatch, way: str | None
) -> None:
    """A line written in the same moment is not sent either; if nothing ends the access, it is."""
    kitchen.simple_bakery()
    monkeypatch.setattr(log_events, "PAUSE_S", 0.0)
    viewer = web.browser(Role.VIEWER)
    new_events, asked = log_events._new_events, []

    def meanwhile(*given: Any) -> list[str]:
        if not asked:
            if way == "signs out":
                run_in_transaction(lambda session: close_sign_in(session, viewer.cookies["bake_sign_in"]))
            elif way:
                viewer_id = web.ids[Role.VIEWER]
                run_in_transaction(lambda session: record_user_change(viewer_id, is_disabled=True, session=session))
            kitchen.produce("Cookies", "Cookie", 1, 24)
        asked.append(given)
        web.app.state.is_stopping = len(asked) == 3
        return new_events(*given)

    monkeypatch.setattr(log_events, "_new_events", meanwhile)
    assert viewer.get("/log/events").text.count("event: line\n") == (way is None)
    assert len(asked) == (3 if way is None else 1)


def test_two_spans_and_what_lines_have_in_common_are_asked_on_pages(
    kitchen: Kitchen, web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same answers as at the command line, and the same refusals of what cannot be asked."""
    lines = [line(number, till=f"till-{number % 3}") for number in range(60)]
    lines += [line(number, "conflict", till="till-9") for number in range(60, 90)]
    monkeypatch.setenv("BAKE_TRACKER_LOG_FILE", str(write(tmp_path / "told.log.jsonl", [*lines, "{"])))
    viewer = web.browser(Role.VIEWER)
    spans = {"before": f"{at(0)}..{at(60)}", "after": f"{at(60)}..{at(120)}"}
    changed = viewer.get("/log/changes", params=spans).text
    assert "0.0 % → 100.0 %" in changed
    assert "<td>refusals</td>" in changed
    assert "1 line of the log cannot be read" in changed
    assert "Nothing ended in either of them." in viewer.get("/log/changes").text
    ask = {"where": "outcome=conflict\n", "among": " operation=record_receipt", "since": "2026-11-23"}
    common = viewer.get("/log/causes", params=ask).text
    assert "30 match, 60 do not" in common
    assert "till=till-9" in common
    assert "100.0 %" in common
    for where, says in (("outcome=lost", "No operation matches"), ("outcome!=", "Every operation matches")):
        assert says in viewer.get("/log/causes", params=ask | {"where": where, "among": ""}).text
    assert "match" not in viewer.get("/log/causes").text.partition("<h1")[2].partition("</form>")[2]
    for path, query in (
        ("changes", {"before": "1d..2d"}),
        ("causes", {"where": "outcome"}),
        ("causes", {"where": "outcome=error", "since": "soon"}),
    ):
        assert viewer.get(f"/log/{path}", params=query).status_code == 422
    page = viewer.get("/log").text
    assert 'href="/log/changes"' in page
    assert 'href="/log/causes"' in page

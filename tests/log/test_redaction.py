"""Secrets in error texts are redacted, and sentences about a bakery stay as they are."""

import json
import logging
import time

import pytest

from bake_tracker.log.format import JsonFormatter, exception_field
from bake_tracker.log.redaction import without_secrets
from bake_tracker.log.values import error_text

SECRET = "hunter2hunter2"
ANNOUNCED = (
    f"cannot reach postgresql://baker:{SECRET}@db.example/bakery?sslmode=require",
    f"cannot reach postgresql://baker:{SECRET}/{SECRET}@db.example/bakery",
    f"cannot reach postgresql://baker:{SECRET}@{SECRET}@db.example/bakery",
    f"redis://:{SECRET}@cache/0 is down",
    f"host=db user=baker password={SECRET} dbname=bakery",
    f"password='{SECRET} with a space'",
    f'password = "{SECRET}, a comma',
    f"{{'user': 'baker', 'password': '{SECRET}'}}",
    f'{{"api_key": "{SECRET}", "user": "baker"}}',
    f'in a string: {{\\"api_key\\": \\"{SECRET}\\"}}',
    f"PGPASSWORD={SECRET} psql",
    f"Server=db;UID=baker;PWD={SECRET};",
    f"GET /hook?token={SECRET}&till=2",
    f"password: {SECRET}",
    f"dbPassword => {SECRET}",
    f"the api key: {SECRET}",
    f"Authorization: Bearer {SECRET}.abc",
    f"authorization: Basic {SECRET}==",
    f"the header was bearer {SECRET}",
    f"Set-Cookie: session={SECRET}; Path=/; other={SECRET}",
    f"client_secret:{SECRET}",
)
READABLE = (
    "password: must have at least 12 characters",
    "flour: 3 kg short; cookie: 4 each short",
    "cookie=4, dough=2",
    "recipe_id=7 token_count=12 session_count: 3",
    "DETAIL: Key (name)=(flour) already exists.",
    "secret_santa_box: only 3 on hand",
    "see http://host:8000/stock?by=ada@example.com and https://host/a:b@c",
    "no such table: operation",
    "12:30: the oven is too hot",
)


@pytest.mark.parametrize("text", ANNOUNCED)
def test_an_announced_secret_is_redacted(text: str) -> None:
    """This holds in the error's text, in the exception field, and in a message of another library."""
    error = RuntimeError(text)
    foreign = logging.LogRecord("driver", logging.ERROR, "", 0, text, (), (RuntimeError, error, None))
    told = [error_text(error), json.dumps(exception_field(error)), JsonFormatter().format(foreign)]
    assert ["hunter2" in one for one in told] == [False, False, False]
    assert ["[redacted]" in one for one in told] == [True, True, True]


@pytest.mark.parametrize("text", READABLE)
def test_a_text_without_a_secret_stays_readable(text: str) -> None:
    """An error has to say what is wrong."""
    assert without_secrets(text) == text


@pytest.mark.parametrize("text", ["a " * 8_000, "://a:b" * 3_000, "password=" * 2_000, "password='" + "\\'" * 8_000])
def test_no_text_takes_long(text: str) -> None:
    """An error's text comes from anywhere; the time grows with its length only."""
    begun = time.process_time()
    without_secrets(text)
    assert time.process_time() - begun < 0.5

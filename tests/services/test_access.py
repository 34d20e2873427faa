"""Who may sign in: users, roles, tokens and attempts; their secrets are stored only as hashes."""

import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bake_tracker.clock import now, uuid7
from bake_tracker.domain.access import (
    ATTEMPTS_OF_NAME_AT_ADDRESS,
    Role,
    attempt_limits,
    password_problem,
    secret_sha256,
)
from bake_tracker.domain.errors import ApiTokenNotFoundError, ConflictError, UserNotFoundError, ValidationError
from bake_tracker.log.format import JsonFormatter
from bake_tracker.queries.archive.rows import archived_tables
from bake_tracker.queries.catalog.people import (
    find_signed_in,
    find_token_caller,
    find_user,
    load_api_tokens,
    load_users,
)
from bake_tracker.services.access import accounts, passwords, sign_in
from bake_tracker.services.access.passwords import new_secret, verify_password
from bake_tracker.services.archive.backup import restore_backup, write_backup
from bake_tracker.services.database import read_scope, run_in_transaction, session_scope
from bake_tracker.services.reversal import record_reversal
from support.kitchen import Kitchen

PASSWORD = "planted: a loaf of rye"
OTHER = "planted: a bun of wheat"
TOKEN = "bake_planted_" + "t" * 40
SECRETS = (PASSWORD, OTHER, TOKEN)
HASHER = passwords._hasher
"""The real hasher; tests use a lighter one."""


def write(work: Callable[..., Any], *given: Any, **more: Any) -> Any:
    return run_in_transaction(lambda session: work(*given, session=session, **more))


def owner() -> int:
    return int(write(accounts.record_user, "Ada", PASSWORD, "owner", is_first=True)["user_id"])


def signed_in(user_id: int, token: str = "cookie") -> str:
    run_in_transaction(lambda session: sign_in.open_sign_in(session, user_id, token, "Ada", "::1"))
    return token


def whose(token: str) -> str | None:
    with read_scope() as session:
        caller = find_signed_in(session, token, now())
    return caller.name if caller else None


def test_the_first_user_is_the_owner_and_only_one_is_first(kitchen: Kitchen) -> None:
    """Of several set-ups at once one succeeds; the stored argon2 hash verifies the password."""

    def set_up(name: str) -> bool:
        try:
            write(accounts.record_user, name, PASSWORD, "owner", is_first=True)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(set_up, ["Ada", "Eve", "Bob", "Zoe"])) == [False, False, False, True]
    (kept,) = kitchen.rows("SELECT password_hash FROM bakery_user")
    assert kept[0].startswith("$argon2id$")
    assert [verify_password(PASSWORD, kept[0]), verify_password(OTHER, kept[0]), verify_password(OTHER, None)] == [
        True,
        False,
        False,
    ]


def test_a_guess_at_a_password_costs_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside the tests, a hash takes 64 MB and three passes."""
    monkeypatch.setattr(passwords, "_hasher", HASHER)
    assert passwords.hash_password(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_no_secret_reaches_the_history_or_the_log(kitchen: Kitchen, caplog: pytest.LogCaptureFixture) -> None:
    """Calls that succeed, fail, repeat or break leave only hashes of the planted passwords and tokens."""
    caplog.set_level(logging.DEBUG)
    user_id = owner()
    operation_id = uuid7()
    for _ in range(2):  # the second is a replay
        write(accounts.record_password, user_id, PASSWORD, operation_id=operation_id)
    write(accounts.record_api_token, user_id, "Till", "baker", TOKEN)
    for call in (
        lambda s: accounts.record_user("Ada", OTHER, "baker", session=s),
        lambda s: accounts.record_user("Eve", OTHER, "cook", session=s, operation_id="no"),
        lambda s: accounts.record_password(99, OTHER, session=s),
        lambda s: accounts.record_password(user_id, OTHER, session=s, operation_id=operation_id),
        lambda s: accounts.record_api_token(99, "Till", "baker", TOKEN, session=s),
    ):
        with pytest.raises((ConflictError, ValidationError, UserNotFoundError)) as refused:
            run_in_transaction(call)
        assert not any(secret in str(refused.value) for secret in SECRETS)
    with pytest.raises(ZeroDivisionError), session_scope() as session:
        accounts.record_user("Eve", OTHER, "baker", session=session)
        raise ZeroDivisionError
    signed_in(user_id, OTHER)
    lines = [JsonFormatter().format(record) for record in caplog.records if record.name.startswith("bake_tracker")]
    assert {json.loads(line)["outcome"] for line in lines} >= {"started", "success", "replayed", "conflict"}
    rows = [str(row) for table in ("operation", "bakery_user", "sign_in", "api_token", "sign_in_attempts")
            for row in kitchen.rows(f"SELECT * FROM {table}")]  # fmt: skip
    assert [one for one in (*lines, *rows) if any(secret in one for secret in SECRETS)] == []
    hashes = [secret_sha256(TOKEN), secret_sha256(OTHER)]
    assert [one for one in (*lines, *(r for r in rows if "record_" in r)) if any(each in one for each in hashes)] == []


def test_one_id_is_for_one_password(kitchen: Kitchen) -> None:
    """A retry with another password is refused, while the user's hash can tell; afterwards it answers as before."""
    first, second, third = uuid7(), uuid7(), uuid7()
    made = write(accounts.record_user, "Ada", PASSWORD, "owner", operation_id=first)
    user_id = made["user_id"]
    assert write(accounts.record_user, "Ada", PASSWORD, "owner", operation_id=first) == made
    with pytest.raises(ConflictError, match="already used for another password; use a new id"):
        write(accounts.record_user, "Ada", OTHER, "owner", operation_id=first)
    done = write(accounts.record_password, user_id, OTHER, operation_id=second)
    assert write(accounts.record_password, user_id, OTHER, operation_id=second) == done
    with pytest.raises(ConflictError, match="already used for another password"):
        write(accounts.record_password, user_id, PASSWORD, operation_id=second)
    assert write(accounts.record_user, "Ada", PASSWORD, "owner", operation_id=first) == made
    write(accounts.record_password, user_id, PASSWORD, operation_id=third)
    assert write(accounts.record_password, user_id, OTHER, operation_id=second) == done
    with read_scope() as session:
        assert verify_password(PASSWORD, find_user(session, "Ada").password_hash)  # type: ignore[union-attr]  # it is


def test_a_retry_in_another_installation_answers_as_before(sqlite_url: str, tmp_path: Path) -> None:
    """Users are not restored, so the user with this id may be somebody else."""
    operation_id = uuid7()
    made = write(accounts.record_user, "Ada", PASSWORD, "owner", operation_id=operation_id)
    write_backup(tmp_path / "backup.jsonl")
    other = f"sqlite:///{tmp_path}/other.db"
    restore_backup(tmp_path / "backup.jsonl", other)

    def again(password: str) -> Any:
        return run_in_transaction(
            lambda s: accounts.record_user("Ada", password, "owner", session=s, operation_id=operation_id), other
        )

    assert again(PASSWORD) == made
    run_in_transaction(lambda s: accounts.record_user("Eve", OTHER, "owner", session=s, is_first=True), other)
    assert again(PASSWORD) == made


def test_a_password_is_long_and_not_the_name(sqlite_url: str) -> None:
    """The refusal contains no character of it."""
    assert password_problem("too short", "Ada") is not None
    assert password_problem("x" * 12, "Ada") is not None
    assert password_problem("Ada Lovelace", "ada lovelace") is not None
    assert password_problem(PASSWORD, "Ada") is None
    user_id = int(write(accounts.record_user, "Ada Lovelace", PASSWORD, "owner")["user_id"])
    with pytest.raises(ValidationError, match="password: is too easy"):
        write(accounts.record_password, user_id, "ada lovelace")


def test_an_owner_is_always_left(sqlite_url: str) -> None:
    """The last owner can be neither demoted nor disabled until there is another."""
    user_id = owner()
    for change in ({"role": "baker"}, {"is_disabled": True}):
        with pytest.raises(ConflictError, match="no owner would be left"):
            write(accounts.record_user_change, user_id, **change)
    eve = write(accounts.record_user, "Eve", PASSWORD, "owner")["user_id"]
    assert write(accounts.record_user_change, user_id, role="viewer")["role"] == "viewer"
    with read_scope() as session:
        assert [(one["user_id"], one["role"]) for one in load_users(session)] == [(user_id, "viewer"), (eve, "owner")]


def test_a_disabled_user_or_a_new_password_is_signed_out(kitchen: Kitchen) -> None:
    """This happens at once in every browser; an expired or unknown cookie signs nobody in."""
    user_id = owner()
    write(accounts.record_user, "Eve", PASSWORD, "owner")
    assert [whose(signed_in(user_id)), whose("other")] == ["Ada", None]
    write(accounts.record_password, user_id, OTHER)
    assert whose("cookie") is None
    signed_in(user_id)
    write(accounts.record_user_change, user_id, is_disabled=True)
    assert whose("cookie") is None
    write(accounts.record_user_change, user_id, is_disabled=False)
    run_in_transaction(lambda session: session.execute(text("DELETE FROM sign_in")))
    signed_in(user_id)
    with read_scope() as session:
        assert find_signed_in(session, "cookie", now() + sign_in.LASTS + timedelta(seconds=1)) is None
    run_in_transaction(lambda session: sign_in.close_sign_in(session, "cookie"))
    assert whose("cookie") is None


def test_a_token_may_do_no_more_than_its_user(kitchen: Kitchen) -> None:
    """The lesser role counts; a revoked or expired token is refused; its last use is stored now and then."""
    user_id = owner()
    write(accounts.record_user, "Eve", PASSWORD, "owner")
    made = write(accounts.record_api_token, user_id, "Till", "baker", TOKEN, expires_at=now() + timedelta(days=1))

    def caller(at: Any = None) -> Any:
        with read_scope() as session:
            return find_token_caller(session, TOKEN, at or now())

    assert caller().role is Role.BAKER
    write(accounts.record_user_change, user_id, role="viewer")
    assert caller().role is Role.VIEWER
    assert caller(now() + timedelta(days=2)) is None
    assert sign_in.is_worth_noting(caller())
    run_in_transaction(lambda session: sign_in.note_use(session, caller()))
    assert not sign_in.is_worth_noting(caller())
    write(accounts.record_api_token_revocation, made["api_token_id"])
    assert caller() is None
    with pytest.raises(ApiTokenNotFoundError):
        write(accounts.record_api_token_revocation, made["api_token_id"])
    with read_scope() as session:
        (row,) = load_api_tokens(session, user_id)
    assert (row["name"], row["user"], row["role"], row["revoked_at"] is None) == ("Till", "Ada", "baker", False)


def test_attempts_are_counted_over_all_processes(kitchen: Kitchen) -> None:
    """Only a few of many at once may try the password; signing in resets the count; each address has its own."""
    user_id = owner()

    def attempt(address: str) -> int:
        return run_in_transaction(lambda session: sign_in.take_attempt(session, " ADA ", address))[0]

    with ThreadPoolExecutor(4) as pool:
        waits = list(pool.map(attempt, ["::1"] * (ATTEMPTS_OF_NAME_AT_ADDRESS + 3)))
    assert waits.count(0) == ATTEMPTS_OF_NAME_AT_ADDRESS
    assert all(0 <= wait <= 15 * 60 + 1 for wait in waits)
    assert attempt("2001:db8::2") == 0
    signed_in(user_id)
    assert attempt("::1") == 0


def test_an_ipv6_network_counts_as_one_address() -> None:
    """Its subscriber may use a new address for every guess; others, and IPv4 addresses, count by themselves."""
    same = [attempt_limits("Ada", f"2001:db8::{host}") for host in ("1", "ffff:1", "1%eth0")]
    assert same[0] == same[1] == same[2]
    others = ["2001:db8:0:1::1", "::1", "10.0.0.1", "10.0.0.2", "testclient", ""]
    assert len({str(attempt_limits("Ada", one)) for one in ("2001:db8::1", *others)}) == 1 + len(others)
    assert attempt_limits("Ada", "::ffff:10.0.0.1") == attempt_limits("Ada", "10.0.0.1")


def test_users_and_tokens_are_neither_backed_up_nor_undone(sqlite_url: str) -> None:
    """A backup has no hash, and the refusal to undo says what to do instead."""
    assert not {"bakery_user", "sign_in", "api_token", "sign_in_attempts"} & {t.name for t in archived_tables()}
    done = write(accounts.record_user, "Ada", PASSWORD, "owner")
    with pytest.raises(ValidationError, match="disable the user"):
        write(record_reversal, done["operation_id"], "mistyped")


def test_secrets_are_long_and_random() -> None:
    """No two are the same, and a prefix shows their kind."""
    assert new_secret("bake_") != new_secret("bake_")
    assert len(new_secret()) >= accounts.SHORTEST_TOKEN
    assert new_secret("bake_").startswith("bake_")

"""Sign-ins. They are not history, and so not operations; entry points log them after the transaction."""

from datetime import datetime, timedelta

from sqlalchemy import case, delete, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bake_tracker.clock import now
from bake_tracker.domain.access import ATTEMPTS_WITHIN, attempt_limits, secret_sha256, wait_s
from bake_tracker.models import tables
from bake_tracker.queries.catalog.people import Caller, KnownUser, find_user

LASTS = timedelta(hours=12)
USED_IS_NOTED_EVERY = timedelta(minutes=1)


def take_attempt(session: Session, name: str, address: str) -> tuple[int, KnownUser | None]:
    """Count an attempt before the password is checked; return the seconds to wait and the user it may be.

    The caller commits this whatever happens next, so that many simultaneous attempts, in any number of processes, are
    limited just like attempts one after another.
    """
    at = now()
    limits = attempt_limits(name, address)
    session.execute(delete(tables.sign_in_attempts).where(tables.sign_in_attempts.c.since < at - ATTEMPTS_WITHIN))
    taken = []
    for key in sorted(limits):  # always in the same order, to avoid a deadlock
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        is_old = tables.sign_in_attempts.c.since < at - ATTEMPTS_WITHIN
        one_more = {
            "count": case((is_old, 1), else_=tables.sign_in_attempts.c.count + 1),
            "since": case((is_old, at), else_=tables.sign_in_attempts.c.since),
        }
        statement = (
            dialect.insert(tables.sign_in_attempts)
            .values(key=key, count=1, since=at)
            .on_conflict_do_update(index_elements=[tables.sign_in_attempts.c.key], set_=one_more)
            .returning(tables.sign_in_attempts.c.count, tables.sign_in_attempts.c.since)
        )
        count, since = session.execute(statement).one()
        taken.append((count, limits[key], since))
    return wait_s(taken, at), find_user(session, name)


def open_sign_in(session: Session, user_id: int, token: str, name: str, address: str) -> datetime:
    """Sign in the browser with this token and return when that expires; reset the attempts of this name and address."""
    at = now()
    session.execute(delete(tables.sign_in).where(tables.sign_in.c.expires_at < at))
    row = {"token_sha256": secret_sha256(token), "user_id": user_id, "created_at": at, "expires_at": at + LASTS}
    session.execute(insert(tables.sign_in), row)
    session.execute(
        delete(tables.sign_in_attempts).where(tables.sign_in_attempts.c.key.in_(attempt_limits(name, address)))
    )
    return at + LASTS


def close_sign_in(session: Session, token: str) -> None:
    """Sign out the browser with this token."""
    session.execute(delete(tables.sign_in).where(tables.sign_in.c.token_sha256 == secret_sha256(token)))


def is_worth_noting(caller: Caller) -> bool:
    """Whether the last recorded use of this API token is old enough to record another."""
    last = caller.api_token_last_used_at
    return caller.api_token_id is not None and (last is None or last < now() - USED_IS_NOTED_EVERY)


def note_use(session: Session, caller: Caller) -> None:
    """Record that an API token was just used."""
    session.execute(
        update(tables.api_token).where(tables.api_token.c.id == caller.api_token_id).values(last_used_at=now())
    )

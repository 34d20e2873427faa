"""Sign-ins. They are not history, and so not operations; entry points log them after the transaction."""

from datetime import timedelta

from sqlalchemy import case, delete, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bake_tracker.clock import now
from bake_tracker.domain.access import ATTEMPTS_WITHIN, attempt_limits, knows_device, secret_sha256, wait_s, with_user
from bake_tracker.models import tables
from bake_tracker.queries.catalog.people import Caller, KnownUser, find_user, load_user
from bake_tracker.services.access.passwords import new_secret

LASTS = timedelta(hours=12)
USED_IS_NOTED_EVERY = timedelta(minutes=1)


def take_attempt(session: Session, name: str, address: str, device: str | None = None) -> tuple[int, KnownUser | None]:
    """Count an attempt before the password is checked; return the seconds to wait and the user it may be.

    ``device`` is the cookie of the browser, if it has one; see ``attempt_limits``.

    The caller commits this whatever happens next, so that many simultaneous attempts, in any number of processes, are
    limited just like attempts one after another.
    """
    at = now()
    user = find_user(session, name)
    is_known = user is not None and device is not None and knows_device(user.password_hash, device)
    limits = attempt_limits(name, address, device if is_known else None)
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
    return wait_s(taken, at), user


def open_sign_in(session: Session, user_id: int, token: str, name: str, address: str, device: str | None = None) -> str:
    """Sign in the browser with this token; return the cookie by which its device is known from now on.

    The attempts of this name, address and device start again.
    """
    at = now()
    device = with_user(device or new_secret(), load_user(session, user_id).password_hash)
    keys = {*attempt_limits(name, address), *attempt_limits(name, address, device)}
    session.execute(delete(tables.sign_in).where(tables.sign_in.c.expires_at < at))
    row = {"token_sha256": secret_sha256(token), "user_id": user_id, "created_at": at, "expires_at": at + LASTS}
    session.execute(insert(tables.sign_in), row)
    session.execute(delete(tables.sign_in_attempts).where(tables.sign_in_attempts.c.key.in_(keys)))
    return device


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

"""Undo on behalf of a caller, who may undo only what they may do."""

from collections.abc import Callable
from typing import Any

from fastapi import Request

from bake_tracker.domain.access import Role, check_may_undo
from bake_tracker.entrypoints.http.access import caller_of
from bake_tracker.services.reversal import ReversalResult, record_reversal


def undoing_as(request: Request) -> Callable[..., ReversalResult]:
    """``record_reversal`` for a caller; refused as a whole if any part of it needs an owner.

    Raises:
        ForbiddenError: at the call, inside the transaction, which then rolls back.
    """
    caller = caller_of(request)
    role = caller.role if caller else Role.VIEWER

    def undo(*given: Any, **named: Any) -> ReversalResult:
        done = record_reversal(*given, **named)
        also = (one["reversed_operation"] for one in done["also_reversed"])
        check_may_undo(role, [done["reversed_operation"], *also])
        return done

    return undo

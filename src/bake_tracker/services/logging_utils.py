"""The public name of the log for other programs; the code is in ``bake_tracker.log``."""

from bake_tracker.log.append import AppendHandler
from bake_tracker.log.events import fields_of
from bake_tracker.log.format import ConsoleFormatter, JsonFormatter
from bake_tracker.log.tell import bound_log_context, bound_value, get_service_logger, log_operation

__all__ = [
    "AppendHandler",
    "ConsoleFormatter",
    "JsonFormatter",
    "bound_log_context",
    "bound_value",
    "fields_of",
    "get_service_logger",
    "log_operation",
]

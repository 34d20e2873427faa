"""The public name of the log for other programs; the code is in ``bake_tracker.log.tell``."""

from bake_tracker.log.tell import bound_log_context, bound_value, get_service_logger, log_operation

__all__ = ["bound_log_context", "bound_value", "get_service_logger", "log_operation"]

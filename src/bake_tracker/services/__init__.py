"""What is done: the only writers; plain functions in the caller's session."""

from bake_tracker.log.tell import get_service_logger, log_operation

__all__ = ["get_service_logger", "log_operation"]

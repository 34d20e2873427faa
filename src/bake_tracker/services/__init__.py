"""The only writers: plain functions that work in the caller's session."""

from bake_tracker.log.tell import get_service_logger, log_operation

__all__ = ["get_service_logger", "log_operation"]

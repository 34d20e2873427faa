"""Queries: SELECT only, in the caller's session."""

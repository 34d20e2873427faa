"""Questions: SELECT only, in the caller's session."""

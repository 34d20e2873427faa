"""What is asked: SELECT only, in the caller's session."""

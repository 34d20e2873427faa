"""Compare the log with the database, and write lines that a crash lost."""

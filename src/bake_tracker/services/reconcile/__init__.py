"""Compare the log with the database, and write the lines that a crash lost."""

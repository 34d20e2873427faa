"""What is true: pure functions and frozen values, without a database, a clock or a log."""

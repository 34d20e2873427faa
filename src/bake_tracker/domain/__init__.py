"""The rules of a bakery: pure functions and frozen values, without a database, a clock or a log."""

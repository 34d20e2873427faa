"""Structured logging: events, lines, files and spans. Knows nothing about bakeries."""

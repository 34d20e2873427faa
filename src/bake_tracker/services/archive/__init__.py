"""Backup, restore and move: all of a bakery, exactly, or nothing."""

"""Programs that are killed, servers of their own, and connections that are cut."""

"""PostgreSQL: URLs, connections, engines, and poolers in between."""

"""A random bakery's life, compared with a model that shares no code with the product."""

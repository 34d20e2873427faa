"""A bakery's life at random, held against a model of it that shares no code with the product."""

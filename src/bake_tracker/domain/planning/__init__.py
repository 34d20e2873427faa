"""Planning: from what people want to what to make and to buy. Pure arithmetic on plain values, without a solver."""

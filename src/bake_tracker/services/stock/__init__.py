"""Stock: the ledger, and the operations that change lots without baking or packing."""

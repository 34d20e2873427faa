"""How it is asked for: parse, open a scope, make one call, render."""

"""Entry points: parse the request, open a scope, make one call, render the answer."""

"""Users, passwords, API tokens and sign-ins."""

"""Pages to sign in and manage people."""

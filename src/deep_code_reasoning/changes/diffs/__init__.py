"""What a commit does: what its patch changes, and what the syntax of its files shows."""

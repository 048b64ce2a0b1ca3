"""What a model may call while it answers: read-only tools over the evidence, one a file with its words beside it."""

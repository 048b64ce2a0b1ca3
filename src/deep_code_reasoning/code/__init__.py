"""Source code: its languages, its syntax, the functions in it."""

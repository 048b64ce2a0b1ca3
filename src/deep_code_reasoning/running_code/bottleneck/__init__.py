"""Where the time of an execution path goes: what was measured, and what its syntax shows."""

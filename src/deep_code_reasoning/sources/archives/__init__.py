"""Archives as evidence: every member of a zip or tar a piece of its own, nothing ever written to disk."""

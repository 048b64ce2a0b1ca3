"""Log formats: one reader a format, and what they share of records, layouts and keys."""

"""Semantic diff patterns, one a file. Dropping one in is all it takes; changes/pattern.py says what it holds."""

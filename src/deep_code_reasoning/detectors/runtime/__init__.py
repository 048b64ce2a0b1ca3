"""Detectors of the language runtime's own doings."""

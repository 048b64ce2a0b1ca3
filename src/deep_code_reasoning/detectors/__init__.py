"""Detectors: one failure pattern a file with its SQL beside it, found by walking the family folders."""

"""Detectors of traces that are not whole: sampled, or with spans missing."""

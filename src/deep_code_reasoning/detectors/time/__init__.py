"""Detectors of clocks that disagree."""

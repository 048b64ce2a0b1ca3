"""Detectors of cost that grows out of proportion to the work."""

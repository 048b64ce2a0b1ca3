"""Detectors of demand that changed."""

"""Detectors of locks and leases that do not exclude."""

"""Detectors of resources that ran out and of services that changed, told by metrics."""

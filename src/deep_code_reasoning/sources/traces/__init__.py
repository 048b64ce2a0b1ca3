"""Trace formats other than OTLP."""

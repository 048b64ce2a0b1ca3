"""Metric formats other than OTLP."""

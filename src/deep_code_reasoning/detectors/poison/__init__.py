"""Failures that the data bring along: one record that no consumer can take."""

"""Releases: one version of a service beside another."""

"""Tests of what reads changes. A package, since `bench/changes.py` would else take its name."""

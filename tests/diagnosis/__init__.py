"""Tests of the diagnosis. A package, since `bench/diagnosis.py` would else take its name."""

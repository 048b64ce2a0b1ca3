"""Loading evidence. A package, since `bench/ingest.py` would else take its name."""

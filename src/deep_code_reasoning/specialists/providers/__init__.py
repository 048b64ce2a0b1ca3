"""Model providers behind the port: one file a wire protocol. Importing this package, or endpoints.py, loads no SDK."""

"""What the names of metrics mean, and which series shifted against themselves."""

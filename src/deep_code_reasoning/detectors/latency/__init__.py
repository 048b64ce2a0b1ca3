"""Where time is lost: inside an operation, or on the way between two."""

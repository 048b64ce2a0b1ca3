"""Whether latencies shifted between the windows, and in which traces that is why they are slow."""

"""What the log lines say that they did not say before."""

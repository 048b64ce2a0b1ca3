"""What people changed and what monitors said of it: commits, deployments, alerts."""

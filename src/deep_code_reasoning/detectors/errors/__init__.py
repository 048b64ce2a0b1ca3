"""Where errors begin."""

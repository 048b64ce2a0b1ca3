"""What is kept so as not to be computed again, and what happens when it is gone."""

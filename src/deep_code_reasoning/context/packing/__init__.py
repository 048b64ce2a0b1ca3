"""Which pieces of the evidence go into a brief: one order for every budget, taken until the budget is full."""

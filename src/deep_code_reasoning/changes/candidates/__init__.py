"""Which commits may be to blame: what was deployed when, whose it is, and what rode along with it."""

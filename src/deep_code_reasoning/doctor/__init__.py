"""Finds what is wrong with an installation, and says what to do: one check a function, all of them local."""

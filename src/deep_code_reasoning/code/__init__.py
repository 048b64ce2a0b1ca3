"""Source code as syntax: which language, its functions, calls and loops, the constant text that a program says."""

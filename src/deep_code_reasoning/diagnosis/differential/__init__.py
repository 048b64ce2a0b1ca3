"""What an entry operation's time consists of, and what changed it: a differential flame graph as data.

The requests of baseline and incident are laid over one another in a calling-context tree (Ammons, Ball and Larus,
PLDI 1997): one node for each path of operations from the entry. `context_tree` builds it, `split` explains the
change of the mean (and of the slowest twentieth and hundredth) by traffic, calls and self time without a remainder,
`view` keeps what a diagnosis shows, `flame` writes the whole of it.
"""

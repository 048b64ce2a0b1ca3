"""The hosts' clocks compared: bounds from calls, drift, contradictions, one reference for each set of hosts."""

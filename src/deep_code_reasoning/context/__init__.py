"""What a specialist reads: select, budget in tokens, redact, render, and say in a manifest what was done."""

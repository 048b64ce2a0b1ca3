"""Escalation: what an agent asks, whether it is worth a specialist, and the ledger of what came of it."""

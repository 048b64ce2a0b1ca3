"""Deep Code Reasoning: the escalation path of a coding agent, from evidence to a diagnosis one can check."""

__version__ = "0.1.0"

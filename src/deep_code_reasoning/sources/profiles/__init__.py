"""Profile formats."""

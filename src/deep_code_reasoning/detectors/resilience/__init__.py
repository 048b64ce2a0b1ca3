"""What callers do about failures."""

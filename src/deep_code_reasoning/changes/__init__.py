"""What changed: candidate commits, what each changes, whose it is and since when it was live."""

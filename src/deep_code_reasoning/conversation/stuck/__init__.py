"""Whether an agent goes round in circles: the same failure again and again in spite of its edits."""

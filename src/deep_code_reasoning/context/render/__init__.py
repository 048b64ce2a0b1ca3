"""Evidence as compact text, one kind a file. Nothing here knows of budgets or secrets."""

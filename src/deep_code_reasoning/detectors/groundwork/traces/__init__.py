"""Each trace's entry and outcome, what its spans took more than usual, and which of them failed first."""

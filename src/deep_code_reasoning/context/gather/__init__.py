"""From findings to the evidence behind them: what a specialist should see, as candidates with a reason and a weight."""

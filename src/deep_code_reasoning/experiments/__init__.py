"""Hypotheses are tested: each makes predictions, the evidence says whether they hold, counts say what that weighs.

Nothing is run here: no code, no service, no experiment; only what was recorded is asked.
"""

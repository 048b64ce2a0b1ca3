"""Does the command fail more often at the bad end than at the good one? Asked again after every pair of runs."""

from __future__ import annotations

from collections.abc import Iterable
from math import log

# Turner, Ly and Grünwald, "Generic E-variables for exact sequential k-sample tests that allow for optional stopping"
# (Journal of Statistical Planning and Inference 230, 2024): the prior they find best for two proportions.
PRIOR = 0.18


def evidence_of_difference(pairs: Iterable[tuple[bool, bool]]) -> float:
    """The e-value, as its natural logarithm, of pairs (failed at the bad end, failed at the good end).

    Were both rates the same, whatever it is, the chance that this ever passes log(1 / alpha) would be at most alpha,
    however often one looks (Ville's inequality). Each factor bets with what the pairs before it have shown.
    """
    value = 0.0
    bad_failed = good_failed = 0
    for seen, (bad, good) in enumerate(pairs):
        at_bad = (bad_failed + PRIOR) / (seen + 2 * PRIOR)
        at_good = (good_failed + PRIOR) / (seen + 2 * PRIOR)
        alike = (at_bad + at_good) / 2
        value += log((at_bad if bad else 1 - at_bad) / (alike if bad else 1 - alike))
        value += log((at_good if good else 1 - at_good) / (alike if good else 1 - alike))
        bad_failed += bad
        good_failed += good
    return value

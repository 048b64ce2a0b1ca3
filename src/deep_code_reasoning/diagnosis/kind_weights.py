"""What a kind of change that can bring the symptom about speaks for it: much where the kind is rare.

Of the kinds that bring one of the symptoms about, a culprit is one with probability p (change_features.toml), any of
them equally likely. What is weighed is how rare its rarest one is: with F the part of those kinds that are as rare or
rarer, and U the probability that an innocent change is of one of them, a culprit shows as rare a kind with
p F + (1 - p F) U, and its weight is 10 log10 of that over U. U is of independent kinds, each as common as was counted
elsewhere (kind_rates.toml, which counts as STRENGTH changes) and among the other changes of the evidence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import log10, prod
from typing import NamedTuple

from deep_code_reasoning.changes.candidates.candidate import Candidate
from deep_code_reasoning.changes.diffs.kind_rates import rate_of
from deep_code_reasoning.changes.diffs.kinds import Kind, kind_names

STRENGTH = 30
"""So many changes the rates that were counted elsewhere count as."""


class WeighedKind(NamedTuple):
    """`gain` in decibans; `having`: how many of the changes read alike are of the kind, of `count`."""

    kind: Kind
    gain: float
    having: int
    count: int


class KindWeights:
    """Of the kinds that bring `symptoms` about. Changes whose syntax was read are held against such changes."""

    def __init__(self, everyone: Iterable[Candidate], symptoms: frozenset[str], in_culprit: float) -> None:
        self._symptoms, self._in_culprit = symptoms, in_culprit
        self._counts: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
        self._read: Counter[bool] = Counter()
        for one in everyone:
            self._read[_is_read(one)] += 1
            self._counts[_is_read(one)].update({kind.name for kind in one.kinds_bringing(symptoms)})

    def of(self, one: Candidate) -> WeighedKind | None:
        """The kind that tells most of one of `everyone`; None where it is of none."""
        fits = one.kinds_bringing(self._symptoms)
        if not fits:
            return None
        read = _is_read(one)
        own = {kind.name for kind in fits}
        shares = {name: self._share(name, read, name in own) for name in kind_names(self._symptoms)}
        kind = min(fits, key=lambda kind: (shares[kind.name], not kind.at, kind.name))
        as_rare = [share for share in shares.values() if share <= shares[kind.name]]
        any_innocent = self._smoothed(1 - prod(1 - share for share in as_rare), read)
        part = self._in_culprit * len(as_rare) / len(shares)
        gain = 10 * log10((part + (1 - part) * any_innocent) / any_innocent)
        return WeighedKind(kind, gain, self._counts[read][kind.name], self._read[read])

    def _share(self, name: str, read: bool, is_own: bool) -> float:
        """Among the others: were this one the culprit, they would be innocent."""
        having = self._counts[read][name] - is_own
        return (having + STRENGTH * rate_of(name, on_tree=read)) / (self._read[read] - 1 + STRENGTH)

    def _smoothed(self, share: float, read: bool) -> float:
        """With half a count on either side (Jeffreys), once for all kinds together."""
        count = self._read[read] - 1 + STRENGTH
        return (share * count + 0.5) / (count + 1)


def _is_read(one: Candidate) -> bool:
    return one.seen is not None and one.seen.is_whole

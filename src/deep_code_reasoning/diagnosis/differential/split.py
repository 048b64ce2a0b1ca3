"""Splits a change of a mean duration into traffic mix, calls a parent and self time a call, without a remainder.

The mean over all requests is a sum of products: the share of the requests that go to an entry operation, the share of
its requests that are of a variant, the calls that each operation of the path gets from one call of its caller, and the
own time of a call:

    D = Σ_e S_e · Σ_v q_v · Σ_n  (Π_{k on the path to n} c_k) · t_n

Shares change by midpoint weights (Marshall-Edgeworth; Kitagawa, JASA 1955): Δ(q·μ) = Δq·mean(μ) + mean(q)·Δμ, where
Δq counts times how far the variant is from the mean, since shares grow only at others' cost. A product inside a
variant changes by the logarithmic mean Divisia index (Ang, Energy Policy 33, 2005): factor x of T gets
L(T', T) · ln(x' / x) with L(a, b) = (a - b) / ln(a / b). Both are symmetric in time, need no order of the factors, and
sum up to the change exactly.

Where an operation is called in one window only there is no logarithm: all the time of it and below it is its calls'
(the limit of the formula for a factor that goes to zero: Ang and Liu, Energy Policy 35, 2007). Where it is called in
both and its time is zero in one, the change is its self time's. A ratio that one window cannot show (calls of a caller
that was not there) counts as unchanged. An entry operation or variant that only one window has is traffic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deep_code_reasoning.diagnosis.differential.context_tree import BASELINE, INCIDENT, ContextTree, Floats, Integers


@dataclass(frozen=True)
class Change:
    """Nanoseconds a request. Before and after are the means; of a window without requests, zero.

    By entry operation (`entry`: number of a node's): `mean`, `share` [window, entry]; `entry_mix` is a part of the
    whole change; `variant_mix`, `calls` and `self_time` are parts of the entry operation's own change: times
    `weight` they add up, with `entry_mix`, to the whole.
    """

    entry: Integers
    mean: Floats
    share: Floats
    entry_mix: Floats
    variant_mix: Floats
    calls: Floats
    self_time: Floats

    @property
    def weight(self) -> Floats:
        return self.share.mean(axis=0)

    @property
    def total(self) -> Floats:
        """The mean over all requests, before and after."""
        return (self.share * self.mean).sum(axis=1)


def split(tree: ContextTree, calls: Floats, time: Floats, requests: Floats) -> Change:
    """`calls`, `time`: [window, node], sums over requests. `requests`: [window, root], which give an entry its share.

    A tail has its own calls and times, but the shares of all requests: how much traffic there is of a kind.
    """
    kinds, entry_of_root = np.unique(tree.frame[tree.roots], return_inverse=True)
    roots, size = tree.levels[1], len(kinds)
    share = _by(entry_of_root, requests, size)
    share /= np.maximum(share.sum(axis=1, keepdims=True), 1)
    asked = calls[:, tree.roots]
    whole = _by(entry_of_root, asked, size)
    part = asked / np.maximum(whole, 1)[:, entry_of_root]
    mean = _by(tree.root, time, roots) / np.maximum(asked, 1)
    entry_mean = _by(entry_of_root, part * mean, size)
    known_mean, known_part = _other_where_absent(mean, asked), _other_where_absent(part, whole[:, entry_of_root])
    entry_known = _other_where_absent(entry_mean, whole)
    variant_mix = _change(known_part) * (known_mean.mean(axis=0) - entry_known.mean(axis=0)[entry_of_root])
    by_calls, by_time = _inside(tree, calls, time)
    weight = known_part.mean(axis=0)[tree.root]
    level = (share * entry_known).sum(axis=1).mean()
    return Change(
        entry_of_root[tree.root],
        entry_mean,
        share,
        _change(share) * (entry_known.mean(axis=0) - level),
        np.bincount(entry_of_root, variant_mix, size),
        by_calls * weight,
        by_time * weight,
    )


def _inside(tree: ContextTree, calls: Floats, time: Floats) -> tuple[Floats, Floats]:
    """Parts of the change of the tree's mean, by node: its calls a parent, its time a call."""
    requests = calls[:, tree.root]
    compared = (requests > 0).all(axis=0)
    a_request = np.where(compared, time / np.maximum(requests, 1), 0.0)
    above = np.where(tree.parent >= 0, calls[:, tree.parent], requests)
    with np.errstate(divide="ignore", invalid="ignore"):
        more_calls = np.log((calls[INCIDENT] / above[INCIDENT]) / (calls[BASELINE] / above[BASELINE]))
        more_time = np.log((time[INCIDENT] / calls[INCIDENT]) / (time[BASELINE] / calls[BASELINE]))
    called = (calls > 0).all(axis=0)
    timed = called & (a_request > 0).all(axis=0)
    mean = np.where(timed, _logarithmic_mean(a_request), 0.0)
    alone = np.where(timed, 0.0, _change(a_request))  # in one window only
    by_calls = np.where(called, more_calls, 0.0) * tree.with_descendants(mean)
    first_alone = ~called & (above > 0).all(axis=0)
    below = tree.with_descendants(np.where(called, 0.0, alone))
    by_calls = np.where(called, by_calls, np.where(first_alone, below, 0.0))
    by_time = np.where(timed, mean * np.where(timed, more_time, 0.0), np.where(called, alone, 0.0))
    return np.where(compared, by_calls, 0.0), np.where(compared, by_time, 0.0)


def _logarithmic_mean(values: Floats) -> Floats:
    """Of the two rows; zero where one is zero."""
    before, after = values
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(after / before)
        mean = np.where(ratio == 0, before, before * np.expm1(ratio) / ratio)
    return np.where((before > 0) & (after > 0), mean, 0.0)


def _other_where_absent(values: Floats, counts: Floats) -> Floats:
    return np.where(counts > 0, values, values[::-1])


def _by(group: Integers, values: Floats, size: int) -> Floats:
    return np.array([np.bincount(group, row, size) for row in values])


def _change(values: Floats) -> Floats:
    return values[INCIDENT] - values[BASELINE]

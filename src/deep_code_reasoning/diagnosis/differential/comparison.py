"""The two windows compared over one calling-context tree: the mean, its tails, and the work behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deep_code_reasoning.diagnosis.differential.context_tree import (
    BASELINE,
    INCIDENT,
    MEAN,
    TAIL_95,
    TAIL_99,
    ContextTree,
    Floats,
    context_tree,
    merged,
    without_variants,
)
from deep_code_reasoning.diagnosis.differential.split import Change, split

if TYPE_CHECKING:
    from deep_code_reasoning.store.tables import Tables


@dataclass(frozen=True)
class Changes:
    """`mean`, `tail_95`, `tail_99` split what requests took (time on the critical path, which adds up to the duration
    of each request); `work` splits the mean of all self times, which is more where calls ran side by side."""

    mean: Change
    tail_95: Change
    tail_99: Change
    work: Change


@dataclass(frozen=True)
class Comparison:
    """One tree an entry operation. `changes` is None where one of the windows holds no request."""

    tree: ContextTree
    changes: Changes | None

    def calls_a_parent(self, window: int) -> Floats:
        """Calls that a node gets from one call of its caller; 1 at an entry, 0 where there is no caller."""
        calls = self.tree.calls[MEAN, window]
        above = calls[self.tree.parent]
        above[self.tree.roots] = calls[self.tree.roots]
        return calls / (above + (above == 0))

    def a_call(self, sums: Floats, window: int) -> Floats:
        """Of `tree.critical_path` or `tree.self_time`: nanoseconds a call, 0 where there is none."""
        calls = self.tree.calls[MEAN, window]
        return sums[MEAN, window] / (calls + (calls == 0))

    def a_request(self, sums: Floats, window: int) -> Floats:
        """The same for a request to the node's entry operation."""
        requests = self.tree.calls[MEAN, window][self.tree.root]
        return sums[MEAN, window] / (requests + (requests == 0))

    def share(self, window: int) -> Floats:
        """The part of its entry operation's time that a node has on the critical path."""
        own = self.tree.critical_path[MEAN, window]
        whole = merged(own, self.tree.root, self.tree.levels[1])[self.tree.root]
        return own / (whole + (whole == 0))


def compare(tables: Tables) -> Comparison | None:
    """Reads `trace_outcomes` of the groundwork. None without traces."""
    by_variant = context_tree(tables)
    if by_variant is None:
        return None
    tree, place = without_variants(by_variant)
    if not (tree.requests(BASELINE) and tree.requests(INCIDENT)):
        return Comparison(tree, None)

    def change(sums: Floats, population: int) -> Change:
        requests = by_variant.calls[MEAN][:, by_variant.roots]
        found = split(by_variant, by_variant.calls[population], sums[population], requests)
        calls, self_time = (merged(parts, place, len(tree)) for parts in (found.calls, found.self_time))
        return replace(found, entry=tree.root, calls=calls, self_time=self_time)

    path = by_variant.critical_path
    changes = Changes(
        change(path, MEAN), change(path, TAIL_95), change(path, TAIL_99), change(by_variant.self_time, MEAN)
    )
    return Comparison(tree, changes)

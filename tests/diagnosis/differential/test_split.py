"""Whatever the trees: the parts add up, and do so again when the windows change places."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.diagnosis.differential.context_tree import ContextTree, without_variants
from deep_code_reasoning.diagnosis.differential.split import Change, split

FRAMES = [("s", str(number)) for number in range(6)]
Node = tuple[int, int, tuple[int, int], tuple[int, int]]  # parent's place in the level above, frame, calls, time


@st.composite
def trees(draw: st.DrawFn) -> ContextTree:
    """Up to four levels; calls and times of each window may be zero, a node without calls has no time and no child."""
    counts = st.sampled_from([0, 0, 1, 2, 3, 50, 10**6])
    times = st.sampled_from([0, 0, 1, 17, 10**6, 10**6 + 1, 10**13])
    parent, frame, calls, time, levels = [], [], [], [], [0]
    above: list[int] = [-1]
    for level in range(draw(st.integers(1, 4))):
        size = draw(st.integers(1, 6))
        for _ in range(size):
            over = draw(st.sampled_from(above))
            called = [draw(counts) for _ in (0, 1)]
            if over >= 0:
                called = [own if calls[over][window] else 0 for window, own in enumerate(called)]
            parent.append(over)
            frame.append(draw(st.integers(0, len(FRAMES) - 1 if level else 1)))
            calls.append(called)
            time.append([draw(times) if own else 0 for own in called])
        levels.append(len(parent))
        above = list(range(levels[-2], levels[-1]))
    for window in (0, 1):  # both windows hold a request
        calls[0][window] = max(1, calls[0][window])
    order = [np.array([values, values, values], dtype=float).transpose(0, 2, 1) for values in (calls, time)]
    root = np.arange(len(parent))
    for node, over in enumerate(parent):
        root[node] = root[over] if over >= 0 else node
    return ContextTree(np.array(parent), np.array(frame), root, tuple(levels), FRAMES, order[0], order[1], order[1])


def parts(change: Change) -> np.ndarray:
    weight = change.weight
    by_node = [part * weight[change.entry] for part in (change.calls, change.self_time)]
    return np.concatenate([change.entry_mix, change.variant_mix * weight, *by_node])


def of(tree: ContextTree, windows: slice = slice(None)) -> Change:
    calls, time = tree.calls[0][windows], tree.critical_path[0][windows]
    return split(tree, calls, time, calls[:, tree.roots])


@given(trees())
def test_the_parts_add_up_to_the_change(tree: ContextTree) -> None:
    change = of(tree)
    before, after = (tree.critical_path[0].sum(axis=1) / tree.calls[0][:, tree.roots].sum(axis=1)).tolist()
    assert change.total.tolist() == pytest.approx([before, after], rel=1e-12)
    rounding = 1e-12 * (np.abs(parts(change)).sum() + before + after)
    assert parts(change).sum() == pytest.approx(after - before, rel=0, abs=rounding)


@given(trees())
def test_each_entry_operation_adds_up_by_itself(tree: ContextTree) -> None:
    change = of(tree)
    inside = change.variant_mix + np.bincount(change.entry, change.calls + change.self_time, len(change.variant_mix))
    compared = (change.share > 0).all(axis=0)
    wanted = np.where(compared, change.mean[1] - change.mean[0], 0.0)
    size = np.abs([*change.variant_mix, *change.calls, *change.self_time, *change.mean.flat]).sum()
    assert inside == pytest.approx(wanted, rel=0, abs=1e-12 * size)


@given(trees())
def test_backwards_in_time_every_part_changes_its_sign(tree: ContextTree) -> None:
    change, back = of(tree), of(tree, slice(None, None, -1))
    size = np.abs([*change.variant_mix, *change.calls, *change.self_time, *change.mean.flat]).sum()
    for name in ("entry_mix", "variant_mix", "calls", "self_time"):
        assert getattr(back, name) == pytest.approx(-getattr(change, name), rel=1e-9, abs=1e-12 * size), name


@given(trees())
def test_nothing_changes_where_the_windows_are_alike(tree: ContextTree) -> None:
    calls, time = (values[0][[0, 0]] for values in (tree.calls, tree.critical_path))
    change = split(tree, calls, time, calls[:, tree.roots])
    for name in ("entry_mix", "variant_mix", "calls", "self_time"):
        assert np.abs(getattr(change, name)).max() == 0, name


@given(trees())
def test_laying_variants_over_one_another_loses_nothing(tree: ContextTree) -> None:
    merged, place = without_variants(tree)
    assert len({tuple(merged.path(node)) for node in range(len(merged))}) == len(merged)
    assert all(merged.path(place[node]) == tree.path(node) for node in range(len(tree)))
    assert merged.critical_path.sum() == tree.critical_path.sum()
    assert (merged.with_descendants(merged.calls)[0, 0, merged.roots]).sum() == tree.calls[0, 0].sum()

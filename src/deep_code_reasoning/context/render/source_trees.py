"""Repositories with the commit that is checked out, one a line."""

from __future__ import annotations

from collections.abc import Sequence

from deep_code_reasoning.context.manifest import Tree


def source_trees(trees: Sequence[Tree]) -> str:
    lines = []
    for tree in trees:
        line = f"{tree.repository} at commit {tree.commit[:12] or '?'}"
        lines.append(line + (f"; note: {tree.warning}" if tree.warning else ", as loaded"))
    return "\n".join(lines) + "\n"

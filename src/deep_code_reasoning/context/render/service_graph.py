"""The service graph as one line an edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def service_graph(edges: Sequence[Mapping[str, Any]]) -> str:
    lines = ["caller -> callee · kind · calls · failed · p50 / p99 ms at the callee"]
    for edge in edges:
        p50, p99 = (f"{edge[name] / 1e6:.2f}" if edge[name] is not None else "?" for name in ("p50_nano", "p99_nano"))
        failed = f"{edge['errors']} ({edge['error_rate']:.1%})" if edge["errors"] else "0"
        lines.append(
            f"{edge['caller']} -> {edge['callee']} · {edge['kind']} · {edge['calls']} · {failed} · {p50} / {p99}"
        )
    return "\n".join(lines) + "\n"

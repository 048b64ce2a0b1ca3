"""Whether a path of a repository and a path that telemetry names are the same file."""

from __future__ import annotations


def same_file(path: str, named: str) -> bool:
    """The spans of a service may name a path from another root, so the shorter one has to end the longer one."""
    one, other = path.replace("\\", "/").lstrip("/"), named.replace("\\", "/").lstrip("/")
    return one == other or one.endswith("/" + other) or other.endswith("/" + one)

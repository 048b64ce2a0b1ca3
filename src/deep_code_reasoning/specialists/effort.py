"""What `depth_level` 1 to 5 means to a remote model: how hard it thinks and how long its answer may be.

| level | thinking | output tokens, thinking included |
|---|---|---|
| 1 | low | 8,192 |
| 2 | low | 16,384 |
| 3 | medium | 24,576 |
| 4 | high | 32,768 |
| 5 | high | 65,536 |
"""

from __future__ import annotations

from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.specialists.port import Effort

_LEVELS: dict[int, tuple[Effort, int]] = {
    1: ("low", 8_192),
    2: ("low", 16_384),
    3: ("medium", 24_576),
    4: ("high", 32_768),
    5: ("high", 65_536),
}


def effort_of(depth_level: int) -> tuple[Effort, int]:
    if depth_level not in _LEVELS:
        raise UsageError(f"depth_level {depth_level!r}: expected 1 to 5")
    return _LEVELS[depth_level]

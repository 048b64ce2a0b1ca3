"""Whether code runs on an event loop, where waiting stops everything else."""

from __future__ import annotations

import re

from deep_code_reasoning.code.outline import Part

_ASYNC = re.compile(r"(^|\s)(async|suspend)\s")


def is_async(part: Part) -> bool:
    """The innermost function or lambda around a part says that it is asynchronous."""
    around = part.nearest("function", "lambda")
    while (
        around is not None and around.role == "lambda" and around.language.name in ("kotlin", "python", "java", "rust")
    ):
        around = around.nearest("function", "lambda")  # runs where it stands
    if around is None:
        return False
    head = around.text[: max(0, min(around.body[0] - around.start, 400))]
    return bool(_ASYNC.search(f" {head}"))

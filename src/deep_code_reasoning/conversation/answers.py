"""Results that are longer than a client shows at once, kept so that the rest can be paged, in any process, later.

The newest 500 stay, as long as they fit into 256 MB together; the newest of all always stays.
"""

from __future__ import annotations

import json
import time
import zlib
from pathlib import Path
from typing import Any

from deep_code_reasoning.conversation.database import Database, new_id
from deep_code_reasoning.errors import UsageError

MOST_ANSWERS = 500
MOST_BYTES = 256_000_000


class Answers:
    def __init__(self, state_dir: Path, *, most_answers: int = MOST_ANSWERS, most_bytes: int = MOST_BYTES) -> None:
        self._database = Database(state_dir)
        self._most_answers = most_answers
        self._most_bytes = most_bytes

    def keep(self, result: dict[str, Any]) -> str:
        """Keeps a JSON-like result, forgets the oldest where there are too many, and returns its id."""
        answer_id = new_id("ans")
        content = zlib.compress(json.dumps(result, ensure_ascii=False).encode("utf-8", "surrogatepass"), 1)
        self._database.run(
            "keep_answer", answer_id=answer_id, kept_at_unix_nano=time.time_ns(), content=content, bytes=len(content)
        )
        self._database.run("forget_old_answers", most_answers=self._most_answers, most_bytes=self._most_bytes)
        return answer_id

    def find(self, answer_id: str) -> dict[str, Any]:
        """Raises UsageError where it was never kept or is forgotten."""
        rows = self._database.run("find_answer", answer_id=answer_id)
        if not rows:
            raise UsageError(
                f"cursor: no result {answer_id!r} is kept here (the newest {self._most_answers} are); "
                "make the call again without `cursor`"
            )
        return json.loads(zlib.decompress(rows[0]["content"]))

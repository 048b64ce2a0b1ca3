"""What the kernel of JSON logs knows of keys, and how it notes what it has seen of a record."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# what a key fills, in the order in which log_keys.toml has them
COLUMNS = (
    *("time", "severity", "severity_number", "body", "trace_id", "span_id", "service_name", "host"),
    *("scope_name", "event_name", "exception_type", "exception_stacktrace"),
)
RANK_SHIFT = 8
LONGEST_KEY = 64  # no key of the table is longer

# scratch: the record at hand
AT_TIME, IS_ZONED, LEVEL_NUMBER, NUMBER, IS_CONTESTED, KNOWN_MEMBERS, SERVICE = range(7)
HOST = SERVICE + 3  # service and host: begin, size, buffer
BEST = HOST + 3  # by column: 1 + the best rank so far, with TAKEN once it has been given
TAKEN = 1 << 16
MEMBERS = BEST + len(COLUMNS)  # hashes of the names so far
MOST_MEMBERS = 128
PENDING = MEMBERS + MOST_MEMBERS  # nested objects still to be read: where, and the name's begin, size, buffer
MOST_PENDING = 32
KNOWN = PENDING + 4 * MOST_PENDING  # the keys of the record before: where, size, code
SCRATCH_SIZE = KNOWN + 3 * MOST_MEMBERS


@cache
def key_table() -> np.ndarray:
    """Key in lower case → its column and its rank among the column's keys."""
    from deep_code_reasoning.kernels.name_table import name_table
    from deep_code_reasoning.sources.logs.log_keys import key_columns, key_ranks

    ranks = key_ranks()
    return name_table({key: COLUMNS.index(column) | ranks[key] << RANK_SHIFT for key, column in key_columns().items()})

"""What the kernel of JSON logs knows of keys, and how it notes what it has seen of a record."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from deep_code_reasoning.sources.logs.log_layout import TEXTS

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
AT_TIME, IS_ZONED, LEVEL_NUMBER, LEVEL_WORD, NUMBER, IS_CONTESTED, HAS_BODY, SERVICE = range(8)
HOST = SERVICE + 3  # service and host: begin, size, buffer
END_ATTRIBUTES, END_VALUE_BYTES, END_NULLS = range(HOST + 3, HOST + 6)
END_TEXTS = END_NULLS + 1  # by text: where it ends
BEST = END_TEXTS + len(TEXTS)  # by column: 1 + the best rank so far, with TAKEN once it has been given
TAKEN = 1 << 16
MOST_PENDING = 32
PENDING = BEST + len(COLUMNS)  # nested objects still to be read: where, and the member

# scratch: members of the records so far, from 1 on, so that they are looked up once and expected in the same order
MEMBERS, FIRST_MEMBER, ATTEMPT = range(PENDING + 2 * MOST_PENDING, PENDING + 2 * MOST_PENDING + 3)
MOST_MEMBERS = 256
MOST_IN_RECORD = 128  # for so many there is always room
MEMBER = ATTEMPT + 1
# a member: what stands before its value and behind the value before it, its name, what that fills, when it was met
# last, which came then behind it and first within it, the member that it is within (0: none), and 1 + its place among
# the keys of attributes (0: none yet)
GLUE, GLUE_SIZE, NAME, NAME_SIZE, NAME_BUFFER, CODE, MET, NEXT, CHILD, PARENT, KEY = range(11)
MEMBER_FIELDS = 11
MEMBER_SLOTS = MEMBER + MEMBER_FIELDS * (MOST_MEMBERS + 1)  # open addressing by the name
SLOTS = 1024
SCRATCH_SIZE = MEMBER_SLOTS + SLOTS


@cache
def key_table() -> np.ndarray:
    """Key in lower case → its column and its rank among the column's keys."""
    from deep_code_reasoning.kernels.name_table import name_table
    from deep_code_reasoning.sources.logs.log_keys import key_columns, key_ranks

    ranks = key_ranks()
    return name_table({key: COLUMNS.index(column) | ranks[key] << RANK_SHIFT for key, column in key_columns().items()})

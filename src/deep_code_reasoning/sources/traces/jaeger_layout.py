"""How the Jaeger kernel and Python share memory: what the OTLP spans kernel has, and what is different here.

State, rows and codes of promoted attributes are numbered as in `otlp.span_layout`, whose parts both kernels use.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from deep_code_reasoning.sources.otlp.span_layout import (
    EVENT_TEXTS,
    NARROW,
    RANK_SHIFT,
    SCOPE_SLOT,
    SIDE,
    SPAN_NUMBERS,
    SPAN_TEXTS,
    WHOLE_NUMBER,
    WHOLE_NUMBERS,
    promoted_texts,
)
from deep_code_reasoning.sources.otlp.traces import KINDS, STATUSES

if TYPE_CHECKING:
    import numpy as np

PROCESSES, GENERATION = SIDE + 1, SIDE + 2
STATE_SIZE = GENERATION + 1

PROCESS_NAME = SCOPE_SLOT  # of a span row: where the name begins, shifted by NAME_BITS, and how long it is
NAME_BITS = 16
SCOPE = SPAN_TEXTS  # of a span row's texts
TEXTS_BEFORE = SPAN_TEXTS + 1

KEY_BEGIN, KEY_END, VALUE_BEGIN, VALUE_END, TRACE_BEGIN = range(5)  # of a process
MOST_PROCESSES = 256  # in a trace
MOST_SPANS = 1 << 16  # in a trace
ID_SLOTS = 1 << 18
MOST_PROBES = 64

MEMBERS = (
    *("traceID", "spanID", "parentSpanID", "operationName", "references", "startTime", "duration"),
    *("tags", "logs", "processID", "flags", "warnings"),
    *("spans", "processes", "timestamp", "fields", "refType"),
    *("key", "type", "value"),
)
CODE = {name: code for code, name in enumerate(MEMBERS)}

# tags that are no attributes: what stands in the place of a column's number
SAID = 1 << 18
SAID_KIND, SAID_ERROR, SAID_STATUS, SAID_MESSAGE, SAID_SCOPE, SAID_LIBRARY, SAID_EVENT, SAID_OPEN_TRACING = range(8)
_SAID_OF_SPANS = {
    "span.kind": SAID_KIND,
    "error": SAID_ERROR,
    "otel.status_code": SAID_STATUS,
    "otel.status_description": SAID_MESSAGE,
    "otel.scope.name": SAID_SCOPE,
    "otel.library.name": SAID_LIBRARY,
}
_SAID_OF_EVENTS = {"event": SAID_EVENT, "error.kind": SAID_OPEN_TRACING}

# values of those tags and of references: kinds from 0, statuses from 8
FIRST_STATUS, TRUE, FALSE, EVENT_ERROR, CHILD_OF, FOLLOWS_FROM = 8, 16, 17, STATUSES.index("error") + 8, 18, 19

CONSTANTS = b"opentracing.ref_type" + b"child_of" + b"follows_from"  # what the side buffer starts with
REF_TYPE_SIZE, CHILD_OF_SIZE, FOLLOWS_FROM_SIZE = 20, 8, 12


@cache
def member_table() -> np.ndarray:
    from deep_code_reasoning.kernels.name_table import name_table

    return name_table(CODE)


@cache
def value_table() -> np.ndarray:
    from deep_code_reasoning.kernels.name_table import name_table

    codes = {kind: code for code, kind in enumerate(KINDS)}
    codes |= {status: code for code, status in enumerate(STATUSES, FIRST_STATUS)}
    codes |= {status.upper(): code for code, status in enumerate(STATUSES, FIRST_STATUS)}
    return name_table(codes | {"true": TRUE, "false": FALSE, "CHILD_OF": CHILD_OF, "FOLLOWS_FROM": FOLLOWS_FROM})


@cache
def tag_table(table: str) -> np.ndarray:
    """Tag → number of its text or number column, with its rank among the column's names, or what it says."""
    from deep_code_reasoning.kernels.name_table import name_table
    from deep_code_reasoning.sources.semantic_conventions import promoted

    is_spans = table == "spans"
    before = TEXTS_BEFORE if is_spans else EVENT_TEXTS
    said = _SAID_OF_SPANS if is_spans else _SAID_OF_EVENTS
    codes = {name: code | SAID for name, code in said.items()}
    texts, numbers = promoted_texts(table), list(WHOLE_NUMBERS)
    for column, names in promoted(table).items():
        if is_spans and column in WHOLE_NUMBERS:
            code = SPAN_NUMBERS + numbers.index(column) | WHOLE_NUMBER
            code |= NARROW if WHOLE_NUMBERS[column] == 32 else 0
        else:
            code = before + texts.index(column)
        codes.update({name: code | rank << RANK_SHIFT for rank, name in enumerate(names)})
    return name_table(codes)

"""How the spans kernel and Python share memory: which number is what in the kernel's state, rows and name tables."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# state: where the kernel stands between two calls
POSITION, LEVEL, IS_FIRST, IN_ARRAY, DOCUMENT, RESOURCE, SCOPE = range(7)
# state: what is written so far, and the same at the start of the document, to take a document back
ROWS, ATTRIBUTES, EVENTS, EVENT_ATTRIBUTES, LINKS, LINK_ATTRIBUTES = range(7, 13)
SIDE, REWRITES, FOREIGN_SPANS, RESOURCES, SCOPES = range(13, 18)
COUNTERS = SCOPES - ROWS + 1
AT_DOCUMENT = SCOPES + 1
STATE_SIZE = AT_DOCUMENT + COUNTERS

# levels of an ExportTraceServiceRequest
TOP, REQUEST, RESOURCE_LIST, RESOURCE_SPANS, SCOPE_LIST, SCOPE_SPANS, SPAN_LIST = range(7)

# numbers of a span row; those of promoted attributes follow
START, DURATION, OFFSET, RESOURCE_SLOT, SCOPE_SLOT, KIND, STATUS = range(7)
SPAN_NUMBERS = STATUS + 1
# texts of a span row; those of promoted attributes follow
TRACE_ID, SPAN_ID, PARENT_ID, NAME, STATUS_MESSAGE = range(5)
SPAN_TEXTS = STATUS_MESSAGE + 1
# numbers and texts of an event row; numbers and texts of a link row
OWNER, TIME = range(2)
EVENT_NAME = 0
EVENT_TEXTS = 1
LINK_TRACE_ID, LINK_SPAN_ID = range(2)

# what a promoted attribute's code holds
WHOLE_NUMBER = 1 << 16
NARROW = 1 << 17  # 32 bits
RANK_SHIFT = 8
TAKEN = 0x80  # of a column that several attributes want: the best of them is in it

MEMBERS = (
    *("resourceSpans", "scopeSpans", "schemaUrl", "resource", "scope", "spans"),
    *("traceId", "spanId", "parentSpanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano"),
    *("attributes", "events", "links", "status"),
    *("flags", "traceState", "droppedAttributesCount", "droppedEventsCount", "droppedLinksCount"),  # passed over
    *("timeUnixNano", "message", "code", "key", "value"),
    *("stringValue", "intValue", "boolValue", "doubleValue", "arrayValue", "kvlistValue", "bytesValue"),
)
CODE = {name: code for code, name in enumerate(MEMBERS)}

WHOLE_NUMBERS = {"http_response_status_code": 32, "server_port": 32, "code_line_number": 32, "thread_id": 64}


@cache
def member_table() -> np.ndarray:
    from deep_code_reasoning.kernels.name_table import name_table

    return name_table(CODE)


def promoted_texts(table: str) -> list[str]:
    """The promoted columns that hold text, in the order of their codes."""
    from deep_code_reasoning.sources.semantic_conventions import promoted

    return [column for column in promoted(table) if table != "spans" or column not in WHOLE_NUMBERS]


@cache
def promotion_table(table: str, texts_before: int) -> np.ndarray:
    """Attribute name → number of its text or number column among a row's, with its rank among the column's names."""
    from deep_code_reasoning.kernels.name_table import name_table
    from deep_code_reasoning.sources.semantic_conventions import promoted

    codes = {}
    texts, numbers = promoted_texts(table), list(WHOLE_NUMBERS)
    for column, names in promoted(table).items():
        if table == "spans" and column in WHOLE_NUMBERS:
            code = SPAN_NUMBERS + numbers.index(column) | WHOLE_NUMBER
            code |= NARROW if WHOLE_NUMBERS[column] == 32 else 0
        else:
            code = texts_before + texts.index(column)
        codes.update({name: code | rank << RANK_SHIFT for rank, name in enumerate(names)})
    return name_table(codes)

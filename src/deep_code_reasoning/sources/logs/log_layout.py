"""How the kernels of logs and Python share memory: which number is what in state, rows and tables."""

from __future__ import annotations

# state: where the kernel stands, how long a line may be, what is written so far
POSITION, LINE_LIMIT, ROWS, ATTRIBUTES, SIDE, FOREIGN_LINES, PRODUCERS = range(7)
UNZONED = 7  # 1 + the first row whose time says no zone; 0: none
SCRATCH = 8  # from here on a kernel keeps what it likes
STATE_SIZE = 64

# numbers of a row: every row has a time
TIME, SEVERITY, OFFSET, PRODUCER = range(4)
NUMBERS = PRODUCER + 1
# texts of a row
SEVERITY_TEXT, BODY, TRACE_ID, SPAN_ID, SCOPE_NAME, EVENT_NAME, EXCEPTION_TYPE = range(7)
TEXTS = ("severity_text", "body", "trace_id", "span_id", "scope_name", "event_name", "exception_type")

# a line for the plain road: where it begins and ends, and how many rows are in front of it
LINE_BEGIN, LINE_END, LINE_ROW = range(3)
LINE_NUMBERS = 3

# a producer: a service and a host as the records tell them, each with its place; a size of -1: none
SERVICE_BEGIN, SERVICE_SIZE, SERVICE_BUFFER, HOST_BEGIN, HOST_SIZE, HOST_BUFFER, FIRST_ROW, HASH = range(8)
PRODUCER_NUMBERS = 8
MOST_PRODUCERS = 1 << 15
PRODUCER_TABLE = 1 << 17  # open addressing: 1 + the producer's slot

TEXT_BUFFER, SIDE_BUFFER = range(2)

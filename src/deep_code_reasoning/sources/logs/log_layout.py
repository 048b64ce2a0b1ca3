"""How the kernels of logs and Python share memory: which number is what in state, rows and tables."""

from __future__ import annotations

# texts of a row; those behind HELD are seldom there, and share one buffer
BODY, TRACE_ID, SPAN_ID, SCOPE_NAME, EVENT_NAME, EXCEPTION_TYPE = range(6)
TEXTS = ("body", "trace_id", "span_id", "scope_name", "event_name", "exception_type")
SELDOM = SCOPE_NAME

# state: where the kernel stands, how long a line may be, the window's place in the stream, what is written so far
POSITION, LINE_LIMIT, BASE, ROWS, ATTRIBUTES, KEY_BYTES, VALUE_BYTES, NULLS, SIDE = range(9)
FOREIGN_LINES, PRODUCERS, WORDS = range(9, 12)
UNZONED = 12  # 1 + the first row whose time says no zone; 0: none
UNSEVERE, UNWORDED = 13, 14  # rows without a severity's number, without its word
TEXT_BYTES = 15  # by text
HOLDING = TEXT_BYTES + len(TEXTS)  # rows that have it, by text
CLOCK = HOLDING + len(TEXTS)  # the minute of the time read last: its first two words, nanoseconds
TIME_SIZE = CLOCK + 3  # of the time read last, as it is written
KEYS = TIME_SIZE + 1  # different keys of attributes so far
STATE_SIZE = 64

# 64-bit numbers of a row, and 32-bit ones: below zero there is none
TIME, OFFSET = range(2)
SEVERITY, SEVERITY_TEXT, PRODUCER = range(3)
NUMBERS, CODES = 2, 3

# words for severities: first and last eight bytes of sixteen, length, number (0: none), 1 + code (0: the slot is free)
WORD_LOW, WORD_HIGH, WORD_LENGTH, WORD_NUMBER, WORD_CODE = range(5)
WORD_FIELDS = 5
LONGEST_SEVERITY = 16
WORD_SLOTS = 256
MOST_WORDS = 128

# a line for the plain road: where it begins and ends, and how many rows are in front of it
LINE_BEGIN, LINE_END, LINE_ROW = range(3)
LINE_NUMBERS = 3

# a producer: a service and a host as the records tell them, each with its place; a size of -1: none
SERVICE_BEGIN, SERVICE_SIZE, SERVICE_BUFFER, HOST_BEGIN, HOST_SIZE, HOST_BUFFER, FIRST_ROW, HASH = range(8)
PRODUCER_NUMBERS = 8
MOST_PRODUCERS = 1 << 15
PRODUCER_TABLE = 1 << 17  # open addressing: 1 + the producer's slot

TEXT_BUFFER, SIDE_BUFFER = range(2)

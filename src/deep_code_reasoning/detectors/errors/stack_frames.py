"""The place in code that a stack trace points at: the frame that threw, in the innermost cause."""

from __future__ import annotations

import re

from deep_code_reasoning.finding import Location

# Every repetition is bounded: text of the evidence must not be able to take more than linear time.
_JVM = re.compile(
    r"^[ \t]{0,40}at (?P<function>[\w.$<>/@-]{1,500})\((?P<file>[\w$-]{1,200}\.\w{1,20}):(?P<line>\d{1,9})\)", re.M
)
_PYTHON = re.compile(
    r'^[ \t]{0,40}File "(?P<file>[^"\n]{1,500})", line (?P<line>\d{1,9})(?:, in (?P<function>\S{1,300}))?', re.M
)
_NODE = re.compile(
    r"^[ \t]{0,40}at (?:(?P<function>[^\s(]{1,300}) \()?(?P<file>[^\s():]{1,500}):(?P<line>\d{1,9}):\d{1,9}\)?", re.M
)
_GO = re.compile(r"^(?P<function>\S{1,300})\([^\n]{0,300}\)\n\t(?P<file>[^\s:]{1,500}\.go):(?P<line>\d{1,9})", re.M)
_LIBRARIES = re.compile(
    r"^(?:java|javax|jakarta|jdk|sun|com\.sun|kotlin|scala|org\.(?:springframework|apache|hibernate|eclipse)|runtime)\."
    r"|site-packages|node_modules|node:|/usr/lib"
)
_MOST_LINES = 2_000
_LONGEST_LINE = 2_000


def innermost(stacktrace: str | None) -> Location | None:
    """None where no frame is recognised (JVM, Python, Node.js and Go are). Frames of libraries are passed over."""
    lines = (stacktrace or "")[: _MOST_LINES * 200].splitlines()[:_MOST_LINES]
    text = "\n".join(line for line in lines if len(line) <= _LONGEST_LINE)
    cause = text[max(text.rfind("Caused by:"), 0) :]
    for pattern in (_JVM, _PYTHON, _GO, _NODE):
        frames = list(pattern.finditer(cause)) or list(pattern.finditer(text))
        if frames:
            if pattern is _PYTHON:
                frames.reverse()
            own = next(
                (f for f in frames if not _LIBRARIES.search(f["function"] or "") and not _LIBRARIES.search(f["file"])),
                None,
            )
            frame = own or frames[0]
            return Location(frame["file"], int(frame["line"]), frame["function"])
    return None

"""
## What it finds
A call that waits, put into a function that runs on an event loop: `time.sleep`, `requests.get`, `.result()`,
`readFileSync`, `Thread.sleep`, `.Result` and `.Wait()`, `runBlocking`.

## Why it matters
One such call stops the loop, and with it every other request that runs on it. Latency of all grows with the load of
the one.

## How it is computed
Calls in functions that say they are asynchronous (`async`, `suspend`) are compared by what is called; one that waits
and is new is a match.

## Not this when
It is handed to a thread (`to_thread`, `run_in_executor`, `withContext(Dispatchers.IO)`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.changes.diffs.file_delta import FileDelta, Side
from deep_code_reasoning.changes.diffs.pattern import Fact, Match, Pattern, gained, matches
from deep_code_reasoning.code.asynchrony import is_async

PATTERN = Pattern(
    "DIFF017", "blocking-in-async", "waits on the event loop", frozenset({"latency", "timeout", "exhausted", "queue"})
)

_WAITS = {
    "python": r"^(time\.sleep|requests\.\w+|urllib\.request\.urlopen|subprocess\.(run|call|check_call|check_output)|"
    r"os\.system|socket\.create_connection|.*\.result|input)$",
    "javascript": r"((read|write|append)FileSync|(exec|spawn|exists|readdir|stat|pbkdf2|scrypt)Sync|Atomics\.wait)$",
    "kotlin": r"^(Thread\.sleep|runBlocking|.*\.get\(\)|.*\.blockingGet|.*\.join\(\))$",
    "rust": r"(thread::sleep|reqwest::blocking::\w+|std::fs::\w+|block_on)$",
    "c-sharp": r"(Thread\.Sleep|\.Wait|\.GetResult|Task\.WaitAll|File\.ReadAllText|File\.WriteAllText)$",
    "php": r"^(sleep|usleep|file_get_contents)$",
}
_HANDED_OVER = re.compile(
    r"(to_thread|run_in_executor|run_sync|spawn_blocking|withContext|Task\.Run|submit|run_in_threadpool)$"
)


def find(delta: FileDelta) -> Iterator[Match]:
    yield from matches(PATTERN, delta, gained(delta, _facts))


def _facts(side: Side) -> Iterator[Fact]:
    name = side.parsed.language.name
    waits = _WAITS.get("javascript" if name in ("typescript", "tsx") else name)
    if waits is None:
        return
    for part in side.outline.of("call"):
        awaited = part.within is not None and part.within.role == "await"
        handed_over = any(_HANDED_OVER.search(one.callee) for one in part.around("call"))
        if not awaited and not handed_over and re.search(waits, part.callee) and is_async(part):
            yield Fact(part.callee, part, f"waits in {part.callee[:60]}() on an event loop")

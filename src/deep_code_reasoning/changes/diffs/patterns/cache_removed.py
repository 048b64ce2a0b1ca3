"""
## What it finds
A cache that is no longer asked, filled or declared: a decorator or an annotation (`@lru_cache`, `@Cacheable`), a call
on something named a cache (`cache.get`, `Rails.cache.fetch`), a memoised or coalesced call (`singleflight`).

## Why it matters
What was answered from memory is computed or fetched again for each request; whoever stood behind the cache gets all of
its traffic.

## How it is computed
Such calls and annotations of the touched functions are compared by their receiver and method; one that is gone from a
function that is still there, with no other of them put in its place, is a match. Invalidations (`delete`, `clear`,
`evict`) and metrics are not counted.

## Not this when
Another layer caches the same answer, or the cached value was wrong and its removal is the repair.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.changes.diffs.file_delta import FileDelta, Side
from deep_code_reasoning.changes.diffs.pattern import Fact, Match, Pattern, lost, matches

PATTERN = Pattern(
    "DIFF004",
    "cache-removed",
    "takes a cache away or changes its key",
    frozenset({"cache", "latency", "calls", "overload", "exhausted", "timeout", "memory", "wrong"}),
)

_NAME = re.compile(r"(?i)(cache[sd]?|memo(i[sz]ed?)?|caffeine|singleflight|loadingcache|lru)$")
_READS = re.compile(
    r"(?i)^(get(_or_set|_or_load|_many|_?if_?present|orcreate(async)?|orsetasync|orload|orcompute|_or_insert_with)?|fetch(_multi)?|load|lookup|read(_multi)?|"
    r"set(_many|ex|async)?|put(_?if_?absent|all)?|add|store|write(_multi)?|compute_?if_?absent|remember(forever)?|has|contains(_?key)?|exists?\??|do|trygetvalue|peek|getset|wrap)$"
)
_MADE_BY = re.compile(
    r"(?i)^(lru_cache|cached?|cached_property|cachedmethod|cache_page|memoi[sz]e|usememo|memo|ttl_cache|rails_cache|cache_result|fragment_cache)$"
)
_ANNOTATION = re.compile(
    r"(?i)@?#?\[?\b([\w.]*(lru_cache|\bcached?\b|cached_property|cacheable|memoi[sz]e|cache_page|ttl_cache|outputcache|responsecache|cacheresult)\w*)"
)


def find(delta: FileDelta) -> Iterator[Match]:
    yield from matches(PATTERN, delta, lost(delta, _facts), is_removal=True)


def _facts(side: Side) -> Iterator[Fact]:
    for part in side.outline.parts:
        if part.role == "call" and part.nearest("annotation") is None:
            last = re.findall(r"[A-Za-z_]\w*", re.sub(r"\([^()]*\)", "", part.receiver))[-1:]
            if last and _NAME.search(last[0].strip("_")) and _READS.match(part.method):
                yield Fact(
                    "read" if _is_read(part.method) else "write", part, f"no longer calls {last[0]}.{part.method}()"
                )
            elif _MADE_BY.match(part.method) and not part.receiver:
                yield Fact(part.method, part, f"no longer calls {part.method}()")
        elif part.role == "annotation" and (match := _ANNOTATION.match(part.text)):
            yield Fact("annotation", part, f"is no longer marked {match[1]}")


def _is_read(method: str) -> bool:
    return not re.match(r"(?i)set|put|add|store|write", method)

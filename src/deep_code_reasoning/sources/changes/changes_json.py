"""Changes as flat JSON of no product's own form: deployments that a script writes, flags with who, when, old and new.

By the names of their members, as tables are; of objects in them the members count as `author_name` of `author.name`.
So are read the audit logs of Flagsmith and ConfigCat, the flag log that Sentry keeps, and most feeds made at home.
OpenFeature defines no stored feed of changes: its hooks tell evaluations, which are log records.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from deep_code_reasoning.sources.changes.change_rows import ChangeRows
from deep_code_reasoning.sources.changes.deploy import Deploy
from deep_code_reasoning.sources.changes.entries import entries, first_objects
from deep_code_reasoning.sources.changes.flag_change import shown
from deep_code_reasoning.sources.changes.plain_changes import Commit, change_of, claim, columns_of
from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

NOT_A_CHANGE = "JSON that is not a change (a time, and a service, version, commit or flag)"

_MOST_WORDS = 500  # characters of a log's text
# The words around the flag's name in the audit log of Flagsmith, which has no member for it.
_FLAGSMITH = re.compile(
    r"(?:Flag|Remote Config|Scheduled change|Segment rules).*?(?:feature|flag|created|updated|deleted):?\s+"
    r"(?:for (?:feature|flag):?\s+)?'?([^\s']+)",
    re.IGNORECASE,
)


class ChangesJson:
    name = "changes-json"
    accepts = "changes as flat JSON (time, service, version, commit, ...; or time, flag, old and new value)"

    def claims(self, sample: Sample) -> int:
        found = [_flat(value) for value in first_objects(sample)]
        names = tuple(dict.fromkeys(name for flat in found for name in flat))
        if not found or sum(len(flat) * 2 >= len(names) for flat in found) * 2 < len(found):
            return 0
        return max(0, claim(names, found) - 5)  # behind the readers of a product's own form

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        rows = ChangeRows(stream.name)
        for number, entry in enumerate(entries(stream)):
            if isinstance(entry, Skipped):
                yield entry
            else:
                yield from rows.put(_made(entry.value, entry.offset, number), entry.line, entry.offset)
        yield from rows.rest()


READER = ChangesJson()


def _made(value: Any, offset: int, number: int) -> Deploy | Commit | str:
    flat = _flat(value) if isinstance(value, dict) else {}
    columns = columns_of(tuple(flat))
    return change_of(flat, columns, offset, number) if columns else NOT_A_CHANGE


def _flat(value: dict[str, Any]) -> dict[str, str]:
    """Members as text, those of objects by both names; lists, and what lies deeper, are left out."""
    flat: dict[str, str] = {}
    for key, one in value.items():
        if isinstance(one, dict):
            parts = {f"{key}_{name}": part for name, part in one.items() if not isinstance(part, dict | list)}
            flat |= {name: shown(part) for name, part in parts.items() if part is not None}
            if named := next((one[name] for name in ("key", "name", "email") if isinstance(one.get(name), str)), None):
                flat[key] = named
        elif one is not None and not isinstance(one, list):
            flat[key] = str(one) if isinstance(one, str) else shown(one)
    if "related_object_type" in flat and (found := _FLAGSMITH.search(flat.get("log", "")[:_MOST_WORDS])):
        flat["flag"] = found[1]
    return flat

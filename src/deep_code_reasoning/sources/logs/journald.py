"""systemd's journal: `journalctl -o export` (text and binary fields) and `journalctl -o json` (an object a line)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

_EXPORTED = re.compile(rb"^__REALTIME_TIMESTAMP=\d{1,20}$", re.MULTILINE)
_JSON_TIME = re.compile(rb'"__REALTIME_TIMESTAMP"\s?:\s?"\d{1,20}"')


class Journald:
    name = "journald"
    accepts = "systemd's journal as `journalctl -o export` or `-o json` writes it"

    def claims(self, sample: Sample) -> int:
        head = sample.head.lstrip(b"\0 \r\n")
        if head[:1] == b"{":
            return 88 if _JSON_TIME.search(head) else 0
        return 88 if re.match(rb"_?[A-Z_]+=", head) and _EXPORTED.search(head) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        from deep_code_reasoning.sources.logs.journal_entries import entries
        from deep_code_reasoning.sources.logs.journal_records import journal_record
        from deep_code_reasoning.sources.logs.log_rows import LogRows

        rows = LogRows(stream.path)
        for entry in entries(stream):
            if isinstance(entry, Skipped):
                yield entry
                continue
            rows.add(journal_record(entry.fields), entry.line, entry.offset)
            if rows.is_ready:
                yield from rows.ready()
        yield from rows.finish()


READER = Journald()

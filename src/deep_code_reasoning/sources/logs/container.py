"""What container runtimes write around a container's output: Kubernetes CRI lines and Docker's json-file driver."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.sources.reader import Batch, Sample, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream

_CRI = re.compile(
    rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)"
    rb" (?:stdout|stderr) [PF](?::\w{1,32})*(?: |$)"
)
_DOCKER_KEYS = (b'"log":"', b'"stream":"std', b'"time":"')


class Container:
    name = "container"
    accepts = "container logs: Kubernetes CRI (time, stdout or stderr, P or F) and Docker's json-file"

    def claims(self, sample: Sample) -> int:
        """Above what the inner lines might be, where most lines are in one of the two forms."""
        lines = [line for line in sample.head.split(b"\n")[:200] if line.strip(b"\0 \r")]
        if not sample.complete and len(lines) > 1:
            lines.pop()
        found = sum(
            _CRI.match(line) is not None or (line[:1] == b"{" and all(key in line for key in _DOCKER_KEYS))
            for line in lines
        )
        return 85 if found * 2 > len(lines) else 0

    def read(self, stream: EvidenceStream) -> Iterator[Batch | Skipped]:
        from deep_code_reasoning.sources.logs.container_lines import ContainerLines

        yield from ContainerLines(stream).run()


READER = Container()

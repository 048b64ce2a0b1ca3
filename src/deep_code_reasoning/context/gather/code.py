"""Source code that findings name, that the caller gives, that a ranking found: one candidate a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.context.candidate import Candidate, Part, Refused
from deep_code_reasoning.context.gather.weights import evidence_by_weight, finding_weights
from deep_code_reasoning.context.packing.code_queue import CodeOrder
from deep_code_reasoning.context.ranked_code import RankedFile, best_chunks_first
from deep_code_reasoning.context.render.code_window import code_window
from deep_code_reasoning.context.source_files import MOST_FILES, Unreadable, files_under
from deep_code_reasoning.context.source_syntax import lines_of_function, signature_lines
from deep_code_reasoning.context.source_trees import SourceText, SourceTrees
from deep_code_reasoning.finding import Diagnosis, Location

if TYPE_CHECKING:
    from deep_code_reasoning.context.redact import Redactor
    from deep_code_reasoning.progress import Work

_AROUND = 40
_GIVEN_WEIGHT = 0.5
_UNKNOWN_LINE = 160


@dataclass
class _File:
    id: str
    title: str
    reason: str
    weight: float
    source: SourceText
    parts: list[Part] = field(default_factory=list)
    marked: set[int] = field(default_factory=set)


class CodeFiles:
    """Reads each file once, however many places, arguments and chunks point into it."""

    def __init__(self, trees: SourceTrees, redactor: Redactor, work: Work) -> None:
        self._trees, self._redactor, self._work = trees, redactor, work
        self._files: dict[str, _File] = {}
        self.refused: list[Refused] = []
        self.order = CodeOrder()

    def named_by(self, diagnosis: Diagnosis) -> None:
        """Windows around the places that suspects and findings name."""
        for (name, line), (weight, reason, service) in _places(diagnosis).items():
            place = f"code:{name}:{line}" if line else f"code:{name}"
            try:
                file = self._file(self._trees.locate(name, service), place, name, reason, weight)
            except Unreadable as error:
                self.refused.append(Refused(place, "code", place, str(error)))
                continue
            if line in file.marked:
                continue
            first, last = (line - _AROUND, line + _AROUND) if line else (1, _UNKNOWN_LINE)
            file.parts.append(Part(range(max(first, 1) - 1, min(last, len(file.source.lines))), weight))
            file.marked |= {line} if line else set()

    def given(self, arguments: Sequence[Path]) -> None:
        """Files of the caller, and those of folders."""
        files = (path for argument in arguments for path in files_under(argument, self._trees.roots))
        for path in islice(files, MOST_FILES):
            self._work.check()
            try:
                file = self._file(path, f"code:{path}", str(path), "given by the caller", _GIVEN_WEIGHT)
            except Unreadable as error:
                self.refused.append(Refused(f"code:{path}", "code", str(path), str(error)))
                continue
            file.parts.append(Part(range(max(len(file.source.lines), 1)), _GIVEN_WEIGHT))
        if (one_more := next(files, None)) is not None:
            reason = f"only the first {MOST_FILES} files given are read"
            self.refused.append(Refused(f"code:{one_more}", "code", str(one_more), reason))

    def ranked(self, files: Sequence[RankedFile]) -> None:
        """Files and chunks as a ranking orders them; of a file that changed since, chunks are found by their names."""
        ids: dict[Path, str] = {}
        for ranked in files[:MOST_FILES]:
            self._work.check()
            why = "ranked: " + ("; ".join(ranked.reasons) or "by its words")
            try:
                file = self._file(ranked.path, f"code:{ranked.path}", str(ranked.path), why, 0.0)
            except Unreadable as error:
                self.refused.append(Refused(f"code:{ranked.path}", "code", str(ranked.path), str(error)))
                continue
            ids[ranked.path] = file.id
        by_id = {file.id: file for file in self._files.values()}
        chunks = []
        for ranked, chunk in best_chunks_first(files):
            if (id_ := ids.get(ranked.path)) is None:
                continue
            source, lines = by_id[id_].source, range(chunk.line - 1, chunk.end_line)
            if ranked.blob and source.blob_like(ranked.blob) != ranked.blob and chunk.name:
                lines = lines_of_function(source, chunk.name) or lines
            chunks.append((id_, lines))
        outlines = [(id_, lines) for id_ in ids.values() if (lines := signature_lines(by_id[id_].source))]
        self.order = CodeOrder(tuple(dict.fromkeys(ids.values())), tuple(chunks), tuple(outlines))

    def candidates(self) -> Iterator[Candidate]:
        for file in self._files.values():
            # Secrets go before lines are numbered and cut: a key may span many lines.
            lines = self._redactor.clean("\n".join(file.source.lines)).split("\n") if file.source.lines else []
            text = code_window(lines, 1, len(lines), file.marked) if lines else "(empty)\n"
            yield Candidate(
                file.id, "code", file.title, file.reason, file.weight, text,
                parts=tuple(file.parts), revision=self._trees.revision(file.source), file=file.source.hashed(),
            )  # fmt: skip

    def _file(self, path: Path, id_: str, title: str, reason: str, weight: float) -> _File:
        """Raises Unreadable."""
        source = self._trees.read(path)
        return self._files.setdefault(str(source.path), _File(id_, title, reason, weight, source))


def _places(diagnosis: Diagnosis) -> dict[tuple[str, int | None], tuple[float, str, str | None]]:
    """Each place with its weight, who names it and the service it is of, the heaviest first."""
    weights = finding_weights(diagnosis)
    named: list[tuple[Location, float, str, str | None]] = [
        (s.location, s.score, f"suspect {s.rank}", s.service) for s in diagnosis.suspects if s.location
    ]
    named += [
        (c.location, c.score, f"change {c.rank}", c.service) for c in diagnosis.changes if c.location and c.score > 0
    ]
    named += [
        (f.subject.location, weights[f.id], f.id, f.subject.service) for f in diagnosis.findings if f.subject.location
    ]
    for finding, _, rest, weight in evidence_by_weight(diagnosis, "code"):
        path, _, line = rest.rpartition(":")
        named.append(
            (
                Location(path or rest, int(line) if path and line.isdigit() else None),
                weight,
                finding.id,
                finding.subject.service,
            )
        )
    places: dict[tuple[str, int | None], tuple[float, str, str | None]] = {}
    for location, weight, who, service in sorted(named, key=lambda n: -n[1]):
        places.setdefault((location.file, location.line), (weight, f"{who} names it", service))
    return places

"""Source code: windows around the places that findings name, and the files that the caller gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.context.candidate import Candidate, Refused
from deep_code_reasoning.context.gather.weights import evidence_by_weight, finding_weights
from deep_code_reasoning.context.render.code_window import code_window
from deep_code_reasoning.context.source_files import MOST_FILES, Unreadable, files_under, read_lines
from deep_code_reasoning.context.source_trees import SourceTrees
from deep_code_reasoning.finding import Diagnosis, Location

if TYPE_CHECKING:
    from deep_code_reasoning.context.redact import Redactor
    from deep_code_reasoning.progress import Work

_AROUND = 40
_GIVEN_WEIGHT = 0.5
_UNKNOWN_LINE = 160


def code(
    diagnosis: Diagnosis, given: Sequence[Path], trees: SourceTrees, redactor: Redactor, work: Work
) -> Iterator[Candidate | Refused]:
    places = _places(diagnosis)
    yield from _windows(places, trees, redactor)
    files = (path for argument in given for path in files_under(argument, trees.roots))
    for path in islice(files, MOST_FILES):
        work.check()
        yield _whole_file(path, trees.roots, redactor)
    if (one_more := next(files, None)) is not None:
        yield Refused(f"code:{one_more}", "code", str(one_more), f"only the first {MOST_FILES} files given are read")


def _places(diagnosis: Diagnosis) -> dict[tuple[str, int | None], tuple[float, str, str | None]]:
    """Each place with its weight, who names it and the service it is of, the heaviest first."""
    weights = finding_weights(diagnosis)
    named: list[tuple[Location, float, str, str | None]] = [
        (s.location, s.score, f"suspect {s.rank}", s.service) for s in diagnosis.suspects if s.location
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


def _windows(
    places: dict[tuple[str, int | None], tuple[float, str, str | None]], trees: SourceTrees, redactor: Redactor
) -> Iterator[Candidate | Refused]:
    shown: dict[str, list[range]] = {}
    for (file, line), (weight, reason, service) in places.items():
        place = f"code:{file}:{line}" if line else f"code:{file}"
        if any(line in window for window in shown.get(file, []) if line):
            continue
        try:
            path = trees.locate(file, service)
            lines = read_lines(path, trees.roots)
        except Unreadable as error:
            yield Refused(place, "code", place, str(error))
            continue
        first, last = (line - _AROUND, line + _AROUND) if line else (1, _UNKNOWN_LINE)
        shown.setdefault(file, []).append(range(first, last + 1))
        text = code_window(_clean(lines, redactor), first, last, {line} if line else ())
        title = f"{file}, lines {max(first, 1)} to {min(last, len(lines))}"
        if revision := trees.revision(path):
            title += f", {revision}"
        yield Candidate(place, "code", title, reason, weight, text)


def _whole_file(path: Path, roots: Sequence[Path], redactor: Redactor) -> Candidate | Refused:
    place = f"code:{path}"
    try:
        lines = _clean(read_lines(path, roots), redactor)
    except Unreadable as error:
        return Refused(place, "code", str(path), str(error))
    text = code_window(lines, 1, len(lines)) if lines else "(empty)\n"
    return Candidate(place, "code", f"{path}, {len(lines)} lines", "given by the caller", _GIVEN_WEIGHT, text)


def _clean(lines: list[str], redactor: Redactor) -> list[str]:
    """Secrets go before lines are numbered and cut: a key may span many lines."""
    return redactor.clean("\n".join(lines)).split("\n")

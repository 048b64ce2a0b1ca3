"""What is new since the specialist last heard: changed files, new evidence, what the caller names. Nothing twice.

A delta is a short message of its own marks, put before the caller's: of a changed file the lines that changed and a few
around them, of new evidence what was loaded and what the diagnosis makes of it. Redacted as a brief is. Secrets are not
kept between turns, so one that was shown before may get a new placeholder; no placeholder stands for two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING

from deep_code_reasoning.context.candidate import Candidate, Part, ReadFile
from deep_code_reasoning.context.fence import fence_for, fenced, preamble
from deep_code_reasoning.context.packing.code_queue import CodeOrder
from deep_code_reasoning.context.packing.fill import FILL, pack
from deep_code_reasoning.context.redact import Redactor
from deep_code_reasoning.context.render import conclusion
from deep_code_reasoning.context.render.code_window import code_window
from deep_code_reasoning.context.source_files import Unreadable
from deep_code_reasoning.context.source_trees import SourceText, SourceTrees
from deep_code_reasoning.context.tokens import factor, hundredths
from deep_code_reasoning.context.without_secrets import without_secrets
from deep_code_reasoning.conversation.sessions.records import Shown

if TYPE_CHECKING:
    from deep_code_reasoning.context.scanner import Scanner
    from deep_code_reasoning.finding import Diagnosis, Finding
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.store.manifest import EvidenceRecord

DELTA_TOKENS = 12_000
HEADER = (
    "Findings are numbered anew from here. A secret that had a placeholder above may have another one from here on.\n\n"
)
_AROUND = 3
_AROUND_NAMED = 40
_MOST_NAMED = 20
_NAMED = re.compile(r"(?P<path>[^\s`'\"<>|;,()\[\]{}]*[\w-]\.[A-Za-z]\w{0,11})(?::(?P<line>\d+))?")


@dataclass(frozen=True)
class Delta:
    """Items of one fence: `news`, empty where nothing is new, and the message. `told`: what is new, for the caller."""

    news: str
    message: str
    told: tuple[str, ...]
    shown: Shown


@dataclass(frozen=True)
class News:
    """What is compared: as last told, and now. `evidence` is the manifest's; without `trees` it is not there any more,
    and nothing is compared. `names_files`: files that the message names are shown with it."""

    message: str
    shown: Shown
    before: Diagnosis
    now: Diagnosis
    evidence: Mapping[str, EvidenceRecord]
    trees: SourceTrees | None
    names_files: bool = False


def delta_of(news: News, redactor: Redactor, *, provider: str, scanner: Scanner | None, work: Work) -> Delta:
    """The message, before it at most `DELTA_TOKENS` as `provider` counts them: files that it names, changed files, new
    evidence. A caller may paste a secret: the message is redacted as the rest is. Raises RedactionError."""
    files = dict(news.shown.files)
    told: list[str] = []
    message = Candidate("question", "question", "what is asked", "the caller's", 1, news.message, required=True)
    shown = news.shown
    candidates = [message]
    if news.trees:
        candidates += _named(news, news.trees, files, redactor, told)
        candidates += _changed(news, news.trees, files, redactor, told)
        candidates += [*_evidence(news, told), *_conclusions(news, told)]
        shown = Shown(files, {path: record.fingerprint for path, record in news.evidence.items()})
    (message, *clean), order = without_secrets(candidates, CodeOrder(), redactor, scanner, work)
    fence = fence_for(f"{c.id}\0{c.title}\0{c.text}" for c in (message, *clean))
    asked = fenced(message, fence)
    if not clean:
        return Delta("", asked, tuple(told), shown)
    head = HEADER + preamble(fence)
    limit = int(DELTA_TOKENS * FILL * 100 / factor(provider)) - hundredths(head)
    packed = pack(clean, order, limit, lambda candidate: fenced(candidate, fence))
    left = [f"Not shown for its length: {left.id}\n" for left in packed.left_out]
    text = head + "".join(fenced(share.candidate, fence) for share in packed.shares) + "".join(left)
    return Delta(text, asked, tuple(told), shown)


def _changed(
    news: News, trees: SourceTrees, files: dict[str, tuple[str, ...]], redactor: Redactor, told: list[str]
) -> Iterator[Candidate]:
    """Files that the specialist was shown and that are not what they were."""
    for path, old in news.shown.files.items():
        if files[path] != old:
            continue  # named just now, and shown as it is
        try:
            source = trees.read(Path(path))
        except Unreadable as error:
            del files[path]
            told.append(f"{path} cannot be read any more: {error}")
            yield Candidate(f"gone:{path}", "code", path, "gone", 0.9, f"{path} cannot be read any more: {error}\n")
            continue
        new = source.hashed()
        if new.lines == old:
            continue
        ranges, removed = _differences(old, new.lines)
        files[path] = new.lines
        told.append(f"{path} changed in {len(ranges)} places since it was shown")
        parts = [Part(lines, 0.8) for lines in ranges]
        yield _code(source, parts, f"changed since it was shown; {removed} of its lines are gone", trees, redactor)


def _named(
    news: News, trees: SourceTrees, files: dict[str, tuple[str, ...]], redactor: Redactor, told: list[str]
) -> Iterator[Candidate]:
    """Files of the caller's message, around the line it names. A word that names none is a word."""
    parts: dict[str, tuple[SourceText, list[Part]]] = {}
    for match in _NAMED.finditer(news.message if news.names_files else ""):
        if len(parts) == _MOST_NAMED:
            break
        line = int(match["line"] or 0)
        try:
            source = trees.read(trees.locate(match["path"]))
        except Unreadable as error:
            if line or "/" in match["path"]:
                told.append(f"{match['path']}: not shown: {error}")
            continue
        first, last = (max(line - 1 - _AROUND_NAMED, 0), line + _AROUND_NAMED) if line else (0, len(source.lines))
        wanted = range(first, max(min(last, len(source.lines)), first + 1))
        parts.setdefault(str(source.path), (source, []))[1].append(Part(wanted, 1.0))
    for path, (source, wanted) in parts.items():
        files[path] = source.hashed().lines
        told.append(f"{path} is shown, as the message names it")
        yield _code(source, wanted, "named by the caller", trees, redactor)


def _code(source: SourceText, parts: Sequence[Part], reason: str, trees: SourceTrees, redactor: Redactor) -> Candidate:
    lines = redactor.clean("\n".join(source.lines)).split("\n") if source.lines else []
    text = code_window(lines, 1, len(lines)) if lines else "(empty)\n"
    title, revision = f"{source.path}, {reason}", trees.revision(source)
    return Candidate(f"code:{source.path}", "code", title, reason, 0.9, text, parts=tuple(parts), revision=revision)


def _differences(old: Sequence[str], new: Sequence[str]) -> tuple[list[range], int]:
    """Ranges of `new`, from 0, that hold what changed and a few lines around, and how many of `old` are gone."""
    ranges: list[range] = []
    removed = 0
    for kind, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        removed += old_to - old_from
        first, last = max(new_from - _AROUND, 0), max(min(new_to + _AROUND, len(new)), 1)
        if ranges and first <= ranges[-1].stop:
            ranges[-1] = range(ranges[-1].start, last)
        else:
            ranges.append(range(first, last))
    return ranges, removed


def _evidence(news: News, told: list[str]) -> Iterator[Candidate]:
    lines = []
    for path, record in news.evidence.items():
        before = news.shown.evidence.get(path)
        if before == record.fingerprint:
            continue
        rows = ", ".join(f"{count:,} {table}" for table, count in record.rows.items() if count) or record.state
        lines.append(f"{'new' if before is None else 'changed'}: {path} ({record.reader}): {rows}")
    lines += [f"taken away: {path}" for path in news.shown.evidence if path not in news.evidence]
    if lines:
        told.extend(lines)
        text = "\n".join(lines) + "\n"
        yield Candidate("evidence", "verdict", "evidence, as loaded now", "it changed", 1, text, required=True)


def _conclusions(news: News, told: list[str]) -> Iterator[Candidate]:
    if news.now is news.before:
        return
    known = {_key(finding) for finding in news.before.findings}
    new = [finding for finding in news.now.findings if _key(finding) not in known]
    if verdict := _verdict(news):
        told.append("the local diagnosis says something else now")
        yield verdict
    told.extend(f"new finding: {finding.title}" for finding in new)
    for finding in new:
        yield Candidate(finding.id, "finding", finding.title, "new", 0.95, conclusion.finding(finding))


def _verdict(news: News) -> Candidate | None:
    text = conclusion.verdict(news.now)
    if text == conclusion.verdict(news.before):
        return None
    return Candidate("verdict", "verdict", "verdict and suspects, anew", "it changed", 1, text, required=True)


def _key(finding: Finding) -> tuple:
    return finding.code, finding.subject


def shown_of(files: Sequence[ReadFile], evidence: Mapping[str, EvidenceRecord]) -> Shown:
    """What a brief told."""
    return Shown(
        {file.path: file.lines for file in files}, {path: record.fingerprint for path, record in evidence.items()}
    )

"""The local analyst in a conversation: it looks up in the diagnosis what a message names and says what it cannot."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from deep_code_reasoning.context.render import conclusion
from deep_code_reasoning.finding import Diagnosis, Finding, RankedChange, Suspect

if TYPE_CHECKING:
    from deep_code_reasoning.specialists.analysis import Analysis

_WORD = re.compile(r"[\w][\w./:@#+-]*[\w]|\w")
_SUSPECT = re.compile(r"\bsuspects?[ :#-]*(\d+)", re.IGNORECASE)
_SHA = re.compile(r"[0-9a-f]{7,64}")
_FINDING_ID = re.compile(r"[A-Z]{2,}\d{3}(?:-\d+)?")
_FILE = re.compile(r"[\w./-]+\.[A-Za-z]\w{0,4}(?::\d+)?")
_MOST_FINDINGS = 8
_CANNOT = (
    "The local analyst answered: it looks up what a message names (findings, suspects, services, operations, files, "
    "commits) in what the detectors counted. It does not read code or logs, follow an argument, weigh what you report, "
    "or think of causes that no detector looks for. A specialist can; `dcr show REF` opens the references above."
)
_T = TypeVar("_T")


def answer_locally(diagnosis: Diagnosis, message: str) -> Analysis:
    """Deterministic; the same analysis as the first one's, reduced to what the message names. Its `narrative` tells
    each thing found, which names the diagnosis does not have, and what the local analyst cannot do."""
    from deep_code_reasoning.specialists.local_analyst import analyse_locally

    whole = analyse_locally(diagnosis)
    findings, suspects, changes = _found(diagnosis, message)
    unknown = _unknown(diagnosis, message)
    told = [f"{f.id}: {conclusion.finding(f).strip()}" for f in findings]
    told += ["\n".join(conclusion.suspect_lines(suspect)) for suspect in suspects]
    told += [_change(change) for change in changes]
    if unknown:
        told.append(f"Not in this diagnosis: {', '.join(unknown)}.")
    if not (findings or suspects or changes):
        verdict = diagnosis.verdict
        told.append(
            f"The message names nothing that the diagnosis holds. It says: {verdict.summary} (confidence "
            f"{verdict.confidence:.2f}). It can be asked about {_askable(diagnosis)}."
        )
    about = {suspect.summary for suspect in suspects}
    about |= {s.summary for s in diagnosis.suspects for f in findings if any(a.finding == f.id for a in s.in_favour)}
    return whole.model_copy(
        update={
            "root_causes": [cause for cause in whole.root_causes if cause.description in about],
            "hypotheses": [one for one in whole.hypotheses if one.statement in about],
            "narrative": "\n\n".join((*told, _CANNOT)),
        }
    )


def _found(diagnosis: Diagnosis, message: str) -> tuple[list[Finding], list[Suspect], list[RankedChange]]:
    """What the message names itself first; where that is a service, an operation or a file, what is about it."""
    names, ranks, shas = _names(message), {int(n) for n in _SUSPECT.findall(message)}, _shas(message)

    def about(*words: str | None) -> bool:
        return any(word and _is_named(word, message, names) for word in words)

    def of_finding(f: Finding) -> bool:
        at, subject = f.subject.location, f.subject
        words = (subject.service, subject.operation, subject.resource, subject.peer, at.file if at else None)
        return f.id.lower() in names or f.code.lower() in names or about(*words)

    def of_suspect(s: Suspect) -> bool:
        at = s.location.file if s.location else None
        return s.rank in ranks or about(s.service, s.operation, s.resource, at) or _has(shas, s.commit)

    def of_change(c: RankedChange) -> bool:
        return _has(shas, c.sha) or about(c.location.file if c.location else None)

    exact = [f for f in diagnosis.findings if f.id.lower() in names]
    findings = exact or _those(diagnosis.findings, of_finding)[:_MOST_FINDINGS]
    return findings, _those(diagnosis.suspects, of_suspect), _those(diagnosis.changes, of_change)


def _those(things: Iterable[_T], wanted: Callable[[_T], bool]) -> list[_T]:
    return [thing for thing in things if wanted(thing)]


def _names(message: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(message)}


def _shas(message: str) -> set[str]:
    return set(_SHA.findall(message.lower()))


def _has(shas: set[str], sha: str | None) -> bool:
    return bool(sha) and any(str(sha).lower().startswith(one) for one in shas)


def _is_named(word: str, message: str, names: set[str]) -> bool:
    """As it is, or, of a path, by its end: `lease.py:42` names `src/lease.py`."""
    plain = word.lower()
    if re.search(rf"(?<![\w-]){re.escape(plain)}(?![\w-])", message.lower()):
        return True
    ends = {name.split(":")[0] for name in names if "." in name}
    return "/" in plain and any(plain.endswith(f"/{end}") for end in ends)


def _unknown(diagnosis: Diagnosis, message: str) -> list[str]:
    """Words that look like an id, a commit or a file and are none of this diagnosis."""
    ids = {f.id.lower() for f in diagnosis.findings}
    codes = {f.code.lower() for f in diagnosis.findings}
    shas = [c.sha.lower() for c in diagnosis.changes] + [str(s.commit).lower() for s in diagnosis.suspects if s.commit]
    places = [s.location for s in diagnosis.suspects] + [c.location for c in diagnosis.changes]
    places += [f.subject.location for f in diagnosis.findings]
    files = [at.file.lower() for at in places if at]
    ranks = {s.rank for s in diagnosis.suspects}
    unknown = []
    for word in dict.fromkeys(_WORD.findall(message)):
        plain = word.lower()
        if _SHA.fullmatch(plain) and any(c.isdigit() for c in plain):
            known = any(sha.startswith(plain) for sha in shas)
        elif _FINDING_ID.fullmatch(word):
            known = plain in ids or plain in codes
        elif _FILE.fullmatch(plain) and "/" in plain:
            known = any(file.endswith(plain.split(":")[0]) for file in files)
        else:
            continue
        if not known:
            unknown.append(word)
    return unknown + [f"suspect {n}" for n in _SUSPECT.findall(message) if int(n) not in ranks]


def _change(change: RankedChange) -> str:
    lines = [f"change {change.rank}: commit {change.sha} of {change.repository}, probability {change.score:.3f}"]
    lines += [f"  for: {reason}" for reason in change.reasons]
    lines += [f"  against: {reason}" for reason in change.why_not]
    if change.effect:
        lines.append(f"  effect, by {change.effect.finding}: {change.effect.what}")
    return "\n".join(lines)


def _askable(diagnosis: Diagnosis) -> str:
    services = dict.fromkeys(
        name for name in (*(s.service for s in diagnosis.suspects), *diagnosis.verdict.blast_radius) if name
    )
    parts = [f"suspects 1 to {len(diagnosis.suspects)}"] if diagnosis.suspects else []
    parts += (
        [f"findings ({', '.join(f.id for f in diagnosis.findings[:_MOST_FINDINGS])})"] if diagnosis.findings else []
    )
    parts += [f"services ({', '.join(services)})"] if services else []
    return ", ".join(parts) or "nothing: no finding was made"

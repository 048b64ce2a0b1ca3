"""Failures in the output of a run, each known again by a fingerprint: what failed and how, not where and when.

A fingerprint is the name of what failed (a test, a file, an exception with its top frames) and the shape of its
message: addresses, ids, times, numbers, quoted text and folders are masked, so that the same failure is the same on
another day, on other lines, with other values. Reads at most HEAD + TAIL characters of an output.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

HEAD, TAIL = 4_000, 12_000
MESSAGE_LENGTH = 160
FRAMES = 3
MOST_FAILURES = 200

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_MASKS = (
    (re.compile(r"0x[0-9a-fA-F]+"), "#"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "#"),
    (re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|`[^`\n]*`"), "'#'"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,}\b"), "#"),
    (re.compile(r"(?<![\w.~-])(?:[\w.~-]*/)+(?=[\w.-])"), ""),
    (re.compile(r"\b(?![A-Z]+\d+\b)(?=\w*\d)(?=\w*[A-Za-z])\w{4,}\b"), "#"),  # names that a machine gave
    (re.compile(r"\d+(?:[.,:]\d+)*"), "#"),
    (re.compile(r"\s+"), " "),
)
_PYTHON_FRAME = re.compile(r'^\s*File "([^"\n]+)", line \d+, in (\S+)', re.MULTILINE)
_OTHER_FRAME = re.compile(r"^\s*at (?:async )?([\w.$<>]+)(?:\.[\w$<>]+)? ?\((?:[^()\n]*/)?([\w.]+):\d+", re.MULTILINE)
_PLACE = re.compile(r"(?<![\w.-])([\w.-]{1,80}\.[A-Za-z]\w{0,4})(?:[:(]\d+|\", line \d+)")


@dataclass(frozen=True)
class Fingerprint:
    kind: str
    id: str
    shape: str

    def __str__(self) -> str:
        return f"{self.id}: {self.shape}" if self.shape else self.id


@dataclass(frozen=True)
class Failures:
    """`size`: how many failed, as the runner says or as were found; `places`: names of files that the output points at.

    `is_environment`: what failed is the machine (a missing package, no network), which no edit of the code repairs.
    """

    found: frozenset[Fingerprint]
    size: int
    places: frozenset[str]
    is_environment: bool = False


def failures_of(output: str, *, failed: bool) -> Failures:
    """`failed`: the exit status, which is believed where the output shows no failure that is known."""
    text = _ANSI.sub("", _cut(output)).replace("\r\n", "\n")
    found = _recognised(text)
    places = frozenset(_PLACE.findall(text))
    environment = any(word in text for word in _catalogue()["environment"]["words"])
    if not any(one.kind == "test" for one in found) and environment:
        return Failures(frozenset(), 0, places, failed or bool(found))
    if not found and failed:
        found[Fingerprint("exit", "", shape(_last_words(text)))] = 1
    size = max(sum(found.values()), _summary(text) if found else 0)
    return Failures(frozenset(found), size, places)


@lru_cache(4096)
def shape(message: str) -> str:
    """The message without what changes from run to run."""
    message = message[: 4 * MESSAGE_LENGTH]
    for pattern, mask in _MASKS:
        message = pattern.sub(mask, message)
    return message.strip(" :-")[:MESSAGE_LENGTH]


def _recognised(text: str) -> Counter[Fingerprint]:
    kind, found = "", Counter[Fingerprint]()
    for pattern in _catalogue()["pattern"]:
        if found and pattern["kind"] != kind:
            break  # a failing test prints its exception, too
        if not any(word in text for word in pattern["needs"]):
            continue
        matches = list(pattern["compiled"].finditer(text))[-MOST_FAILURES:]
        for match in matches[-1:] if pattern.get("last") else matches:
            kind = pattern["kind"]
            frames = _frames(text) if kind == "exception" else ""
            found[Fingerprint(kind, _name(match["id"]), shape(_message(pattern, match, text)) + frames)] += 1
    if kind == "test":  # a runner may list a test twice, once without its message
        told = {one.id for one in found if one.shape}
        found = Counter({one: count for one, count in found.items() if one.shape or one.id not in told})
    return found


def _message(pattern: dict[str, Any], match: re.Match[str], text: str) -> str:
    if "message" in match.re.groupindex:
        return match["message"] or ""
    below = text[match.end() : match.end() + 4_000].split("\n")[1 : pattern.get("message_lines", 0) + 1]
    if told := pattern.get("message_compiled"):
        hit = told.search("\n".join(below))
        return hit["message"] if hit else ""
    return next((line for line in below if re.search(r"\w", line)), "")


def _name(id: str) -> str:
    return re.sub(r"0x[0-9a-fA-F]+", "#", id.strip())[:MESSAGE_LENGTH]


def _frames(text: str) -> str:
    """The names of the innermost functions; lines and folders change."""
    python = [f"{path.rpartition('/')[2]}:{function}" for path, function in _PYTHON_FRAME.findall(text)][-FRAMES:]
    other = [f"{file}:{function}" for function, file in _OTHER_FRAME.findall(text)][:FRAMES]
    frames = python or other
    return f" in {' < '.join(frames)}" if frames else ""


def _summary(text: str) -> int:
    for pattern in _catalogue()["summary"]["compiled"]:
        if matches := list(pattern.finditer(text)):
            return sum(int(group) for group in matches[-1].groups() if group)
    return 0


def _last_words(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if re.search(r"[A-Za-z]{3}", line)]
    lines = [line for line in lines if not line.startswith("Exit code")] or lines
    return lines[-1] if lines else ""


def _cut(text: str) -> str:
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]}\n{text[-TAIL:]}"


@cache
def _catalogue() -> dict[str, Any]:
    catalogue = tomllib.loads(Path(__file__).with_name("failures.toml").read_text("utf-8"))
    for pattern in catalogue["pattern"]:
        pattern["compiled"] = re.compile(pattern["regex"], re.MULTILINE)
        if "message_regex" in pattern:
            pattern["message_compiled"] = re.compile(pattern["message_regex"], re.MULTILINE)
    catalogue["summary"]["compiled"] = [re.compile(one, re.MULTILINE) for one in catalogue["summary"]["regexes"]]
    return catalogue

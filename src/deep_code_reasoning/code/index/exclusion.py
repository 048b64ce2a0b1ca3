"""Which files are not worth a specialist's reading: binaries, lock files, generated and minified ones, huge ones."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from fnmatch import translate
from functools import cache
from pathlib import Path
from typing import Any

BINARY_HEAD = 8_192
"""Bytes in which git, too, looks for a NUL."""

BINARY = "binary file"
MINIFIED = "minified file"
EMPTY = "empty file"
VANISHED = "vanished or not readable while it was read"
LINK = "symbolic link (not followed)"
OUTSIDE = "reached through a symbolic link out of the root"
NOT_A_FILE = "not a regular file"
SUBMODULE = "submodule (another repository; give it as one)"
FOLDER = "folder that cannot be listed"
CLOSED = "in a folder that may not be read"
NOT_THERE = "known to git, not on disk (deleted, or a sparse checkout)"
UNLISTED = "git could not list all files here (something of it is damaged, or it took too long)"
MISSING = "its object is missing from the repository"

_BLOCK = re.compile(rb'/\*.*?\*/|<!--.*?-->|""".*?"""', re.DOTALL)
_OPENS = re.compile(rb'(?:/\*|<!--|""").*\Z', re.DOTALL)
_COMMENT = re.compile(
    rb"""(?:\xef\xbb\xbf)?[ \t]*(?://|#|/\*|\*|--|;|<!--|%|\(\*|\{-|\"\"\"|'|dnl\b|@?rem\b|!)""", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """`size` in bytes, where it is known."""

    path: str
    reason: str
    size: int | None = None


def most_bytes() -> int:
    return _rules()["most_bytes"]


def by_name(path: str) -> str | None:
    """Why a file of this name is left out; None where its content decides."""
    name = path.rpartition("/")[2].lower()
    return _whole_names().get(name) or _ending(name)


def by_size(size: int) -> str | None:
    if size > most_bytes():
        return f"larger than {most_bytes():,} bytes"
    return EMPTY if size == 0 else None


def by_content(data: bytes, path: str = "") -> str | None:
    """Why a file of this content is left out; None where it is to be indexed."""
    if b"\0" in data[:BINARY_HEAD]:
        return BINARY
    rules = _rules()
    if len(data) / (data.count(b"\n") + 1) > rules["longest_mean_line"] or _is_minified(data, path):
        return MINIFIED
    head = data[: rules["head_bytes"]]
    if not any(word in head.lower() for word in _words_of_heads()):  # most files: a tenth of the patterns' time
        return None
    for reason, pattern in _patterns_of("heads"):
        if pattern.search(head):
            return reason
    for reason, pattern in _patterns_of("comments"):
        if any(_is_in_a_first_comment(head, match.start()) for match in pattern.finditer(head)):
            return reason
    return None


def _is_minified(data: bytes, path: str) -> bool:
    rules = _rules()["minified"]
    if not path.lower().endswith(tuple(rules["endings"])):
        return False
    longest: int = rules["longest_line"]
    in_long = sum(len(line) for line in data.split(b"\n") if len(line) > longest)
    return in_long > rules["share"] * len(data)


def _is_in_a_first_comment(head: bytes, place: int) -> bool:
    """Not in a string, nor behind the code's beginning."""
    start = head.rfind(b"\n", 0, place) + 1
    if head.startswith(b"#!") and not head[start:].lstrip().startswith(b"#"):  # text that a script writes
        return False
    before = _BLOCK.sub(b"", head[:start])
    is_open = _OPENS.search(before) is not None
    if not is_open and not _COMMENT.match(head, start, place + 1):
        return False
    lines = _OPENS.sub(b"", before).split(b"\n")
    code = sum(1 for line in lines if line.strip() and not _COMMENT.match(line))
    return code <= _rules()["most_code_lines_before"]


@cache
def folders() -> dict[str, str]:
    """Name of a folder -> why it is not entered, where no git tells."""
    return {name: reason for reason, names in _rules()["folders"].items() for name in names}


@cache
def _ending(name: str) -> str | None:
    return next((reason for reason, pattern in _patterns() if pattern.match(name)), None)


@cache
def _whole_names() -> dict[str, str]:
    return {name: reason for reason, names in _rules()["names"].items() for name in names if "*" not in name}


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (reason, re.compile("|".join(translate(name) for name in names if "*" in name)))
        for reason, names in _rules()["names"].items()
        if any("*" in name for name in names)
    )


@cache
def _words_of_heads() -> tuple[bytes, ...]:
    return tuple(word.encode() for word in _rules()["head_words"])


@cache
def _patterns_of(place: str) -> tuple[tuple[str, re.Pattern[bytes]], ...]:
    return tuple(
        (reason, re.compile("|".join(patterns).encode(), re.IGNORECASE | re.DOTALL))
        for reason, patterns in _rules()[place].items()
    )


@cache
def _rules() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))

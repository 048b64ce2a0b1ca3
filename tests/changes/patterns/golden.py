"""Golden pages of semantic diff patterns: documentation that is also the test.

A page is `tests/changes/patterns/<module>.md`. Each `## title` opens a case: prose, then fenced blocks.

    ```java before src/Cart.java     a file before the change (none of a new file)
    ```java after src/Cart.java      and afterwards (none of a deleted one)
    ```matches                       what the page's pattern finds, one a line, or the word `none`:
                                     src/Cart.java:5 validateLines: calls catalog.product() once per line

The text behind the colon has to stand in the match's words; the line is the one afterwards, or before for a removal.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from deep_code_reasoning.changes.diffs.pattern import Match
from deep_code_reasoning.changes.diffs.seen import ChangedFile, matches_of

PAGES = Path(__file__).parent
FENCE = re.compile(r"^```(\S+)\s*(before|after)?\s*(\S*)$")
WANTED = re.compile(r"^(\S+?):(\d+)\s+(\S+):\s+(.+)$")


@dataclass
class Case:
    page: Path
    title: str
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    languages: set[str] = field(default_factory=set)
    expected: list[str] | None = None

    def __str__(self) -> str:
        return f"{self.page.stem}: {self.title}"

    def files(self) -> list[ChangedFile]:
        return [
            changed_file(path, self.before.get(path), self.after.get(path)) for path in {**self.before, **self.after}
        ]

    def found(self, code: str) -> list[Match]:
        return [match for match in matches_of(self.files()).matches if match.code == code]


def changed_file(path: str, before: str | None, after: str | None, *, whole: bool = True) -> ChangedFile:
    lines = difflib.unified_diff((before or "").splitlines(), (after or "").splitlines(), n=0, lineterm="")
    patch = "\n".join(list(lines)[2:])
    sides = [text.encode() if text is not None and whole else None for text in (before, after)]
    return ChangedFile(path, patch, *sides)


def pages() -> list[Path]:
    return sorted(PAGES.glob("*.md"))


def cases(page: Path) -> list[Case]:
    return list(_parse(page))


def _parse(page: Path) -> Iterator[Case]:
    case: Case | None = None
    lines = iter(enumerate(page.read_text(encoding="utf-8").splitlines(), 1))
    for number, line in lines:
        if line.startswith("## "):
            if case:
                yield case
            case = Case(page, line[3:].strip())
        elif case and line.startswith("```"):
            fence = FENCE.match(line)
            assert fence, f"{page.name}:{number}: {line!r}"
            body = []
            for _, inner in lines:
                if inner.startswith("```"):
                    break
                body.append(inner)
            if fence[1] == "matches":
                case.expected = [one for one in body if one.strip() and one.strip() != "none"]
            else:
                case.languages.add(fence[1])
                getattr(case, fence[2])[fence[3]] = "\n".join(body) + "\n"
    if case:
        yield case


def differs(wanted: str, match: Match) -> bool:
    parts = WANTED.match(wanted)
    assert parts, f"{wanted!r}: expected as `path:line function: words`"
    path, line, function, words = parts.groups()
    name = match.function.rpartition(".")[2] if match.function else "-"
    return (path, int(line), function) != (match.path, match.line, name) or words not in match.words

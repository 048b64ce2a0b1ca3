"""
## What it finds
Another minor or major version of a dependency in a manifest: go.mod, package.json, requirements files, pyproject.toml,
pom.xml, Gradle files, a Gemfile, Cargo.toml, composer.json, a project file of .NET, the image that a Dockerfile starts
from.

## Why it matters
The code of a dependency changes with none of one's own: defaults, timeouts, formats and what it calls itself.

## How it is computed
Lines of the manifest are read as a name and a version on both sides of the patch; the same name with another minor or
major version, up or down, is a match. Patch releases and lock files are not counted.

## Not this when
The dependency is of the build or of tests only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from deep_code_reasoning.changes.diffs.file_delta import FileDelta
from deep_code_reasoning.changes.diffs.pattern import LONGEST_LINE, Match, Pattern

PATTERN = Pattern(
    "DIFF014",
    "dependency-bump",
    "takes another minor or major version of a dependency",
    frozenset({"crash", "schema", "null", "tls"}),
)

_MANIFEST = re.compile(
    r"(^|/)(go\.mod|package\.json|requirements[\w.-]*\.(txt|in)|pyproject\.toml|setup\.(py|cfg)|pom\.xml|[\w.-]*\.gradle(\.kts)?|"
    r"gradle\.properties|libs\.versions\.toml|Gemfile|[\w.-]+\.gemspec|Cargo\.toml|composer\.json|[\w.-]+\.csproj|Directory\.Packages\.props|Dockerfile[\w.-]*|dependencies\.gradle)$"
)
_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.\d+)?[\w.+-]*")
_NAME = re.compile(r"[A-Za-z@][\w./:@-]*[A-Za-z][\w./:@-]*|[A-Za-z]{2,}")
_NO_NAME = frozenset(
    [
        "version",
        "versions",
        "require",
        "implementation",
        "api",
        "compile",
        "gem",
        "from",
        "include",
        "dependency",
        "packagereference",
        "implementationproject",
        "testimplementation",
        "val",
        "def",
    ]
)


def find(delta: FileDelta) -> Iterator[Match]:
    if not _MANIFEST.search(delta.path):
        return
    before, after = _versions(delta.removed_lines), _versions(delta.added_lines)
    for name, (line, text, version) in after.items():
        was = before.get(name)
        if was and was[2][:2] != version[:2]:
            words = f"takes {name} {version[2]} instead of {was[2][2]}"
            shown = text.strip()[:LONGEST_LINE]
            yield Match(
                PATTERN.code, PATTERN.name, delta.path, line, None, shown, words, about=("".join(text.split()),)
            )


def _versions(lines: Sequence[tuple[int | None, str]]) -> dict[str, tuple[int | None, str, tuple[str, str, str]]]:
    """Name -> line, its text, (major, minor, version as written)."""
    found = {}
    for line, text in lines:
        match = _VERSION.search(text[:500])
        if match is None:
            continue
        names = [one for one in _NAME.findall(_VERSION.sub(" ", text[:500])) if one.lower() not in _NO_NAME]
        if names:
            found[":".join(dict.fromkeys(names[:2]))] = (line, text, (match[1], match[2], match[0].lstrip("v")))
    return found

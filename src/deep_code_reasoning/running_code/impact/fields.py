"""Fields of classes, messages and tables that a change takes away, and who names them elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deep_code_reasoning.code.graph.facts import Facts
from deep_code_reasoning.running_code.impact.report import Affected
from deep_code_reasoning.running_code.impact.scope import FileState, Scope, facts_in
from deep_code_reasoning.running_code.impact.signatures import BROKEN

SHORTEST = 3
MOST_FILES = 200
MOST_PLACES = 40
_MODIFIERS = (
    r"(?:(?:public|private|protected|internal|readonly|final|static|val|var|pub|const|let"
    r"|optional|repeated|required)\s+)*"
)
_DECLARED = (
    re.compile(rf"^\s*{_MODIFIERS}(\w+)\s*[?!]?\s*:\s*[^:=\s]"),  # Python, TypeScript, Kotlin, Rust, GraphQL
    re.compile(rf"^\s*{_MODIFIERS}[\w.<>\[\], ?]+\s+(\w+)\s*(?:=[^=].*)?;"),  # Java, C#, C++, protocol buffers
    re.compile(r"^\s*([A-Z]\w*)\s+[\w.*\[\]]+(?:\s+`[^`]*`)?\s*$"),  # Go
    re.compile(r"^\s*([A-Za-z_]\w*)\s*=\s*\S"),  # Python: a model's column
)
_COLUMN = re.compile(r"(?i)\b(?:drop\s+column(?:\s+if\s+exists)?|rename\s+column|change\s+column)\s+[`\"\[]?(\w+)")
_SCHEMA = (".proto", ".graphql", ".graphqls", ".avsc", ".thrift")
_NEVER = frozenset({"return", "import", "package", "case", "default", "self", "this", "class", "def", "else"})


@dataclass(frozen=True)
class FieldGone:
    name: str
    owner: str
    file: str
    line: int | None
    text: str

    @property
    def what(self) -> str:
        return f"field {self.name} of {self.owner} is gone"


def fields_gone(scope: Scope) -> Iterator[FieldGone]:
    for file in scope.files:
        if not file.is_diff:
            continue
        yield from _columns(file)
        if file.before is None:
            continue
        if file.path.endswith(_SCHEMA):
            yield from _of_lines(file, None)
        elif (facts := facts_in(scope.before, file.path)) is not None:
            yield from _of_lines(file, facts)


def _of_lines(file: FileState, facts: Facts | None) -> Iterator[FieldGone]:
    now = (file.after or b"").decode("utf-8", "replace")
    kept = set(now.splitlines())
    for number, line in enumerate((file.before or b"").decode("utf-8", "replace").split("\n"), 1):
        if line in kept or len(line) > 400 or (name := _declared(line)) is None:
            continue
        owner = "the schema"
        if facts is not None:
            part = facts.outline.class_at(number)
            if part is None or not part.name or facts.outline.function_at(number) is not None:
                continue
            owner = part.name
        if len(name) >= SHORTEST and not re.search(rf"\b{re.escape(name)}\b", now):
            yield FieldGone(name, owner, file.path, number, line.strip())


def _declared(line: str) -> str | None:
    for pattern in _DECLARED:
        if (found := pattern.match(line)) and found[1] not in _NEVER and "(" not in line[: found.end(1)]:
            return found[1]
    return None


def _columns(file: FileState) -> Iterator[FieldGone]:
    """A migration's statement: what it says is dropped is a column of others as well."""
    before = (file.before or b"").decode("utf-8", "replace")
    for number, line in enumerate((file.after or b"").decode("utf-8", "replace").split("\n"), 1):
        for name in _COLUMN.findall(line[:2_000]) if line not in before else ():
            yield FieldGone(name, "a table", file.path, number, line.strip()[:160])


def users_of_field(gone: FieldGone, own: Scope, scopes: Sequence[Scope]) -> list[Affected]:
    """Lines in other files that read or write a field of that name.

    Confidence: 1 / (files that declare such a field, the one in question among them, and one more: by its name alone
    it may be another's).
    """
    word = re.compile(
        rf"(?:[.>\"'`]|\bselect\b[^\n]{{0,200}}\b|\bwhere\s){re.escape(gone.name)}\b|\b{re.escape(gone.name)}\s*=[^=]"
    )
    declared, places = 1, []
    for scope in scopes:
        files = 0
        for path, data in scope.program.texts(scope.program.names.paths):
            if (scope is own and path == gone.file) or gone.name.encode() not in data:
                continue
            files += 1
            if files > MOST_FILES:
                break
            lines = data.decode("utf-8", "replace").split("\n")
            declares = False
            for number, line in enumerate(lines, 1):
                if len(line) > 2_000 or gone.name not in line:
                    continue
                if line[:1].isspace() and _declared(line) == gone.name and "." not in line.split(gone.name)[0]:
                    declares = True
                elif word.search(line):
                    places.append((path if len(scopes) == 1 else f"{scope.root.name}/{path}", number, line.strip()))
            declared += declares
    return [
        Affected("", f"by the field's name: `{text[:100]}`", 1 / (declared + 1), path, number, BROKEN)
        for path, number, text in places[:MOST_PLACES]
    ]

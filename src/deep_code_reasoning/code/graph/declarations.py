"""What declarations say of a name: in the functions around, at the top of the file, among the fields of a class."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from deep_code_reasoning.code.graph.expressions import LONGEST, first_expression, makes
from deep_code_reasoning.code.graph.facts import Class, Facts
from deep_code_reasoning.code.graph.program import Program
from deep_code_reasoning.code.graph.rules import declaring, type_words
from deep_code_reasoning.code.graph.value import DEEPEST, UNKNOWN, Place, Value
from deep_code_reasoning.code.outline import Part

if TYPE_CHECKING:
    from deep_code_reasoning.code.graph.types import Types

MOST_KNOWN = 5_000
LONGEST_SCOPE = 100_000


class Declarations:
    def __init__(self, program: Program, types: Types) -> None:
        self._program = program
        self._types = types
        self._fields: dict[tuple[str, int, str], Value] = {}

    def declared(self, name: str, place: Place, depth: int) -> Value:
        """By a declaration in the functions around, the nearest above first."""
        part: Part | None = place.function.part if place.function else None
        receiver = part.node.child_by_field_name("receiver") if part else None
        if receiver is not None and re.match(
            rf"\(\s*{re.escape(name)}\b", (receiver.text or b"").decode("utf-8", "replace")
        ):
            own = self._types.own_classes(place)
            return Value("object", own, how="same class") if own else UNKNOWN
        data, end = place.facts.data, place.offset
        while part is not None:
            start = max(part.start, end - LONGEST_SCOPE)
            found = self._stated(name, data[start:end].decode("utf-8", "replace"), place, depth)
            if found.kind != "unknown":
                return found
            part = part.nearest("function", "class")
            if part is not None and part.role == "class":
                break
        return UNKNOWN

    def at_top(self, name: str, place: Place, depth: int) -> Value:
        """A variable of the file, in Go of the package, where no function around has one of that name."""
        part = place.function.part if place.function else None
        while part is not None:
            if _is_bound(name, part):
                return UNKNOWN
            part = part.nearest("function")
        key = (place.facts.path, -1, name)
        if key not in self._fields:
            self._fields[key] = UNKNOWN
            for facts in (place.facts, *self._beside(name, place.facts)):
                found = self._stated(name, facts.top, Place(facts, None, len(facts.data)), depth + 1)
                if found.kind != "unknown":
                    self._fields[key] = found
                    break
        return self._fields.get(key, UNKNOWN)

    def _beside(self, name: str, facts: Facts) -> Iterator[Facts]:
        """Files of a package of Go that declare a variable of that name."""
        if facts.rules.family != "go":
            return
        folder = facts.path.rpartition("/")[0]
        paths = [one for one in self._program.names.in_folder(folder) if one.endswith(".go") and one != facts.path]
        declares = re.compile(rb"^(?:var[ \t]+|\t)" + re.escape(name.encode()) + rb"\b", re.MULTILINE)
        for path, data in self._program.texts(paths):
            if declares.search(data) and (other := self._program.facts(path)) and other.package == facts.package:
                yield other

    def field(self, classes: tuple[Class, ...], name: str, depth: int) -> Value:
        for one in self._types.with_bases(classes):
            key = (one.path, one.part.start, name)
            if key not in self._fields:
                if len(self._fields) > MOST_KNOWN:  # they hold trees of files in memory
                    self._fields.clear()
                self._fields[key] = UNKNOWN  # a field that is made by itself ends here
                self._fields[key] = self._field_of(one, name, depth)
            if (found := self._fields.get(key, UNKNOWN)).kind != "unknown":
                return found
        return UNKNOWN

    def _field_of(self, one: Class, name: str, depth: int) -> Value:
        facts = self._program.facts(one.path)
        if facts is None:
            return UNKNOWN
        rules = facts.rules
        embedded = [base for base in one.bases if base.rpartition(".")[2] == name] if rules.family == "go" else []
        if embedded:
            return self._types.class_of_type(embedded[0], facts)
        there = Place(facts, next((item for item in facts.definitions if item.owner == one.simple), None), one.part.end)
        if rules.family in ("python", "ecma", "php", "ruby"):
            return self._stated(name, one.text, there, depth + 1, own=True)
        made = rules.made if rules.family in ("jvm", "csharp") else ()
        return self._by_patterns(name, one.text, there, depth + 1, rules.declared, made)

    def _stated(self, name: str, text: str, place: Place, depth: int, *, own: bool = False) -> Value:
        rules = place.facts.rules
        return self._by_patterns(
            ("@" + name) if own and rules.family == "ruby" else name, text, place, depth, rules.declared, rules.made
        )

    def _by_patterns(
        self, name: str, text: str, place: Place, depth: int, declared: tuple[str, ...], made: tuple[str, ...]
    ) -> Value:
        """The last declaration decides; one without a known type is passed over."""
        if depth > DEEPEST or name not in text:
            return UNKNOWN
        found = [(match.end(), match.start(1), match[1]) for match in _all(declared, name, text)]
        values = [(match.end(), match.start(1), "") for match in _all(made, name, text)]
        for _, start, expression in sorted([*found, *values], reverse=True)[:4]:
            if expression:
                if expression.split(".")[-1].split("<")[0].strip("*&[] ") in type_words("not_types"):
                    continue
                value = self._types.class_of_type(
                    expression, place.facts, place.function.part if place.function else None
                )
            else:
                expression = text[start : start + LONGEST]  # brackets may close lines below
                value = self._types.value(first_expression(expression), place, depth + 1)
                value = (
                    Value("object", value.classes, how=value.how)
                    if value.kind == "class" and makes(expression)
                    else value
                )
            if value.kind in ("object", "outside", "class"):
                return value
        return UNKNOWN


def _is_bound(name: str, function: Part) -> bool:
    """The function has a parameter of that name, or gives it a value."""
    word, end = re.escape(name), min(function.end, function.start + LONGEST_SCOPE)
    text = function.data[function.start : end].decode("utf-8", "replace")
    if name not in text:
        return False
    head = text[: max(0, function.body[0] - function.start)]
    assigned = rf"(?<![\w.$]){word}\s*(?:,[\s\w,]{{0,80}})?(?::[^=\n]{{0,80}})?=(?!=)"
    declared = rf"\b(?:for|as|var|let|const|val)\b[^\n]{{0,80}}\b{word}\b"
    return any(re.search(one, where) for one, where in ((rf"\b{word}\b", head), (assigned, text), (declared, text)))


def _all(patterns: Iterable[str], name: str, text: str) -> Iterator[re.Match[str]]:
    for pattern in patterns:
        yield from declaring(pattern, name).finditer(text)

"""What of a syntax tree programs are judged by: functions, calls, loops and the like, and what is in what.

One walk over the tree, by a cursor, without recursion. Bodies of functions that no wanted line lies in are not entered.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from deep_code_reasoning.code.language import Language, part_of_kind
from deep_code_reasoning.code.parsing import Parsed

if TYPE_CHECKING:
    from tree_sitter import Node

DEEPEST = 200
"""Nodes below this depth are not read: no one writes them by hand, and each holds the text of all below it."""
MOST_PARTS = 100_000
LONGEST_TEXT = 2_000
LONGEST_CALLEE = 300
"""What is called is told by the end of a chain of calls; each link holds the text of all before it."""

_ARGUMENTS = {
    "arguments",
    "argument_list",
    "value_arguments",
    "token_tree",
    "generator_expression",
    "annotated_lambda",
    "block",
    "do_block",
    "(",
}
_NAME_FIELDS = ("name", "left", "pattern", "key", "field", "declarator", "property", "designator")
_VALUE_FIELDS = ("value", "right", "default_value")
# Blanks, or a text that holds some: not a lifetime of Rust, nor an apostrophe in a comment between two names.
_BLANK = re.compile(r"""("(?:[^"\\]|\\.)*"|(?<![\w<&])'(?:[^'\\\n]|\\.)*')|\s+""")
_LAST_NAME = re.compile(r"([A-Za-z_$][\w$]*[?!]?)\W*$")
_CONTAINERS = frozenset({"class", "import", "comment"})
_SCOPED_NAME = re.compile(r"((?:[A-Za-z_]\w*::)*[~A-Za-z_$][\w$]*[?!=]?)\W*$")


@dataclass(eq=False)
class Part:
    """`start`, `end` are bytes, `line`, `end_line` count from 1. `within` is the next part around this one."""

    role: str
    node: Node
    within: Part | None
    start: int
    end: int
    line: int
    end_line: int
    data: bytes = field(repr=False)
    language: Language = field(repr=False)
    name: str = ""
    """Of a function (with the classes around it, parted by dots), a class, or what is assigned to."""

    @cached_property
    def text(self) -> str:
        return self.data[self.start : min(self.end, self.start + LONGEST_TEXT)].decode("utf-8", "replace")

    def around(self, *roles: str) -> Iterator[Part]:
        """The parts of these roles around this one, the innermost first."""
        part = self.within
        while part is not None:
            if part.role in roles:
                yield part
            part = part.within

    def nearest(self, *roles: str) -> Part | None:
        return next(self.around(*roles), None)

    def holds(self, lines: Sequence[int]) -> bool:
        """One of the sorted `lines` lies in it."""
        at = bisect_left(lines, self.line)
        return at < len(lines) and lines[at] <= self.end_line

    @cached_property
    def callee(self) -> str:
        """Of a call: what is called, without arguments, and without blanks but in quotes: `self.repository.find`."""
        end = self.end
        for child in reversed(self.node.children):
            if child.type in _ARGUMENTS:
                end = child.start_byte
        text = self.data[max(self.start, end - LONGEST_CALLEE) : end].decode("utf-8", "replace")
        plain = _BLANK.sub(_of_blank, text.removeprefix("new ").removeprefix("await "))
        return plain.partition("{")[0] if plain.endswith("}") else plain

    @cached_property
    def method(self) -> str:
        """The last name of the callee."""
        match = _LAST_NAME.search(_without_types(self.callee)[-80:])
        return match[1] if match else ""

    @cached_property
    def receiver(self) -> str:
        """What of the callee stands before its last name."""
        plain = _without_types(self.callee)
        return plain[: plain.rfind(self.method)].rstrip(".?!:->&") if self.method else plain

    @cached_property
    def arguments(self) -> str:
        """The text behind the callee's name."""
        for child in self.node.children:
            if child.type in _ARGUMENTS:
                end = min(self.end, child.start_byte + LONGEST_TEXT)
                return self.data[child.start_byte : end].decode("utf-8", "replace")
        return ""

    @cached_property
    def body(self) -> tuple[int, int]:
        """First and last byte of what a loop, a function or a scope runs."""
        node = self.node.child_by_field_name("body") or self.node.child_by_field_name("consequence")
        if node is None:
            named = self.node.named_children
            node = named[-1] if named else None
        return (node.start_byte, node.end_byte) if node else (self.start, self.end)

    @cached_property
    def condition(self) -> str:
        node = self.node.child_by_field_name("condition")
        if node is None:
            return self.text[: max(0, self.body[0] - self.start)]
        return self.data[node.start_byte : min(node.end_byte, node.start_byte + LONGEST_TEXT)].decode(
            "utf-8", "replace"
        )

    @cached_property
    def value(self) -> str:
        """The text of what is assigned; empty where there is nothing."""
        node = value_node(self.node)
        if node is None:
            return ""
        return self.data[node.start_byte : min(node.end_byte, node.start_byte + LONGEST_TEXT)].decode(
            "utf-8", "replace"
        )


@dataclass(frozen=True, eq=False)
class Outline:
    """Parts in the order of the text. `is_complete`: nothing was left out for being too deep or too much."""

    parts: tuple[Part, ...]
    is_complete: bool

    @cached_property
    def functions(self) -> dict[str, Part]:
        """By qualified name; of several with one name the first."""
        found: dict[str, Part] = {}
        for part in self.parts:
            if part.role == "function":
                found.setdefault(part.name, part)
        return found

    @cached_property
    def _by_role(self) -> dict[str, list[Part]]:
        found: dict[str, list[Part]] = {}
        for part in self.parts:
            found.setdefault(part.role, []).append(part)
        return found

    def of(self, role: str) -> list[Part]:
        return self._by_role.get(role, [])

    def function_at(self, line: int) -> Part | None:
        return self._innermost(line, "function")

    def class_at(self, line: int) -> Part | None:
        return self._innermost(line, "class")

    def _innermost(self, line: int, role: str) -> Part | None:
        found = None
        for part in self.parts:
            if part.role == role and part.line <= line <= part.end_line:
                found = part
        return found


def outline(parsed: Parsed, lines: Sequence[int] | None = None, inside: Part | None = None) -> Outline:
    """Of the whole file; with sorted `lines` without the bodies of functions in which none of them lies."""
    roles = part_of_kind(parsed.language, fragment=parsed.is_fragment)
    cursor = (inside.node if inside else parsed.tree.root_node).walk()
    parts: list[Part] = []
    open_parts: list[Part] = []
    marks: list[Part] = []  # annotations that stand before what they are for
    depth, complete = 0, True
    while True:
        node = cursor.node
        assert node is not None
        enter = depth < DEEPEST and len(parts) < MOST_PARTS
        complete = complete and enter
        role = roles.get(node.kind_id)
        if role is not None and node.is_named and enter:
            while open_parts and open_parts[-1].end <= node.start_byte:
                open_parts.pop()
            if role != "assign" or value_node(node) is not None:
                part = _part(role, node, open_parts[-1] if open_parts else None, parsed)
                parts.append(part)
                open_parts.append(part)
                if role == "annotation" and (part.within is None or part.within.role == "class"):
                    marks.append(part)
                elif part.role in ("function", "class") and marks:
                    for mark in marks:
                        mark.within = part
                    marks.clear()
                if lines is not None and role not in _CONTAINERS:
                    enter = _lies_near(part, lines) or _holds_lambda(part, roles)
            if role in ("string", "comment", "import"):
                enter = role == "string" and node.named_child_count > 1
        if enter and cursor.goto_first_child():
            depth += 1
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return Outline(tuple(parts), complete)
            depth -= 1


def _lies_near(part: Part, lines: Sequence[int]) -> bool:
    """Inside of a function all is read; outside of one what a wanted line lies in."""
    around = part.within
    while around is not None and around.role != "function":
        around = around.within
    return (around is not None and part.role != "function") or part.holds(lines)


def _holds_lambda(part: Part, roles: dict[int, str]) -> bool:
    """`const check = () => {`: names a function, which is known even where it is not entered."""
    node = value_node(part.node) if part.role == "assign" else None
    return node is not None and roles.get(node.kind_id) == "lambda"


def value_node(node: Node) -> Node | None:
    """What a node that assigns assigns."""
    for name in _VALUE_FIELDS:
        if found := node.child_by_field_name(name):
            return found
    count = node.named_child_count
    if count < 2 or node.field_name_for_named_child(count - 1) is not None:  # a declaration without a value
        return None
    return node.named_child(count - 1)


def _part(role: str, node: Node, within: Part | None, parsed: Parsed) -> Part:
    start, end = node.start_point, node.end_point
    part = Part(
        role, node, within, node.start_byte, node.end_byte, start.row + 1, end.row + 1, parsed.data, parsed.language
    )
    if role == "lambda" and within is not None and within.role == "assign" and _is_value(part, within):
        part.role = role = "function"
        part.name = _qualified(within.name, part)
    elif role == "function":
        part.name = _qualified(_function_name(node, parsed.data), part)
    elif role in ("class", "assign"):
        part.name = _name(node, parsed.data)
    return part


def _is_value(part: Part, assign: Part) -> bool:
    node = value_node(assign.node)
    if node is None or node.start_byte != part.start:
        return False
    is_short = part.end_line == part.line
    return not is_short or (assign.node.type in part.language.named_lambdas and not is_local(assign))


def is_local(part: Part) -> bool:
    """Of a lambda, or what it is assigned to: it stands in a function, or in what a call is given."""
    return part.nearest("function", "lambda", "call") is not None


def _qualified(name: str, part: Part) -> str:
    classes = [one.name for one in part.around("class") if one.name]
    last = _SCOPED_NAME.search(name)
    if (receiver := part.node.child_by_field_name("receiver")) is not None:  # Go: (s *Server)
        match = _LAST_NAME.search(re.sub(r"\[.*", "", _text(receiver, part.data)))
        classes = [match[1]] if match else classes
    return ".".join([*reversed(classes), last[1].replace("::", ".") if last else "?"])


def _function_name(node: Node, data: bytes) -> str:
    found = node.child_by_field_name("name")
    declarator = node.child_by_field_name("declarator")
    while found is None and declarator is not None:  # C: the name is the innermost of what declares
        inner = declarator.child_by_field_name("declarator")
        if inner is None:
            found = declarator
        declarator = inner
    found = found or _reference(node)
    return _text(found, data) if found else ""


def _reference(node: Node) -> Node | None:
    """SQL: what is created is named by the first reference in it, `shop.orders`."""
    return next((child for child in node.named_children if child.type == "object_reference"), None)


def _name(node: Node, data: bytes) -> str:
    for name in _NAME_FIELDS:
        if found := node.child_by_field_name(name):
            return _text(found, data).strip("\"'`$ ")
    if found := node.child_by_field_name("type"):
        return _text(found, data)
    if found := _reference(node):
        return _text(found, data).strip("\"'`[] ")
    named = node.named_children
    return _text(named[0], data).strip("\"'`$ ") if len(named) > 1 else ""


def _text(node: Node, data: bytes) -> str:
    return data[node.start_byte : min(node.end_byte, node.start_byte + 200)].decode("utf-8", "replace")


def _of_blank(found: re.Match[str]) -> str:
    return " ".join(found[1].split()) if found[1] else ""


def _without_types(callee: str) -> str:
    """Without type arguments: `get<User>`, `get::<User>`."""
    return re.sub(r"(?:::)?<[^<>()]*>$", "", callee) if callee.endswith(">") else callee

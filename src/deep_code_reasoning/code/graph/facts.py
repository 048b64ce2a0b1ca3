"""What one file states: definitions with their parameters, classes with what they extend, package and imports."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from deep_code_reasoning.code.graph.imports import Imports, imports_of
from deep_code_reasoning.code.graph.parameters import Parameter, arity, parameters_of
from deep_code_reasoning.code.graph.rules import Rules, rules_of
from deep_code_reasoning.code.language import Language
from deep_code_reasoning.code.outline import Outline, Part, is_local, outline
from deep_code_reasoning.code.parsing import Parsed

if TYPE_CHECKING:
    from tree_sitter import Node

LONGEST_HEAD = 2_000
LONGEST_BODY = 200_000
_NAMESPACES = frozenset({"namespace_definition", "mod_item", "internal_module"})
_BASES = re.compile(r"\b(?:extends|implements|with|include|extend|prepend)\b|[:,<&]")
_EMBEDDED = re.compile(r"^[ \t]*\*?([A-Za-z_][\w.]*)[ \t]*(?:`[^`\n]*`)?[ \t]*$", re.MULTILINE)
_MIXED_IN = re.compile(r"^[ \t]*(?:include|extend|prepend|use)[ \t]+([\w:\\]+)", re.MULTILINE)
_GO_METHOD = re.compile(r"^[ \t]*([A-Za-z_]\w*)\(", re.MULTILINE)
_INTERFACES = frozenset({"interface_declaration", "trait_item", "trait_definition"})
_DOES_NOTHING = re.compile(
    r"^\{?\s*(?:(?:\"\"\"(?:(?!\"\"\")[\s\S])*\"\"\"\s*)?(?:pass|"
    r"\.\.\.|raise NotImplementedError[^\n]*|return NotImplemented|"
    r"throw new (?:UnsupportedOperation|NotImplemented)\w*\([^)]*\);|todo!\(\)|unimplemented!\(\)|\?\?\?)|"
    r"\"\"\"(?:(?!\"\"\")[\s\S])*\"\"\")\s*\}?$"
)


@dataclass(frozen=True, eq=False)
class Definition:
    """`name` is qualified by classes. `kind`: function, method, lambda, or class for one made without a constructor of
    its own. `is_abstract`: it has no body, or one that only says that it has to be overridden."""

    path: str
    name: str
    kind: str
    line: int
    end_line: int
    part: Part = field(repr=False)
    parameters: tuple[Parameter, ...] = ()
    is_abstract: bool = False

    @property
    def simple(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def owner(self) -> str:
        """The class around it, without those around that."""
        return self.name.rpartition(".")[0].rpartition(".")[2]

    @property
    def key(self) -> tuple[str, int, str]:
        return self.path, self.line, self.name

    @property
    def is_local_lambda(self) -> bool:
        """Known in a function only, or by the call that it is given to."""
        return self.kind == "lambda" and is_local(self.part)

    @cached_property
    def takes(self) -> tuple[int, int | None]:
        """Fewest and most arguments; None for any number."""
        return arity(self.parameters)

    @cached_property
    def returns(self) -> str:
        """The type that it says it returns; empty where it says none."""
        node = self.part.node
        for name in ("return_type", "result", "returns", "type"):
            if (found := node.child_by_field_name(name)) is not None:
                return _text(found, self.part.data).lstrip(":- >").strip()
        for child in node.named_children:  # Kotlin: the type behind the parameters
            if child.type in ("user_type", "nullable_type"):
                return _text(child, self.part.data)
        return ""


@dataclass(frozen=True, eq=False)
class Class:
    """`bases` as written, without type arguments. `methods`: of an interface of Go, what it asks for."""

    path: str
    name: str
    part: Part = field(repr=False)
    bases: tuple[str, ...] = ()
    methods: frozenset[str] = frozenset()

    @property
    def simple(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def is_interface(self) -> bool:
        return self.part.node.type in _INTERFACES or bool(self.methods)

    @cached_property
    def text(self) -> str:
        return self.part.data[self.part.start : min(self.part.end, self.part.start + LONGEST_BODY)].decode(
            "utf-8", "replace"
        )


@dataclass(eq=False)
class Facts:
    path: str
    language: Language
    rules: Rules
    outline: Outline
    data: bytes = field(repr=False)
    has_errors: bool = False

    @cached_property
    def source(self) -> str:
        return self.data.decode("utf-8", "replace")

    @cached_property
    def top(self) -> str:
        """What lies in no function and no class."""
        pieces, at = [], 0
        for part in sorted((*self.outline.of("function"), *self.outline.of("class")), key=lambda one: one.start):
            if part.start >= at:
                pieces.append(self.data[at : part.start])
                at = part.end
        return b"\n".join([*pieces, self.data[at:]])[:LONGEST_BODY].decode("utf-8", "replace")

    @cached_property
    def package(self) -> str:
        if self.rules.package is None:
            return ""
        found = self.rules.package.findall(self.source[:100_000])
        return ".".join(found) if self.language.name == "scala" else (found[0] if found else "")

    @cached_property
    def imports(self) -> Imports:
        return imports_of(self.language, self.outline, self.source)

    @cached_property
    def definitions(self) -> list[Definition]:
        return [_definition(self.path, part) for part in self.outline.of("function") if not part.name.endswith("?")]

    @cached_property
    def by_name(self) -> dict[str, list[Definition]]:
        found: dict[str, list[Definition]] = {}
        for one in self.definitions:
            found.setdefault(one.simple, []).append(one)
        return found

    @cached_property
    def classes(self) -> dict[str, list[Class]]:
        """By simple name."""
        found: dict[str, list[Class]] = {}
        for part in self.outline.of("class"):
            if part.name and part.node.type not in _NAMESPACES:
                one = _class(self.path, part)
                found.setdefault(one.simple, []).append(one)
        return found

    def definition_of(self, part: Part) -> Definition | None:
        return next((one for one in self.definitions if one.part is part), None)

    def at(self, line: int) -> Definition | None:
        """The innermost one that holds the line."""
        part = self.outline.function_at(line)
        return self.definition_of(part) if part else None


def facts_of(path: str, parsed: Parsed) -> Facts:
    return Facts(
        path,
        parsed.language,
        rules_of(parsed.language),
        outline(parsed),
        parsed.data,
        parsed.tree.root_node.has_error,
    )


def class_definition(one: Class) -> Definition:
    """What a construction without a constructor of its own leads to."""
    return Definition(one.path, one.name, "class", one.part.line, one.part.end_line, one.part)


def _definition(path: str, part: Part) -> Definition:
    around = part.nearest("class", "function")
    has_class = part.node.child_by_field_name("receiver") is not None or (
        around is not None and around.role == "class" and around.node.type not in _NAMESPACES
    )
    name = ".".join(_plain(one) for one in part.name.split("."))
    is_lambda = part.node.type in part.language.parts and part.language.parts[part.node.type] == "lambda"
    is_scoped = name.count(".") > sum(1 for _ in part.around("class"))  # C++: Cart::check outside of its class
    is_method = (has_class or is_scoped) and not (is_lambda and is_local(part))
    kind = "method" if is_method else "lambda" if is_lambda else "function"
    parameters = parameters_of(part.node, part.data, part.language)
    return Definition(path, name, kind, part.line, part.end_line, part, parameters, _is_abstract(part))


def _is_abstract(part: Part) -> bool:
    body = part.node.child_by_field_name("body")
    if part.language.name == "kotlin":
        return not any(child.type == "function_body" for child in part.node.named_children)
    if part.language.name in ("sql", "ruby"):
        return False
    if body is None:
        return part.node.child_by_field_name("value") is None and part.node.type != "arrow_function"
    if body.end_byte - body.start_byte > 400:
        return False
    text = _text(body, part.data).strip()
    return bool(_DOES_NOTHING.match(text)) if part.nearest("class") else text == "..."  # a stub of `overload`


def _class(path: str, part: Part) -> Class:
    around = [one.name for one in part.around("class") if one.name]
    name = ".".join([*(_plain(one) for one in reversed(around)), _plain(part.name)])
    methods: frozenset[str] = frozenset()
    if part.language.name == "go":
        inside = _inner(part)
        kind = part.node.child_by_field_name("type")
        if kind is not None and kind.type == "interface_type":
            methods = frozenset(_GO_METHOD.findall(inside))
        bases = tuple(_EMBEDDED.findall(inside)) if kind is not None and kind.type != "type_identifier" else ()
        return Class(path, name, part, bases, methods)
    return Class(path, name, part, _bases(part))


def _bases(part: Part) -> tuple[str, ...]:
    node = part.node
    if (trait := node.child_by_field_name("trait")) is not None:
        return (_plain(_text(trait, part.data)),)
    if part.language.name == "python":
        over = node.child_by_field_name("superclasses")
        head = _text(over, part.data).strip("()") if over is not None else ""
        found = [one.strip() for one in re.sub(r"\[[^\[\]]*\]", "", head).split(",") if "=" not in one]
        return tuple(one for one in found if re.fullmatch(r"[\w.]+", one))
    body = node.child_by_field_name("body")
    end = body.start_byte if body is not None else part.end
    head = part.data[part.start : min(end, part.start + LONGEST_HEAD)].decode("utf-8", "replace")
    head = head.partition("{")[0]
    head = head[head.find(part.name) + len(part.name) :] if part.name in head else head
    if part.language.name == "ruby":
        mixed = _MIXED_IN.findall(_inner(part))
        return tuple(one for one in [*re.findall(r"<\s*([\w:]+)", head), *mixed])
    head = re.split(r"\bwhere\b|\bpermits\b", _without_nested(head))[0]
    first = _BASES.search(head)
    if first is None:
        return ()
    words = (
        re.sub(r"\b(public|private|protected|virtual|by)\b.*?(?=\w|$)", "", one).strip()
        for one in _BASES.split(head[first.start() :])
    )
    found = [match[0] for one in words if (match := re.match(r"[A-Za-z_\\][\w.\\:]*", one))]
    mixed = _MIXED_IN.findall(_inner(part)) if part.language.name == "php" else []
    return (*found, *mixed)


def _inner(part: Part) -> str:
    text = part.data[part.start : min(part.end, part.start + LONGEST_BODY)].decode("utf-8", "replace")
    return text.partition("\n")[2]


def _without_nested(text: str) -> str:
    """Without type arguments and argument lists."""
    for _ in range(6):
        shorter = re.sub(r"<[^<>]*>|\([^()]*\)|\[[^\[\]]*\]", " ", text)
        if shorter == text:
            break
        text = shorter
    return text


def _plain(name: str) -> str:
    """`Cart<T>`, `&mut Cart`, `std::fmt::Cart`, `a.b.Cart` -> `Cart`."""
    return re.split(r"[.:\\]", re.sub(r"[<\[(].*", "", name, flags=re.DOTALL).strip("&*'\"`$ "))[-1].split(" ")[-1]


def _text(node: Node, data: bytes) -> str:
    return data[node.start_byte : min(node.end_byte, node.start_byte + LONGEST_HEAD)].decode("utf-8", "replace")

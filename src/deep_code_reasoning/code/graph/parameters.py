"""Parameters of functions and arguments of calls, by position and by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deep_code_reasoning.code.language import Language
from deep_code_reasoning.code.outline import Part

if TYPE_CHECKING:
    from tree_sitter import Node

MOST = 100
LONGEST = 200
_LISTS = frozenset({"function_value_parameters", "method_parameters", "function_arguments", "lambda_parameters"})
_NOT_ONE = frozenset(
    {
        "comment",
        "self_parameter",
        "block_parameter",
        "block_comment",
        "line_comment",
        "keyword_separator",
        "positional_separator",
        "attribute_item",
        "attribute_list",
        "receiver_parameter",
    }
)
_ARGUMENTS = frozenset({"arguments", "argument_list", "value_arguments"})
_MANY = re.compile(r"^\*|\.\.\.|^vararg\b|^params\b|\*$")
_IDENTIFIER = re.compile(r"[$@]?[A-Za-z_][\w$]*")


@dataclass(frozen=True)
class Parameter:
    """`is_optional`: it has a default; `is_many`: it takes any number of arguments."""

    name: str
    is_optional: bool = False
    is_many: bool = False


@dataclass(frozen=True)
class Argument:
    """`position` counts from 0 among the unnamed, `name` is that given in the call. `is_spread`: stands for many."""

    text: str
    position: int
    name: str = ""
    is_spread: bool = False


def arity(parameters: Sequence[Parameter]) -> tuple[int, int | None]:
    """Fewest and most arguments that are taken; None: any number."""
    fewest = sum(not one.is_optional and not one.is_many for one in parameters)
    return fewest, None if any(one.is_many for one in parameters) else len(parameters)


def parameters_of(node: Node, data: bytes, language: Language) -> tuple[Parameter, ...]:
    """Of a function, without the object it is a method of."""
    found: list[Parameter] = []
    for part in _lists(node):
        for child in part.named_children[:MOST]:
            if child.type in _NOT_ONE:
                continue
            if part.type == "function_value_parameters" and child.type != "parameter":
                if found and child.type not in ("parameter_modifiers", "modifiers"):  # Kotlin: a default stands beside
                    found[-1] = Parameter(found[-1].name, True, found[-1].is_many)
                continue
            found.extend(_parameters(child, data, language))
    if language.name == "python" and found and found[0].name in ("self", "cls"):
        found = found[1:]
    if language.name in ("c", "cpp") and [one.name for one in found] == ["void"]:
        found = []
    return tuple(found)


def arguments_of(call: Part) -> list[Argument]:
    """Of a call, in their order. A block or lambda behind the parentheses counts as one more."""
    found: list[Argument] = []
    for part in call.node.named_children:
        if part.type in _ARGUMENTS:
            for child in part.named_children[:MOST]:
                if child.type not in _NOT_ONE and child.type != "block_argument":
                    found.append(_argument(child, call.data, len(found)))
        elif part.type == "annotated_lambda" and call.language.name == "kotlin":
            found.append(Argument(_text(part, call.data), len(found)))
    if call.language.name == "scala" and (given := call.node.child_by_field_name("arguments")) and not found:
        if given.type == "block":
            found.append(Argument(_text(given, call.data), 0))
    elif call.language.name == "sql":
        terms = call.node.children_by_field_name("parameter")[:MOST]
        found = [Argument(_text(one, call.data), number) for number, one in enumerate(terms)]
    elif call.language.name == "ruby" and len([one for one in found if one.name]) > 1:
        return found
    return found


def fits(arguments: Sequence[Argument], takes: tuple[int, int | None], *, loose: bool) -> bool:
    """Whether as many can be given. `loose`: the language lets a caller leave out or add arguments."""
    if loose or any(one.is_spread for one in arguments):
        return True
    fewest, most = takes
    return len(arguments) >= fewest and (most is None or len(arguments) <= most)


def matched(arguments: Sequence[Argument], parameters: Sequence[Parameter]) -> Iterator[tuple[Argument, Parameter]]:
    """Each argument with the parameter that receives it, by name first, else by position."""
    by_name = {one.name.lstrip("$@:"): one for one in parameters}
    for argument in arguments:
        if argument.name:
            if parameter := by_name.get(argument.name):
                yield argument, parameter
        elif argument.position < len(parameters):
            yield argument, parameters[argument.position]
        elif parameters and parameters[-1].is_many:
            yield argument, parameters[-1]
        if argument.is_spread:
            return


def _lists(node: Node) -> Iterator[Node]:
    declarator = node.child_by_field_name("declarator")
    while declarator is not None:
        if (found := declarator.child_by_field_name("parameters")) is not None:
            yield found
            return
        declarator = declarator.child_by_field_name("declarator")
    found = node.children_by_field_name("parameters")
    yield from found or (child for child in node.named_children if child.type in _LISTS)


def _parameters(node: Node, data: bytes, language: Language) -> Iterator[Parameter]:
    text = _text(node, data)
    named = node.children_by_field_name("name") or node.children_by_field_name("pattern")
    if language.name in ("c", "cpp"):
        declarator = node.child_by_field_name("declarator")
        named = [declarator] if declarator is not None else []
        if declarator is None:
            yield Parameter("..." if "..." in text else "void" if text == "void" else "", False, "..." in text)
            return
    names = [match[0] for one in named if (match := _IDENTIFIER.search(_text(one, data)))]
    if not names:
        if language.name == "go":  # a type alone
            names = [""]
        else:
            match = _IDENTIFIER.search(text.removeprefix("vararg "))
            names = [match[0]] if match else []
    if language.name == "java" and node.type == "spread_parameter":
        names = [text.split()[-1].strip(".")]
    many = bool(_MANY.search(text.split("=")[0].strip()))
    has_default = any(
        node.child_by_field_name(name) is not None for name in ("value", "default_value")
    ) or node.type in ("optional_parameter", "default_parameter", "typed_default_parameter")
    if language.name == "c-sharp":
        has_default = "=" in text
    for name in names:
        yield Parameter(name, has_default, many)


def _argument(node: Node, data: bytes, position: int) -> Argument:
    text = _text(node, data)
    name = ""
    value: Node | None = node
    if node.type == "keyword_argument" or (node.type == "argument" and node.child_by_field_name("name")):
        named = node.child_by_field_name("name")
        name = _text(named, data) if named else ""
        value = node.child_by_field_name("value") or node.named_children[-1]
    elif node.type == "pair" and (key := node.child_by_field_name("key")) is not None:
        name = _text(key, data).strip(":\"'")
        value = node.child_by_field_name("value")
    elif node.type == "value_argument" and len(node.named_children) == 2 and "=" in text:
        name, value = _text(node.named_children[0], data), node.named_children[1]
    elif node.type == "assignment_expression" and (left := node.child_by_field_name("left")) is not None:
        name, value = _text(left, data), node.child_by_field_name("right")
    shown = _text(value, data) if value is not None else text
    is_spread = text.startswith(("*", "...")) and node.type not in ("unary_expression", "pointer_expression")
    return Argument(shown, position, name, is_spread or (text.endswith("...") and node.type != "literal"))


def _text(node: Node, data: bytes) -> str:
    text = data[node.start_byte : min(node.end_byte, node.start_byte + LONGEST)].decode("utf-8", "replace")
    return " ".join(text.split())

"""Which lines of a source file are its outline, and which are one function's, by its syntax."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.context.source_trees import SourceText

if TYPE_CHECKING:
    from deep_code_reasoning.code.outline import Outline, Part

_LONGEST_SIGNATURE = 6


def signature_lines(source: SourceText) -> tuple[int, ...]:
    """Counted from 0: the lines on which classes and functions say what they are; none where no grammar is known."""
    found = _outline(source)
    if found is None:
        return ()
    parts = [part for part in found.parts if part.role in ("class", "function") and part.name]
    return tuple(sorted({line for part in parts for line in _signature(part)}))


def lines_of_function(source: SourceText, name: str) -> range | None:
    """Counted from 0, of the function or class of that (qualified) name; None where there is none or its last name is
    not the only one."""
    found = _outline(source)
    if found is None:
        return None
    parts = [part for part in found.parts if part.role in ("function", "class") and part.name]
    last = name.rsplit(".", 1)[-1]
    same = [p for p in parts if p.name == name] or [p for p in parts if p.name.rsplit(".", 1)[-1] == last]
    return range(same[0].line - 1, same[0].end_line) if len(same) == 1 else None


def _signature(part: Part) -> range:
    """From where it begins to the line on which its body does, without that one where the body has it to itself."""
    body = part.node.child_by_field_name("body")
    if body is None:
        return range(part.line - 1, part.line)
    row, column = body.start_point
    line_start = part.data.rfind(b"\n", 0, body.start_byte) + 1
    alone = row > part.line - 1 and not part.data[line_start : line_start + column].strip()
    end = row if alone else row + 1
    return range(part.line - 1, min(end, part.line - 1 + _LONGEST_SIGNATURE))


def _outline(source: SourceText) -> Outline | None:
    from deep_code_reasoning.code.language import language_of
    from deep_code_reasoning.code.outline import outline
    from deep_code_reasoning.code.parsing import parse

    language = language_of(source.path.name)
    if language is None:
        return None
    parsed = parse("\n".join(source.lines).encode("utf-8", "surrogatepass"), language)
    return None if isinstance(parsed, str) else outline(parsed)

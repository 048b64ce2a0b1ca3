"""
## What it finds
A condition that asked whether something is there (`is None`, `== null`, `!= nil`, `is_none()`, `nil?`) and that is no
longer asked in a function that is still there.

## Why it matters
What is missing now and then was skipped or replaced; now it is used, and the request that meets it fails.

## How it is computed
Conditions of branches in the touched functions are searched for such questions, each compared by what it asks about. A
question that is asked otherwise (`Optional`, `?.`, `??`, a truth test) about the same name is no match, nor one whose
name is no longer used in the function's file. Go's `err != nil` is DIFF016's.

## Not this when
The caller guarantees the value by now, or the type does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deep_code_reasoning.changes.diffs.file_delta import FileDelta, Side
from deep_code_reasoning.changes.diffs.pattern import Fact, Match, Pattern, function_of, lost, matches
from deep_code_reasoning.code.outline import LONGEST_TEXT, Part

PATTERN = Pattern(
    "DIFF015", "null-unguarded", "takes a check for nothing away", frozenset({"null", "schema", "bounds", "crash"})
)

_ASKED = re.compile(
    r"([A-Za-z_$@][\w.$@>\-]*?(?:\(\))?)\s*(?:(?:===?|!==?)\s*(?:null|nil|NULL|nullptr|undefined|None)\b|is\s+(?:not\s+)?(?:None|null)\b|"
    r"\.(?:is_none|is_some|isPresent|isEmpty|nil\?|present\?|blank\?)\b)"
    r"|\bis_null\(\s*([$\w>\-]+)|\bisset\(\s*([$\w>\-\[\]'\"]+)|Objects\.(?:isNull|nonNull)\(\s*([\w.]+)"
)
LONG_ENOUGH = 8
"""A line of fewer letters is no sign that it is the same one."""
_LEAVES = re.compile(r"\b(return|raise|throw|continue|break|panic|next)\b")
_ERROR = re.compile(r"(?i)^(\w*err(or)?|e|ex|exc|exception)$")


def find(delta: FileDelta) -> Iterator[Match]:
    if delta.after is None:
        return
    after = delta.after
    for fact in lost(delta, _facts, swaps=False):
        whole = fact.key.partition(" ")[2]
        name = re.split(r"\.|->", whole)[-1].strip("()$@")
        if _is_replaced(name, delta, function_of(fact.part)):
            continue
        if _is_used(name, after, function_of(fact.part)) and _runs_unguarded(fact.part, whole, name, after):
            yield from matches(PATTERN, delta, [fact], is_removal=True)


def _facts(side: Side) -> Iterator[Fact]:
    for part in side.outline.of("branch"):
        for groups in _ASKED.findall(part.condition):
            name = next(filter(None, groups))
            if not _ERROR.match(name):
                yield Fact(f"{function_of(part)} {name}", part, f"no longer asks whether {name} is there", (part.line,))


def _is_replaced(name: str, delta: FileDelta, function: str | None) -> bool:
    """The new lines of the function ask whether something else is there, or give the name another value."""
    assert delta.after is not None
    part = delta.after.outline.functions.get(function or "")
    gone = {text.strip() for _, text in delta.removed_lines}
    for line in delta.after.changed:
        text = delta.after.text(line)
        if (part is None or part.line <= line <= part.end_line) and text.strip() not in gone:
            set_anew = rf"\b{re.escape(name)}\s*(,\s*\w+\s*)?(:?=(?!=)|:(?!=)|\bin\b|\bof\b)"
            if _ASKED.search(text) or re.search(set_anew, text):
                return True
    return False


def _runs_unguarded(branch: Part, asked: str, name: str, after: Side) -> bool:
    """What stood behind the question stands there still, or the rest of the condition does."""
    part = after.outline.functions.get(function_of(branch) or "")
    lines = {"".join(line.split()) for line in (part.text if part else after.source).splitlines()}
    for line in _guarded(branch).splitlines():
        plain = "".join(line.strip("{} \t").split())
        if len(plain) >= LONG_ENOUGH and name in plain and plain in lines:
            return True
    question = rf"\(?{re.escape(asked)}\s*(?:[!=]==?|is(?: not)?)\s*\w+\)?\s*(?:&&|\|\||and\b|or\b)\s*"
    rest = re.sub(question, "", branch.condition)
    plain = "".join(rest.split()).strip("()")
    if rest == branch.condition or len(plain) < LONG_ENOUGH:
        return False
    return any(plain in "".join(one.condition.split()) for one in after.outline.of("branch"))


def _guarded(branch: Part) -> str:
    """What runs if the answer is yes; where the branch leaves the function, what comes behind it."""
    start, end = branch.body
    text = branch.data[start : min(end, start + LONGEST_TEXT)].decode("utf-8", "replace")
    function = branch.nearest("function")
    if _LEAVES.search(text) and function is not None:
        text += branch.data[branch.end : min(function.end, branch.end + LONGEST_TEXT)].decode("utf-8", "replace")
    return text


def _is_used(name: str, side: Side, function: str | None) -> bool:
    """As it is: with a dot, a bracket or an arrow behind it, and never with another question about it."""
    part = side.outline.functions.get(function or "")
    text = part.text if part else "\n".join(side.text(line) for line in side.near)
    plain = re.escape(name)
    if re.search(
        rf"\b{plain}\s*(\?\.|\?\?|\?:|!!|\bor\b|\|\||&&|\band\b)|(\bif\s+|\bunless\s+|!|\()\(?{plain}\s*[):{{]|[oO]ptional\w*\([^()]*{plain}",
        text,
    ):
        return False
    asks = r"[!=]==?|is\b|in\b|is_none|is_some|isPresent|isEmpty|nil\?|present\?"
    if re.search(rf"\b{plain}\W{{0,3}}(?:{asks})", text):
        return False
    return bool(re.search(rf"\b{plain}\s*(\.|->|\[)\s*\w|[(,]\s*{plain}\s*[,)]", text))

"""Texts of expressions and types, taken apart without a grammar: what stands in front of a call, what holds what."""

from __future__ import annotations

import re

MOST_STEPS = 20
LONGEST = 2_000
_STEP = re.compile(r"([$@]{0,2}[A-Za-z_][\w$]*[?!]?)")
_JOINT = re.compile(r"(?:\?\.|!!\.|!\.|\.|->|::|\\)")


def makes(expression: str) -> bool:
    return bool(re.match(r"\s*(?:new\s|&?[\w.]+\s*\{)", expression))


def first_expression(text: str) -> str:
    """`await new Foo(a).b(); // c` -> Foo(a).b(); up to where its brackets close and something else begins. A line that
    begins with a dot, or follows one, goes on with the chain of calls above it."""
    text = re.sub(r"^(?:(?:await|new|yield|try|&mut|&|\*)\s*)+", "", text[:LONGEST].strip())
    text = re.sub(r"\s*\n\s*(?=\??\.\w)|(?<=[\w)]\.)\s*\n\s*", "", text)
    level, kept = 0, []
    for character in text:
        level += (character in "([") - (character in ")]")
        if level < 0 or (level == 0 and character in " ,;{}\t\n=+|#"):
            break
        kept.append(character)
    return "".join(kept)


def steps_of(text: str) -> list[tuple[str, bool]]:
    """`self.repo.find(a)?.go` -> (self, no), (repo, no), (find, yes), (go, no); empty for any other expression."""
    found: list[tuple[str, bool]] = []
    at = 0
    while at < len(text) and len(found) < MOST_STEPS:
        match = _STEP.match(text, at)
        if match is None:
            return []
        at = match.end()
        name = match[1]
        if name.endswith(("?", "!")) and text[at : at + 1] not in ("(", ""):
            name = name.rstrip("?!")
        is_call = False
        if text[at : at + 1] == "<" and (closed := re.match(r"<[^<>()]*>(?=\()", text[at:])):
            at += closed.end()
        if text[at : at + 1] == "(":
            end = _closed(text, at)
            if end < 0:
                return []
            at, is_call = end, True
        found.append((name, is_call))
        if unwrapped := re.match(r"[?!]+(?=$|\.|->|::)", text[at:]):
            at += unwrapped.end()
        if at >= len(text):
            return found
        joint = _JOINT.match(text, at)
        if joint is None:
            return []
        at = joint.end()
        if text.startswith("await", at) and text[at + 5 : at + 6] in (".", "?", ""):  # Rust
            at += 5
            at += 1 if text[at : at + 1] == "?" else 0
            if at >= len(text):
                return found
            at += 1
    return found


def _closed(text: str, at: int) -> int:
    level = 0
    for number in range(at, len(text)):
        level += (text[number] in "([{") - (text[number] in ")]}")
        if level == 0:
            return number + 1
    return -1


def outer_type(text: str) -> tuple[str, str | None]:
    """`Arc<Mutex<A>>` -> Arc, Mutex<A>; the second is None without brackets."""
    match = re.match(r"([\w.:\\$]+)\s*[<\[](.*)[>\]]\??$", text, re.DOTALL)
    if match:
        return match[1], match[2].split(",")[0] if "<" not in match[2] and "[" not in match[2] else match[2]
    return re.split(r"[<\[ |]", text)[0] or text, None

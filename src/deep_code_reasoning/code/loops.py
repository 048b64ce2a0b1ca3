"""What runs more than once: bodies of loops, comprehensions, lambdas handed to forEach, map, each and the like."""

from __future__ import annotations

from deep_code_reasoning.code.outline import Part


def loop_around(part: Part) -> Part | None:
    """The innermost loop that runs `part` once a round, or the call that does so with a lambda. None outside of loops.

    A function defined inside a loop is not run by it; a lambda is taken to be run where it stands.
    """
    below, around = part, part.within
    while around is not None:
        if around.role == "function" and around is not part:
            return None
        if around.role == "loop" and around.body[0] <= part.start and part.end <= max(around.body[1], part.start + 1):
            return around
        if below.role == "lambda" and around.role == "call" and is_loop_call(around):
            return around
        if part.role == "call" and around.role == "call" and below is part and _is_reference(part, around):
            return around
        below, around = around, around.within
    return None


def is_loop_call(call: Part) -> bool:
    language = call.language
    if call.method not in language.loop_calls:
        return False
    return (
        language.loop_chain is None
        or call.method in language.loop_always
        or bool(language.loop_chain.search(call.callee))
    )


def _is_reference(part: Part, around: Part) -> bool:
    """`lines.forEach(client::save)`: what is called once an element is only named."""
    return part.node.type == "method_reference" and is_loop_call(around)

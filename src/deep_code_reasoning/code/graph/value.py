"""What an expression is, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from deep_code_reasoning.code.graph.facts import Class, Definition, Facts

DEEPEST = 6
"""How often an expression is told by another one."""


@dataclass(frozen=True)
class Value:
    """`kind`: object, class, module, outside (of this tree, `why`), unknown. `box`: what holds the object, where that
    has methods of its own (`Optional<Cart>`)."""

    kind: str
    classes: tuple[Class, ...] = ()
    modules: tuple[str, ...] = ()
    why: str = ""
    how: str = ""
    box: str = ""


UNKNOWN = Value("unknown")


@dataclass(frozen=True, eq=False)
class Place:
    """Where an expression stands: its file, the function around it, and up to where that one is read."""

    facts: Facts
    function: Definition | None
    offset: int

    @property
    def owner(self) -> str:
        return self.function.owner if self.function else ""

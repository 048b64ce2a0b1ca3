"""Text, tables and JSON on standard output."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from deep_code_reasoning.context.visible import visible

if TYPE_CHECKING:
    from rich.console import Console


class Answer(Protocol):
    def as_json(self) -> dict[str, Any]: ...


def print_json(value: Any) -> None:
    """One JSON document, indented on a terminal and on one line for a program."""
    import orjson

    option = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS | (orjson.OPT_INDENT_2 if sys.stdout.isatty() else 0)
    sys.stdout.flush()
    sys.stdout.buffer.write(orjson.dumps(value, option=option, default=str))
    sys.stdout.buffer.flush()


def print_answer(answer: Answer, lines: Iterable[str], *, as_json: bool) -> None:
    """As one JSON document, else as lines to read."""
    if as_json:
        print_json(answer.as_json())
        return
    for line in lines:
        print(visible(line))


def print_table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table; values are data and are never read as markup."""
    from rich.table import Table
    from rich.text import Text

    table = Table(*header, header_style="bold", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text("" if value is None else visible(str(value))) for value in row))
    console().print(table)


def print_markdown(text: str) -> None:
    """Markdown, rendered on a terminal and as it is elsewhere."""
    if sys.stdout.isatty():
        from rich.markdown import Markdown

        console().print(Markdown(text))
    else:
        print(visible(text))


def console(piped_width: int = 10_000) -> Console:
    """The terminal, or `piped_width` columns where no terminal says how wide it is.

    Tables are never cut for a program that reads them; prose asks for a width one can read.
    """
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else piped_width)

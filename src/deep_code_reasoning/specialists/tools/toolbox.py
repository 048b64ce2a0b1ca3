"""The tools that a model is offered in a turn, and the one way in which their answers reach it.

Every answer is redacted with the Redactor of the brief, so that a secret has the same placeholder in both, freed of the
places of this machine, fenced with a mark that is not in it, and cut to a size with a way to page on.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from deep_code_reasoning.context.candidate import Candidate
from deep_code_reasoning.context.fence import fence_for, fenced
from deep_code_reasoning.context.source_files import Unreadable
from deep_code_reasoning.context.visible import one_line
from deep_code_reasoning.errors import CancelledError, DcrError, UsageError
from deep_code_reasoning.specialists.port import ToolAnswer, ToolCall, ToolSpec
from deep_code_reasoning.specialists.tools.desk import Desk
from deep_code_reasoning.specialists.tools.found import Found, Paged
from deep_code_reasoning.specialists.tools.registry import all_tools

if TYPE_CHECKING:
    from deep_code_reasoning.context.redact import Redactor
    from deep_code_reasoning.context.scanner import Scanner
    from deep_code_reasoning.finding import Diagnosis
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.settings import Settings
    from deep_code_reasoning.store.tables import Tables

MOST_CHARACTERS = 12_000
"""Of an answer, fences not counted: about 4,000 tokens."""
_LONGEST_LINE = 2_000
_LONGEST_ERROR = 500
_ASK_CALLER = "ask_caller"


def toolbox_for(
    tables: Tables,
    diagnosis: Diagnosis,
    *,
    roots: Sequence[Path],
    redactor: Redactor,
    settings: Settings,
    code_files: Sequence[Path] = (),
    scanner: Scanner | None = None,
    may_ask: bool = True,
    characters: int = MOST_CHARACTERS,
) -> Toolbox:
    """All tools over one investigation. `tables` may be used by nobody else while a tool runs.

    `redactor` is the brief's own, `roots` as for the brief. `scanner` looks for secrets that patterns miss, as it does
    for a brief. `may_ask`: there is a caller who answers questions, so that the model may end a turn with one.
    """
    desk = Desk(tables, diagnosis, tuple(roots), redactor, settings, tuple(code_files), scanner)
    return Toolbox(desk, may_ask, characters)


class Toolbox:
    """`specs` are the same for all investigations: they hold no word of the evidence."""

    def __init__(self, desk: Desk, may_ask: bool, characters: int) -> None:
        self.desk, self._characters = desk, characters
        self._tools = {name: tool for name, tool in all_tools().items() if may_ask or name != _ASK_CALLER}

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        return tuple(tool.spec for tool in self._tools.values())

    def answer(self, call: ToolCall, work: Work) -> ToolAnswer:
        """Raises nothing but CancelledError (of `work`): what goes wrong is an answer of one line."""
        try:
            return ToolAnswer(call.id, call.name, self._text(call, work))
        except CancelledError:
            work.check()  # an interrupted statement of nobody's
            return self._error(call, "the query was interrupted; ask again")
        except (DcrError, Unreadable, msgspec.ValidationError) as error:
            return self._error(call, str(error))
        except Exception as error:
            return self._error(call, f"the tool failed: {type(error).__name__}; ask another way")

    def _text(self, call: ToolCall, work: Work) -> str:
        if (tool := self._tools.get(call.name)) is None:
            raise UsageError(f"no tool is called {call.name!r}; there are {', '.join(self._tools)}")
        asked = msgspec.convert(dict(call.arguments), tool.parameters, strict=False)
        start = asked.start if isinstance(asked, Paged) else 1
        items = self.desk.cleaned(tool.answer(self.desk, asked, work))
        work.check()
        return laid_out(items, start, self._characters)

    def _error(self, call: ToolCall, said: str) -> ToolAnswer:
        return ToolAnswer(
            call.id, call.name, f"error: {one_line(self.desk.clean(said), _LONGEST_ERROR)}", is_error=True
        )


def laid_out(items: Sequence[Found], start: int, characters: int) -> str:
    """The lines of all items from `start` on that fit, each item in its fence, and where to go on."""
    lines = [(item, _shortened(line)) for item in items for line in item.text.rstrip("\n").split("\n")]
    if not lines:
        raise UsageError("nothing found")
    if not 1 <= start <= len(lines):
        raise UsageError(f"start {start}: the answer has {len(lines):,} lines")
    shown: dict[Found, list[str]] = {}
    left, end = characters, start - 1
    for item, line in lines[start - 1 :]:
        left -= len(line) + 1
        if left < 0 and shown:
            break
        shown.setdefault(item, []).append(line)
        end += 1
    fence = fence_for(f"{item.id}\0{item.title}\0" + "\n".join(some) for item, some in shown.items())
    text = "".join(
        fenced(Candidate(item.id, item.kind, item.title, "", 0.0, "\n".join(some)), fence)
        for item, some in shown.items()
    )
    rest = len(lines) - end
    return text + (f"cut: {rest:,} more lines of {len(lines):,}; go on with start: {end + 1}\n" if rest else "")


def _shortened(line: str) -> str:
    if len(line) <= _LONGEST_LINE:
        return line
    return f"{line[:_LONGEST_LINE]}… ({len(line) - _LONGEST_LINE:,} more characters of this line)"

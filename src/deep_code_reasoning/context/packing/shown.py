"""What of one candidate is in a brief so far, and what that takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from deep_code_reasoning.context.candidate import Candidate
from deep_code_reasoning.context.render.code_window import without_number
from deep_code_reasoning.context.tokens import hundredths

Fenced = Callable[[Candidate], str]

_GAP = "    ⋮"
_GAP_COST = hundredths(_GAP + "\n")
_NOTE = "… cut here: {lines} more lines, about {tokens} tokens, did not fit"
_NOTE_COST = hundredths(_NOTE.format(lines="1,000,000", tokens="10,000,000") + "\n")
_LONGEST_LINE = 2_000
_JOINT_COST = 300  # hundredths: what cutting a line in two may hide of its cost


class Shown:
    """`cost` is in hundredths of a token and never less than what the text that `laid_out` gives takes with its fence.

    A text counts by lines; one of more than 2,000 characters as several, so that one line can be cut as well. Of code
    comes with every line numbered; laid out, most do without, but for the first of each run.
    """

    def __init__(self, candidate: Candidate, fenced: Fenced) -> None:
        self.candidate = candidate
        self._first, self._continues = _lines_of(candidate.text)
        self._lines = [without_number(line) for line in self._first] if candidate.kind == "code" else self._first
        self.costs = [
            (hundredths(line + "\n") if line else 0) + _JOINT_COST * continues
            for line, continues in zip(self._lines, self._continues, strict=True)
        ]
        self._first_costs: dict[int, int] = {}
        widest = replace(candidate, text="", title=_title(candidate, 1_000_000, 1_000_000, 10_000_000))
        self._fence = hundredths(fenced(widest))
        self._wanted: set[int] = set()
        self._last_wanted = -1
        self.lines: set[int] = set()
        self._segments = 0
        self._body = 0
        self.want(range(len(self._lines)) if candidate.parts is None else (n for p in candidate.parts for n in p.lines))

    @property
    def count(self) -> int:
        return len(self._lines)

    @property
    def cost(self) -> int:
        if not self.lines:
            return 0
        note = _NOTE_COST if self._last_wanted not in self.lines else 0
        return self._fence + self._body + (self._segments - 1) * _GAP_COST + note

    @property
    def is_complete(self) -> bool:
        return self._wanted <= self.lines

    def want(self, lines: Iterable[int]) -> None:
        """To be called before anything is added: what is wanted and not in is told as missing."""
        self._wanted.update(line for line in lines if 0 <= line < self.count)
        self._last_wanted = max(self._wanted, default=-1)

    def cost_of_all(self) -> int:
        """Of every line of it, wanted or not."""
        return self._fence + sum(self.costs) + self._first_cost(0)

    def add(self, lines: Iterable[int]) -> list[int]:
        """The lines that were not in before."""
        added = [line for line in lines if 0 <= line < self.count and line not in self.lines]
        for line in added:
            self.lines.add(line)
            self._count(line, 1)
        return added

    def remove(self, lines: Iterable[int]) -> None:
        for line in lines:
            self._count(line, -1)
            self.lines.remove(line)

    def _count(self, line: int, times: int) -> None:
        """Once as it comes, -1 times as it goes."""
        is_first, is_last = line - 1 not in self.lines, line + 1 not in self.lines
        self._segments += times * (is_first + is_last - 1)
        self._body += times * self.costs[line]
        if is_first:
            self._body += times * self._first_cost(line)
        if not is_last:
            self._body -= times * self._first_cost(line + 1)

    def _first_cost(self, line: int) -> int:
        """What the line costs more where it begins a run."""
        if self._first[line] == self._lines[line]:
            return 0
        if line not in self._first_costs:
            self._first_costs[line] = hundredths(self._first[line] + "\n") - self.costs[line]
        return self._first_costs[line]

    def add_what_fits(self, lines: Iterable[int], room: int) -> list[int]:
        """Adds lines in order until the next one would make it cost more than `room` more."""
        before, added = self.cost, []
        for line in lines:
            one = self.add((line,))
            if self.cost - before > room:
                self.remove(one)
                break
            added += one
        return added

    def missing(self, lines: Iterable[int] | None = None) -> tuple[int, int, bool]:
        """Wanted and not among `lines` (default: those that are in): how many, what they cost, and are they the end?"""
        shown = self.lines if lines is None else set(lines)
        out = self._wanted - shown
        cost = sum(self.costs[line] for line in out) + (0 if shown else self._fence)
        return len(out), cost, bool(shown) and (not out or min(out) > max(shown))

    def laid_out(self) -> Candidate:
        """The candidate with the lines that are in, marks where some are not, and the lines told in its title."""
        numbers = sorted(self.lines)
        parts, before = [], None
        for number in numbers:
            if before is not None and number != before + 1:
                parts.append(f"\n{_GAP}\n")
            elif before is not None:
                parts.append("" if self._continues[number] else "\n")
            parts.append((self._lines if before == number - 1 else self._first)[number])
            before = number
        if numbers and numbers[-1] < self._last_wanted:
            rest = [n for n in self._wanted if n > numbers[-1]]
            tokens = sum(self.costs[n] for n in rest) // 100
            parts.append("\n" + _NOTE.format(lines=f"{len(rest):,}", tokens=f"{tokens:,}"))
        title = self.candidate.title
        if self.candidate.kind == "code" and numbers:
            title = _title(self.candidate, *self._told(numbers))
        return replace(self.candidate, text="".join(parts) + "\n", title=title)

    def _told(self, numbers: list[int]) -> tuple[int, int, int]:
        """First and last line of what is shown and how many there are; 0, n, m where it is n of m here and there."""
        one_piece = numbers[-1] - numbers[0] + 1 == len(numbers)
        return (numbers[0] + 1, numbers[-1] + 1, self.count) if one_piece else (0, len(numbers), self.count)


def _title(candidate: Candidate, first: int, last: int, count: int) -> str:
    if candidate.kind != "code":
        return candidate.title
    if (first, last) == (1, count):
        said = f"{count} lines"
    else:
        said = f"lines {first} to {last} of {count}" if first else f"{last} of {count} lines"
    return f"{candidate.title}, {said}" + (f", {candidate.revision}" if candidate.revision else "")


def _lines_of(text: str) -> tuple[list[str], list[bool]]:
    lines, continues = [], []
    for line in text.rstrip().split("\n"):
        pieces = [line[at : at + _LONGEST_LINE] for at in range(0, len(line), _LONGEST_LINE)] or [""]
        lines += pieces
        continues += [False] + [True] * (len(pieces) - 1)
    return lines, continues

"""Packing: one order of pieces for all budgets, so that more budget is never less evidence."""

from __future__ import annotations

import string
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deep_code_reasoning.context.candidate import Candidate, Part
from deep_code_reasoning.context.fence import fenced
from deep_code_reasoning.context.packing.code_queue import CodeOrder, code_pieces
from deep_code_reasoning.context.packing.fill import Packed, pack
from deep_code_reasoning.context.packing.shown import Shown
from deep_code_reasoning.context.render.code_window import code_window, shown_lines
from deep_code_reasoning.context.tokens import hundredths

LINE = st.text(string.ascii_letters + string.digits + string.punctuation + "  \té", max_size=90)
WHOLE_LINES = st.lists(LINE, min_size=1, max_size=25)
LINES = st.lists(LINE | st.just("x y1 " * 700), min_size=1, max_size=25)
"""With lines so long that they are cut."""


def around(candidate: Candidate) -> str:
    return fenced(candidate, "evidence-0123456789ab")


@dataclass(frozen=True)
class Case:
    candidates: list[Candidate]
    order: CodeOrder

    def packed(self, tokens: int) -> Packed:
        return pack(self.candidates, self.order, tokens * 100, around)


@st.composite
def cases(draw: st.DrawFn, lines_of: st.SearchStrategy[list[str]] = LINES) -> Case:
    candidates = [
        Candidate(f"log:{n}", "logs", f"log {n}", "drawn", draw(st.floats(0, 1)), "\n".join(lines), required=n == 0)
        for n, lines in enumerate(draw(st.lists(lines_of, min_size=1, max_size=6)))
    ]
    files, chunks, outlines = [], [], []
    for n, lines in enumerate(draw(st.lists(lines_of, max_size=5))):
        id_, end = f"code:file{n}.py", st.integers(0, len(lines))
        parts = tuple(
            Part(range(*sorted((draw(end), draw(end)))), draw(st.floats(0, 1))) for _ in range(draw(st.integers(0, 2)))
        )
        text = code_window([line[:300] for line in lines], 1, len(lines))
        candidates.append(
            Candidate(id_, "code", f"file{n}.py", "drawn", 0.0, text, parts=parts, revision="at commit 1")
        )
        files.append(id_)
        chunks += [(id_, range(*sorted((draw(end), draw(end))))) for _ in range(draw(st.integers(0, 3)))]
        outlines.append((id_, tuple(sorted(draw(st.sets(end, max_size=4))))))
    order = CodeOrder(tuple(files), tuple(draw(st.permutations(chunks))), tuple(outlines))
    return Case(candidates, order)


def lines_shown(packed: Packed) -> dict[str, set[tuple[int, str]]]:
    """Lines with how often they stood before, without the marks of what is not there."""
    shown = {}
    for share in packed.shares:
        if share.candidate.kind == "code":
            shown[share.candidate.id] = set(shown_lines(share.candidate.text))
            continue
        seen: dict[str, int] = {}
        kept = set()
        for line in share.candidate.text.split("\n"):
            if line and "… cut here" not in line and line != "    ⋮":
                kept.add((seen.setdefault(line, 0), line))
                seen[line] += 1
        shown[share.candidate.id] = kept
    return shown


@settings(max_examples=60, deadline=None)
@given(case=cases(), tokens=st.integers(0, 6_000))
def test_never_over_budget(case: Case, tokens: int) -> None:
    packed = case.packed(tokens)
    assert sum(share.cost for share in packed.shares) <= tokens * 100
    assert hundredths("".join(around(share.candidate) for share in packed.shares)) <= tokens * 100


@settings(max_examples=60, deadline=None)
@given(case=cases(WHOLE_LINES), small=st.integers(0, 5_000), more=st.integers(0, 3_000))
def test_a_larger_budget_never_loses_a_line(case: Case, small: int, more: int) -> None:
    less, larger = lines_shown(case.packed(small)), lines_shown(case.packed(small + more))
    for id_, lines in less.items():
        assert lines <= larger[id_]


@settings(max_examples=40, deadline=None)
@given(case=cases(), tokens=st.integers(0, 6_000))
def test_what_is_not_in_is_told_with_a_reason_and_what_it_would_cost(case: Case, tokens: int) -> None:
    packed, everything = case.packed(tokens), case.packed(10**6)
    assert not everything.left_out
    missing = {left.id: left for left in packed.left_out}
    assert len(missing) == len(packed.left_out)
    shown, wanted = lines_shown(packed), lines_shown(everything)
    for id_, lines in wanted.items():
        assert shown.get(id_, set()) == lines or id_ in missing
    assert all(left.reason and left.tokens > 0 for left in packed.left_out)


@settings(max_examples=30, deadline=None)
@given(case=cases(), tokens=st.integers(400, 6_000))
def test_what_comes_next_is_what_a_larger_budget_adds(case: Case, tokens: int) -> None:
    """A budget larger by what is foretold holds everything that is foretold."""
    packed = case.packed(tokens)
    larger = {share.candidate.id for share in case.packed(tokens + 50_000).shares}
    assert {addition.id for addition in packed.next_additions} <= larger
    assert bool(packed.next_additions) == bool([left for left in packed.left_out if left.id != "log:0"])


@settings(max_examples=100, deadline=None)
@given(source=st.lists(LINE, min_size=1, max_size=40), start=st.sampled_from([0, 990, 99_990]), data=st.data())
def test_line_numbers_can_be_read_off_though_most_lines_bear_none(
    source: list[str], start: int, data: st.DataObject
) -> None:
    lines = [""] * start + [line.replace("\t", " ") for line in source]
    marked = data.draw(st.sets(st.integers(1, len(lines)), max_size=2))
    wanted = sorted(data.draw(st.sets(st.integers(start, len(lines) - 1), min_size=1)))
    candidate = Candidate("code:a.py", "code", "a.py", "r", 1.0, code_window(lines, 1, len(lines), marked), parts=())
    shown = Shown(candidate, around)
    shown.add(line for line in wanted if line < shown.count)
    text = shown.laid_out().text
    read = dict(shown_lines(text))
    assert read.items() <= {number + 1: lines[number].rstrip() for number in wanted}.items()
    assert all(number + 1 in read for number in wanted if lines[number].strip())
    assert text.count("►") == sum(line.count("►") for line in lines) + len(
        {*marked} & {n + 1 for n in wanted if n < shown.count}
    )


def prose(tokens: int) -> str:
    return "it was so and so\n" * (tokens * 100 // hundredths("it was so and so\n"))


def test_a_budget_is_filled() -> None:
    candidates = [Candidate(f"log:{n}", "logs", "t", "r", 1 / (n + 1), prose(700)) for n in range(40)]
    packed = pack(candidates, CodeOrder(), 1_000_000, around)
    assert 985_000 < sum(share.cost for share in packed.shares) <= 1_000_000


def test_a_long_trace_takes_its_share_and_no_more() -> None:
    long = Candidate("trace:1", "trace", "t", "r", 0.9, prose(50_000))
    short = [Candidate(f"trace:{n}", "trace", "t", "r", 0.3, prose(900)) for n in range(2, 8)]
    packed = pack([long, *short], CodeOrder(), 1_600_000, around)
    assert {share.candidate.id for share in packed.shares} == {"trace:1", *(c.id for c in short)}
    assert [left.id for left in packed.left_out] == ["trace:1"]


def code(n: int, tokens: int) -> Candidate:
    return Candidate(f"code:{n}", "code", f"{n}.py", "ranked", 0.0, prose(tokens), parts=())


def test_chunks_come_by_rank_an_outline_behind_half_of_its_file_and_what_is_left_of_the_files_at_last() -> None:
    order = CodeOrder(
        ("code:0", "code:1"),
        (("code:0", range(10)), ("code:1", range(5)), ("code:0", range(20, 30)), ("code:0", range(10, 20))),
        (("code:0", (0, 20, 30)), ("code:1", (0,))),
    )
    shown = {c.id: Shown(replace(c, text="it was\n" * 40), around) for c in (code(0, 9), code(1, 9))}
    assert [(piece.item, piece.lines) for piece in code_pieces(order, shown)] == [
        ("code:0", range(10)), ("code:1", range(5)), ("code:0", range(20, 30)), ("code:0", (0, 20, 30)),
        ("code:0", range(10, 20)), ("code:1", (0,)), ("code:0", range(40)), ("code:1", range(40)),
    ]  # fmt: skip


@pytest.mark.parametrize("weight", [0.2, 0.9])
def test_evidence_and_ranked_code_share_by_weight(weight: float) -> None:
    files = [code(n, 2_000) for n in range(40)]
    chunks = tuple((f.id, range(f.text.count("\n"))) for f in files)
    traces = [Candidate(f"trace:{n}", "trace", "t", "r", weight, prose(800)) for n in range(40)]
    packed = pack([*files, *traces], CodeOrder(tuple(f.id for f in files), chunks), 3_000_000, around)
    spent = sum(s.cost for s in packed.shares if s.candidate.kind == "trace")
    assert (spent > 2_500_000) if weight == 0.9 else (spent < 500_000)

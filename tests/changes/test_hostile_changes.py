"""Files as no one should write them: nothing raises, time and memory stay bounded, what was not read is said."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from changes.patterns import golden
from deep_code_reasoning.changes.diffs import seen
from deep_code_reasoning.changes.diffs.file_delta import hunks_of
from deep_code_reasoning.changes.diffs.kinds import kinds_of
from deep_code_reasoning.changes.diffs.quantities import quantity
from deep_code_reasoning.changes.diffs.seen import TOO_MANY, ChangedFile, matches_of
from deep_code_reasoning.code import parsing

SECONDS = 10.0
"""Of any one commit here; what takes long is given up after one second a file."""

ENDINGS = "py java go js ts tsx rb rs cs php kt c cpp"
PATHS = [f"src/a.{ending}" for ending in ENDINGS.split()]
PATCH = "@@ -1 +1 @@\n-x = foo(1)\n+x = foo(2)\n"


def taken(*files: ChangedFile) -> float:
    started = time.monotonic()
    matches_of(files, with_literals=True)
    return time.monotonic() - started


NESTED = {
    "brackets": b"(" * 100_000,
    "calls": b"f(" * 50_000 + b")" * 50_000,
    "blocks": b"{" * 100_000,
    "lists": b"x = " + b"[" * 50_000 + b"]" * 50_000,
    "loops": b"for (;;) {" * 30_000,
    "ifs": b"if (a) { " * 30_000,
    "lambdas": b"xs.map(x => " * 20_000,
    "chain": b"a" + b".map(b)" * 50_000,
    "strings": b'"' * 99_999,
    "binary operators": b"1" + b" + 1" * 100_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS)
def test_nesting_is_bounded(path: str) -> None:
    for name, text in NESTED.items():
        lines = b"\n".join(text[at : at + 10_000] for at in range(0, len(text), 10_000))
        count = lines.count(b"\n") + 1
        patch = f"@@ -1 +1,{count} @@\n-x\n" + "".join(f"+{line}\n" for line in lines.decode().split("\n"))
        assert taken(ChangedFile(path, patch, b"x", lines)) < SECONDS, name
        assert taken(ChangedFile(path, patch)) < SECONDS, name


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"x = 1\n" * 200_000, parsing.TOO_LARGE),
        (b"x = '" + b"a" * 10_000_000 + b"'", parsing.TOO_LARGE),
        (b"x = '" + b"a" * 100_000 + b"'", parsing.MINIFIED),
        (b"x = 1\0\n", parsing.BINARY),
    ],
)
def test_what_is_not_read_is_said(data: bytes, why: str) -> None:
    found = matches_of([ChangedFile("src/a.py", PATCH, b"x = foo(1)\n", data)])
    assert found.unread == {"src/a.py": why}
    assert not found.is_whole


def test_a_parser_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "SECONDS", 0.0)
    found = matches_of([ChangedFile("src/a.py", PATCH, b"x = foo(1)\n" * 50_000, b"x = foo(2)\n" * 50_000)])
    assert found.unread == {"src/a.py": parsing.TOO_SLOW}


def test_a_patch_of_ten_megabytes_in_one_line() -> None:
    assert taken(ChangedFile("src/a.py", "@@ -0,0 +1 @@\n+" + "f(" * 5_000_000)) < SECONDS


def test_a_commit_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "SECONDS", -1.0)
    assert matches_of([ChangedFile("src/a.py", PATCH)]).unread == {"src/a.py": seen.TOO_LATE}


def test_files_beyond_the_hundredth_are_told() -> None:
    files = [ChangedFile(f"src/a{n}.py", PATCH, b"x = foo(1)\n", b"x = foo(2)\n") for n in range(120)]
    found = matches_of(files)
    assert list(found.unread.values()) == [TOO_MANY] * 20


@pytest.mark.parametrize("path", PATHS)
def test_another_language_than_the_ending_says(path: str) -> None:
    for page in golden.pages():
        for case in golden.cases(page)[:2]:
            for before, after in zip(case.before.values(), case.after.values(), strict=False):
                assert taken(golden.changed_file(path, before, after)) < SECONDS


PIECES = [
    text
    for page in golden.pages()
    for case in golden.cases(page)
    for text in (*case.before.values(), *case.after.values())
]


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """Programs with parts taken out, put in twice, and bytes that are no text."""
    data = bytearray(draw(st.sampled_from(PIECES)).encode())
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 60)))
        data[at:end] = draw(st.one_of(st.just(b""), st.binary(max_size=8), st.just(bytes(data[at:end]) * 2)))
    return bytes(data)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PATHS), broken(), broken(), st.randoms(use_true_random=False))
def test_broken_programs_raise_nothing(path: str, before: bytes, after: bytes, chance: random.Random) -> None:
    file = golden.changed_file(path, before.decode("latin-1"), after.decode("latin-1"))
    for one in (
        file._replace(before=before, after=after),
        file._replace(before=None, after=None),
        file._replace(before=None, after=after),
        file._replace(before=before, after=None),
        file._replace(before=after, after=before),  # a patch of other files than these
    ):
        found = matches_of([one], with_literals=True)
        for match in found.matches:
            assert len(match.text) <= 160
            assert match.words
            assert match.line is None or match.line > 0
    lines = file.patch.splitlines()
    chance.shuffle(lines)
    matches_of([file._replace(patch="\n".join(lines))])


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_patches_of_any_text(patch: str) -> None:
    assert isinstance(hunks_of(patch), list)
    matches_of(
        [ChangedFile("src/a.py", patch), ChangedFile("go.mod", patch), ChangedFile("src/A.java", patch, b"", b"")]
    )


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=80), st.from_regex(r"[0-9_.]{1,20} ?[*<]{0,2} ?(time\.)?[A-Za-z]{0,12}")))
def test_quantities_of_any_text(text: str) -> None:
    found = quantity(text)
    assert found is None or found.value == found.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("30", 30), ("30_000", 30_000), ("0x10", 16), ("1.5", 1.5), ("5L", 5), ("1 << 20", 2**20), ("60 * 60", 3600),
        ("5 * time.Second", 5), ("500*time.Millisecond", 0.5), ("Duration.ofMillis(500)", 0.5),
        ("Duration::from_secs(5)", 5),
        ("TimeSpan.FromMinutes(2)", 120), ("5.seconds", 5), ('"10MiB"', 10 * 2**20), ("timedelta(hours=1)", 3600) ,
        ("std::chrono::milliseconds(250)", 0.25), ("TimeUnit.SECONDS.toMillis(5)", 5),
    ],
)  # fmt: skip
def test_quantities(text: str, value: float) -> None:
    found = quantity(text)
    assert found
    assert found.value == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "x", "x + 1", "max(1, 2)", "1 - 1", "timeout", "a.b", "5 * n", '"abc"', "None"])
def test_no_quantities(text: str) -> None:
    assert quantity(text) is None


def test_every_kind_takes_a_long_line_in_time() -> None:
    """Patterns of kinds are searched in lines that anyone may have written."""
    from deep_code_reasoning.changes.diffs.delta import delta_of

    line = "for x in " + "a.b(c, " * 3_000
    started = time.monotonic()
    delta = delta_of(f"@@ -1 +1 @@\n-{line}1\n+{line}2\n")
    kinds_of(delta, ["a.py"])
    assert time.monotonic() - started < SECONDS

"""The same failure has the same fingerprint on another day; another failure has another one."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation.transcripts.runners import Outcome, render
from deep_code_reasoning.conversation.stuck.commands import key_of, kind_of
from deep_code_reasoning.conversation.stuck.failures import failures_of, shape

CASES = [
    ("pytest", ("tests/test_a.py::test_x", "assert 3 == 4"), ("tests/test_a.py::test_y", "assert 3 == 4")),
    ("go", ("orders.TestX", "got 3, want 4"), ("orders.TestY", "got 3, want 4")),
    ("jest", ("src/a.test.ts :: adds", "expect(received).toBe(expected) 1 2"), ("src/a.test.ts :: adds 2", "x")),
    ("cargo", ("cache::evicts", "assertion failed: a == b"), ("cache::keeps", "assertion failed: a == b")),
    ("maven", ("CartTest.adds", "expected: <1> but was: <2>"), ("CartTest.removes", "expected: <1> but was: <2>")),
    ("rspec", ("spec/a_spec.rb # Cart adds 1", ""), ("spec/a_spec.rb # Cart adds 2", "")),
    ("tsc", ("src/a.ts", "TS2531: Object is possibly 'null'."), ("src/a.ts", "TS2345: Argument is not assignable")),
    ("ruff", ("src/a.py", "E501 Line too long (130 > 120)"), ("src/a.py", "F401 unused import")),
    ("rustc", ("src/a.rs", "[E0597]: `b` does not live"), ("src/b.rs", "[E0597]: `b` does not live")),
    ("python", ("main/parse", "ValueError: lease 17 expired"), ("main/render", "ValueError: lease 17 expired")),
    ("node", ("serve/pay", "TypeError: x is not a function"), ("serve/cart", "TypeError: x is not a function")),
    ("race", ("session.TestGet", "session.(*Store).Get()"), ("session.TestSet", "session.(*Store).Get()")),
    ("plain", ("", "working\nKilled"), ("", "working\nSegmentation fault (core dumped)")),
]  # fmt: skip


@pytest.mark.parametrize(("runner", "one", "other"), CASES, ids=[case[0] for case in CASES])
def test_lines_times_and_addresses_do_not_matter_but_what_failed_does(
    runner: str, one: tuple[str, str], other: tuple[str, str]
) -> None:
    def found(failure: tuple[str, str], seed: int) -> frozenset:
        outcome = Outcome("run", (failure,), 5)
        return failures_of(render(runner, outcome, random.Random(seed)), failed=True).found

    assert len(found(one, 1)) == 1
    assert found(one, 1) == found(one, 2)
    assert found(one, 1).isdisjoint(found(other, 1))


@pytest.mark.parametrize("runner", [case[0] for case in CASES])
def test_a_run_that_passed_has_no_failure(runner: str) -> None:
    assert failures_of(render(runner, Outcome("run", (), 5), random.Random(1)), failed=False).found == frozenset()


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("5 failed, 3 passed in 1s", 5),
        ("FAILED (failures=2, errors=1)", 3),
        ("Tests run: 9, Failures: 4, Errors: 2", 6),
    ],
)
def test_the_runner_says_how_many_failed(text: str, count: int) -> None:
    assert failures_of(f"FAILED tests/a.py::test_x - boom\n{text}", failed=True).size == count


@pytest.mark.parametrize(
    "output",
    ["sh: foo: command not found", "ModuleNotFoundError: No module named 'yaml'", "npm ERR! code ERESOLVE"],
)
def test_a_failure_of_the_machine_is_none_of_the_code(output: str) -> None:
    failures = failures_of(output, failed=True)
    assert failures.is_environment and not failures.found


def test_an_unknown_failure_is_known_by_its_last_words() -> None:
    first, second = (failures_of(f"step 1\nchecksum {n} differs", failed=True).found for n in (17, 42))
    assert first == second and len(first) == 1


def test_colours_are_no_part_of_it() -> None:
    plain = failures_of("FAILED tests/a.py::test_x - boom", failed=True)
    assert failures_of("\x1b[31mFAILED\x1b[0m tests/a.py::test_x - boom\r\n", failed=True).found == plain.found


@given(st.text(max_size=400), st.integers(0, 10**12), st.integers(0, 2**64))
def test_numbers_and_addresses_never_change_a_shape(text: str, number: int, address: int) -> None:
    def told(number: int, address: int) -> str:
        return shape(f"lease {number} at 0x{address:x}: {text}")

    assert told(number, address) == told(7, 0xABC)


@given(st.text(max_size=3_000), st.booleans())
def test_any_output_is_taken(text: str, failed: bool) -> None:
    assert failures_of(text, failed=failed).size >= 0


@pytest.mark.parametrize(
    "text", ["a" * 2_000_000, "a." * 200_000, "\n \t" * 200_000, "/x" * 200_000, "- " * 200_000 + "Error"]
)
def test_hostile_output_costs_little(text: str) -> None:
    started = time.process_time()
    failures_of(text, failed=True)
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize(
    ("command", "kind", "key"),
    [
        ("cd src && PYTHONPATH=. timeout 60 pytest -x tests/test_a.py 2>&1 | tail -5", "run", "pytest tests/test_a.py"),
        ("pytest -q -k slow tests/test_a.py", "run", "pytest slow tests/test_a.py"),
        ("go test -race -count=1 ./...", "run", "go test ./..."),
        ("grep -rn error logs | head", "read", ""),
        ("git log --oneline", "read", ""),
        ("git checkout -- src/a.py", "edit", ""),
        ("sed -i s/a/b/ src/a.py", "edit", ""),
        ("cat > a.py <<'EOF'\nx = 1\nEOF", "edit", ""),
        ("pip install -r requirements.txt", "install", "pip install requirements.txt"),
        ("npm run build", "run", "npm run build"),
        ("npm install --force", "install", "npm install"),
        ("npm ci && npm test", "run", "npm test"),
        ("", "read", ""),
        ("| && ;", "read", ""),
    ],
)
def test_a_command_is_known_by_what_it_runs(command: str, kind: str, key: str) -> None:
    assert kind_of(command) == kind
    if kind == "run" or key:
        assert key_of(command) == key


@given(st.text(max_size=300))
def test_any_command_is_taken(command: str) -> None:
    assert kind_of(command) in ("run", "read", "install", "edit")
    assert isinstance(key_of(command), str)

"""Output of test runners and programs, with what changes from run to run: times, addresses, lines, folders, order."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

Render = Callable[["Outcome", random.Random], str]


@dataclass(frozen=True)
class Outcome:
    """`failures`: (name, message); `passed`: how many did not fail."""

    command: str
    failures: tuple[tuple[str, str], ...]
    passed: int


def render(runner: str, outcome: Outcome, draw: random.Random) -> str:
    text = _RUNNERS[runner](outcome, draw)
    return text.replace("{n}", str(draw.randint(2, 9999))).replace("{hex}", f"0x{draw.getrandbits(44):012x}")


def _pytest(outcome: Outcome, draw: random.Random) -> str:
    lines = [
        "=" * 20 + " test session starts " + "=" * 20,
        f"collected {outcome.passed + len(outcome.failures)} items",
        "",
    ]
    for name, message in outcome.failures:
        file, _, test = name.rpartition("::")
        lines += [f"____ {test} ____", "", f"    def {test}(client):", f">       {message}", f"E       {message}", ""]
        lines += [f"{file}:{draw.randint(10, 300)}: {message.partition(':')[0]}"]
    failed = draw.sample(outcome.failures, len(outcome.failures))
    lines += ["=" * 20 + " short test summary info " + "=" * 20 if failed else ""]
    lines += [f"FAILED {name} - {message}" for name, message in failed]
    counts = [f"{len(failed)} failed"] * bool(failed) + [f"{outcome.passed} passed"]
    return "\n".join([*lines, f"==== {', '.join(counts)} in {draw.uniform(0.2, 40):.2f}s ===="])


def _go(outcome: Outcome, draw: random.Random) -> str:
    lines = []
    for name, message in outcome.failures:
        package, _, test = name.rpartition(".")
        lines += [
            f"--- FAIL: {test} ({draw.uniform(0, 3):.2f}s)",
            f"    {package}_test.go:{draw.randint(20, 200)}: {message}",
        ]
    if outcome.failures:
        return "\n".join([*lines, "FAIL", f"FAIL\tgithub.com/acme/shop/orders\t{draw.uniform(0.1, 9):.3f}s", "FAIL"])
    return f"ok  \tgithub.com/acme/shop/orders\t{draw.uniform(0.1, 9):.3f}s"


def _jest(outcome: Outcome, draw: random.Random) -> str:
    files = {name.partition(" :: ")[0] for name, _ in outcome.failures}
    lines = [f"FAIL {file}" for file in sorted(files)]
    for name, message in outcome.failures:
        file, _, test = name.partition(" :: ")
        at = f"      at Object.<anonymous> ({file}:{draw.randint(5, 200)}:{draw.randint(3, 30)})"
        lines += [f"  ● {test}", "", f"    {message}", "", at, ""]
    failed = f"{len(outcome.failures)} failed, " if outcome.failures else ""
    total = outcome.passed + len(outcome.failures)
    return "\n".join(
        [
            *lines,
            f"Tests:       {failed}{outcome.passed} passed, {total} total",
            f"Time:        {draw.uniform(1, 9):.3f} s",
        ]
    )


def _cargo(outcome: Outcome, draw: random.Random) -> str:
    total = outcome.passed + len(outcome.failures)
    lines = (
        [f"running {total} tests"] + [f"test {name} ... FAILED" for name, _ in outcome.failures] + ["", "failures:", ""]
    )
    for name, message in outcome.failures:
        lines += [
            f"---- {name} stdout ----",
            f"thread '{name}' panicked at src/lib.rs:{draw.randint(9, 400)}:9:",
            message,
            "",
        ]
    verdict = "FAILED" if outcome.failures else "ok"
    return "\n".join(
        [*lines, f"test result: {verdict}. {outcome.passed} passed; {len(outcome.failures)} failed; 0 ignored"]
    )


def _maven(outcome: Outcome, draw: random.Random) -> str:
    lines = [
        f"[ERROR] Tests run: {outcome.passed + len(outcome.failures)}, Failures: {len(outcome.failures)}, Errors: 0"
    ]
    lines += [f"[ERROR]   {name}:{draw.randint(20, 300)} {message}" for name, message in outcome.failures]
    return "\n".join(
        lines
        if outcome.failures
        else [f"[INFO] Tests run: {outcome.passed}, Failures: 0, Errors: 0", "[INFO] BUILD SUCCESS"]
    )


def _rspec(outcome: Outcome, draw: random.Random) -> str:
    lines = [f"{outcome.passed + len(outcome.failures)} examples, {len(outcome.failures)} failures", ""]
    lines += [
        f"rspec ./{name.partition(' # ')[0]}:{draw.randint(5, 90)} # {name.partition(' # ')[2]}"
        for name, _ in outcome.failures
    ]
    return "\n".join(lines)


def _tsc(outcome: Outcome, draw: random.Random) -> str:
    lines = [
        f"{name}({draw.randint(1, 300)},{draw.randint(1, 80)}): error {message}" for name, message in outcome.failures
    ]
    return "\n".join([*lines, f"Found {len(lines)} errors."] if lines else [])


def _ruff(outcome: Outcome, draw: random.Random) -> str:
    lines = [f"{name}:{draw.randint(1, 300)}:{draw.randint(1, 80)}: {message}" for name, message in outcome.failures]
    return "\n".join([*lines, f"Found {len(lines)} errors."] if lines else ["All checks passed!"])


def _rustc(outcome: Outcome, draw: random.Random) -> str:
    lines = []
    for name, message in outcome.failures:
        lines += [f"error{message}", f"   --> {name}:{draw.randint(5, 300)}:{draw.randint(3, 40)}", "    |"]
    return "\n".join(
        [*lines, f"error: could not compile `app` due to {len(outcome.failures)} errors"]
        if lines
        else ["    Finished dev"]
    )


def _python(outcome: Outcome, draw: random.Random) -> str:
    lines = []
    for name, message in outcome.failures:
        folder = f"/tmp/run-{draw.getrandbits(32):08x}"
        lines += ["Traceback (most recent call last):"]
        lines += [
            f'  File "{folder}/{frame}.py", line {draw.randint(5, 400)}, in {frame}_step' for frame in name.split("/")
        ]
        lines += [f"    value = at_{draw.getrandbits(24):06x}", message]
    return "\n".join(lines) or f"done in {draw.uniform(0.1, 9):.2f} s"


def _node(outcome: Outcome, draw: random.Random) -> str:
    lines = []
    for name, message in outcome.failures:
        lines += [message]
        lines += [
            f"    at {frame}Handler (/srv/app-{draw.getrandbits(16):04x}/src/{frame}.js:{draw.randint(3, 400)}:7)"
            for frame in name.split("/")
        ]
    return "\n".join(lines) or "listening on 3000"


def _race(outcome: Outcome, draw: random.Random) -> str:
    lines = []
    for name, message in outcome.failures:
        package, _, test = name.rpartition(".")
        lines += ["WARNING: DATA RACE", f"Write at 0x{draw.getrandbits(40):012x} by goroutine {draw.randint(7, 99)}:"]
        lines += [f"  {message}", f"      /src/{package}.go:{draw.randint(9, 200)} +0x{draw.getrandbits(12):x}"]
        lines += [
            f"--- FAIL: {test} ({draw.uniform(0, 3):.2f}s)",
            "    testing.go:1465: race detected during execution of test",
        ]
    return "\n".join(lines) or f"ok  \tgithub.com/acme/shop\t{draw.uniform(1, 9):.3f}s"


def _plain(outcome: Outcome, draw: random.Random) -> str:
    return "\n".join(message.replace("\\n", "\n") for _, message in outcome.failures) or "ok"


_RUNNERS: dict[str, Render] = {
    "pytest": _pytest, "go": _go, "jest": _jest, "cargo": _cargo, "maven": _maven, "rspec": _rspec, "tsc": _tsc,
    "ruff": _ruff, "rustc": _rustc, "python": _python, "node": _node, "race": _race, "plain": _plain,
}  # fmt: skip

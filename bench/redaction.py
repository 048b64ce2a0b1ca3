"""Secrets planted in what evidence consists of: how many are found, and what is taken for one that is none.

    python bench/redaction.py [--each 20] [--seed 1]

A row a kind; with the carriers in which some were missed. The planted texts are our own (bench/planted_secrets.py), so
what is found of them is an upper bound of what is found elsewhere. The second set (bench/leaks.toml) was written before
the patterns were looked at; `--half seen` and `held-out` are its halves, and misses of the held-out half are counted by
kind alone, so that nobody mends a pattern by reading them.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "src"
sys.path.insert(0, str(SOURCES))
sys.path.append(str(Path(__file__).parent))

from deep_code_reasoning.context.redact import Redactor  # noqa: E402
from deep_code_reasoning.context.secret_catalogue import patterns  # noqa: E402
from leaks import HELD_OUT, SEEN, alike, leaks  # noqa: E402
from planted_secrets import Planted, harmless, planted, remains  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=20, help="of every kind in every carrier")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"{len(patterns())} patterns\n")
    _secrets(planted(options.seed, options.each), tell=True)
    _harmless(harmless(options.seed, options.each * 5), tell=False)
    for name, half in (("seen", SEEN), ("held-out", HELD_OUT)):
        print(f"# leaks, {name} half\n")
        _secrets(leaks(half, options.seed, options.each), tell=half == SEEN)
        _harmless(alike(half, options.seed, options.each), tell=half == SEEN)
    _speed()


def _secrets(texts: Iterable[Planted], *, tell: bool) -> None:
    total: Counter[str] = Counter()
    missed: dict[str, Counter[str]] = {}
    for one in texts:
        total[one.kind] += 1
        if remains(one, Redactor().clean(one.text)):
            missed.setdefault(one.kind, Counter())[one.carrier] += 1
    print("| kind | planted | found | missed in |\n|---|--:|--:|---|")
    for kind, count in total.items():
        lost = missed.get(kind, Counter())
        told = ", ".join(f"{carrier} ({n})" for carrier, n in lost.most_common()) if tell else ""
        print(f"| {kind} | {count} | {count - lost.total()} | {told} |")
    lost = sum(counter.total() for counter in missed.values())
    whole = len(total) - len(missed)
    print(f"| all {len(total)} kinds, {whole} without a miss | {total.total()} | {total.total() - lost} | |\n")


def _harmless(texts: Iterable[tuple[str, str]], *, tell: bool) -> None:
    total: Counter[str] = Counter()
    alarms: Counter[str] = Counter()
    told: dict[str, None] = {}
    for kind, text in texts:
        total[kind] += 1
        if (cleaned := Redactor().clean(text)) != text:
            alarms[kind] += 1
            if tell:
                told.setdefault(cleaned[:110].replace("\n", "\u00b6"))
    print("| no secret | texts | false alarms |\n|---|--:|--:|")
    for kind, count in total.items():
        print(f"| {kind} | {count} | {alarms[kind]} |")
    print(f"| all | {total.total()} | {alarms.total()} |\n")
    print("".join(f"    {text}\n" for text in told))


def _speed() -> None:
    source = "".join(path.read_text("utf-8") for path in sorted(SOURCES.rglob("*.py")))[:2_000_000]
    line = " ".join(text for _, text in harmless(3, 40)).replace("\n", " ")
    line = (line * (10_000_000 // len(line) + 1))[:10_000_000]
    for name, text in (("source code", source), ("one line of 10 MB", line)):
        started = time.process_time()
        Redactor().clean(text)
        taken = time.process_time() - started
        print(f"{name}: {len(text) / 1e6:.1f} MB in {taken:.1f} CPU s, {len(text) / 1e6 / taken:.1f} MB/s")


if __name__ == "__main__":
    main()

"""Which of 200 commits did it: our ranking beside recency and plain BM25, on reverts whose truth is known.

    python bench/culprit.py --cases FILE... --repositories FOLDER [--repository OWNER/NAME=PATH] [--json]
        [--fit FILE... | --leave-one-out] [--write]
    python bench/culprit.py build PATH... --out FILE [--name OWNER/NAME] [--candidates 200] [--most N]

A case is a JSON line: `repository`, `symptom` (the reason of a revert), `candidates` (commits before it, newest first)
and `truth`. Its commits are read from the repository's history. Known is the text alone, or also one file that the true
commit touches: the first in the order of paths ("file"), or each in turn, averaged ("every file"; ours only). Weights
are those shipped, unless --fit names other cases to fit them on, or --leave-one-out fits each project's on the other
projects in FILE. --write fits on all of FILE and writes the product's weights.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "src"
sys.path.insert(0, str(SOURCES))

from culprit_cases import CANDIDATES, Case, build_cases, read_cases, walk, write_cases  # noqa: E402
from culprit_fit import Weights, leave_one_out, weights_of, write_weights  # noqa: E402
from culprit_histories import History, NoHistory, history_of  # noqa: E402
from culprit_measure import Measured, file_choices, measure, outcomes, text_choices  # noqa: E402
from culprit_table import lines, reliability, table  # noqa: E402
from deep_code_reasoning.changes.relevance.ranking import fitted_weights  # noqa: E402

TOGETHER = 30
"""Cases whose commits are read at once: neighbours share most of them, and their diffs are held in memory."""


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        return build(arguments[1:]) if arguments[:1] == ["build"] else score(arguments)
    except (NoHistory, OSError, ValueError) as error:
        print(f"culprit: {error}", file=sys.stderr)
        return 2


def build(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="culprit.py build")
    parser.add_argument("path", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name", action="append", default=[], help="owner/name of each path, in order")
    parser.add_argument("--candidates", type=int, default=CANDIDATES)
    parser.add_argument("--most", type=int, help="cases of one history, evenly spaced in time")
    options = parser.parse_args(arguments)
    cases: list[Case] = []
    for place, path in enumerate(options.path):
        history = History(path)
        name = options.name[place] if place < len(options.name) else _name_of(path)
        found, skipped = build_cases(name, walk(history.git, history.directory), options.candidates)
        if options.most and len(found) > options.most:
            found = [found[at * len(found) // options.most] for at in range(options.most)]
        cases += found
        told = "; ".join(f"{count} {reason}" for reason, count in skipped.most_common())
        print(f"{name}: {len(found)} cases" + (f", skipped {told}" if told else ""), file=sys.stderr)
    write_cases(cases, options.out)
    return 0


def _name_of(path: Path) -> str:
    resolved = path.resolve()
    part = resolved.parent.name if resolved.name in ("repo", ".git") else resolved.name
    return part.removesuffix(".git").replace("+", "/")


def score(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=Path, nargs="+", required=True)
    parser.add_argument("--repositories", type=Path)
    parser.add_argument("--repository", action="append", default=[], metavar="OWNER/NAME=PATH")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true")
    weights = parser.add_mutually_exclusive_group()
    weights.add_argument("--fit", type=Path, nargs="+")
    weights.add_argument("--leave-one-out", action="store_true")
    options = parser.parse_args(arguments)
    cases = [case for path in options.cases for case in read_cases(path)]
    measured, unread = _measured(cases, options)
    if not measured:
        raise ValueError("no case could be read")
    if options.write:
        text, file = text_choices(measured), file_choices(measured)
        print(f"wrote {write_weights(weights_of(text, file), text, file).name}", file=sys.stderr)
        fitted_weights.cache_clear()
    found = outcomes(measured, _weights(measured, options))
    _print(found, measured, unread, as_json=options.json)
    return 0


def _weights(measured: list[Measured], options: argparse.Namespace) -> dict[str, Weights]:
    """The weights for each project."""
    every = {one.case.repository for one in measured}
    if options.leave_one_out:
        return leave_one_out(text_choices(measured), file_choices(measured))
    if options.fit:
        others = [case for path in options.fit for case in read_cases(path)]
        if shared := every & {case.repository for case in others}:
            raise ValueError(f"fitted and scored on the same projects: {', '.join(sorted(shared))}")
        fitted_on, _ = _measured(others, options)
        fitted = weights_of(text_choices(fitted_on), file_choices(fitted_on))
        return dict.fromkeys(every, fitted)
    return dict.fromkeys(every, fitted_weights())


def _measured(cases: list[Case], options: argparse.Namespace) -> tuple[list[Measured], Counter]:
    named = {name: Path(path) for name, _, path in (one.partition("=") for one in options.repository)}
    by_project: dict[str, list[Case]] = {}
    for case in cases:
        by_project.setdefault(case.repository, []).append(case)
    measured: list[Measured] = []
    unread: Counter = Counter()
    last = time.monotonic()
    for project, part in by_project.items():
        history = history_of(project, options.repositories, named)
        for start in range(0, len(part), TOGETHER):
            several = part[start : start + TOGETHER]
            started = time.perf_counter()
            commits = history.read(sha for case in several for sha in case.candidates)
            seconds = (time.perf_counter() - started) / max(len(commits), 1)
            for number, case in enumerate(several, start + 1):
                one = measure(case, commits, seconds)
                if one is None:
                    unread[f"{project}: the true commit is not in the history"] += 1
                else:
                    measured.append(one)
                if time.monotonic() - last > 2:
                    last = time.monotonic()
                    print(f"{project}: {number} of {len(part)} cases", file=sys.stderr)
    return measured, unread


def _print(found: list, measured: list[Measured], unread: Counter, *, as_json: bool) -> None:
    rows = table(found)
    ours = [outcome for outcome in found if outcome.method == "ours"]
    held = {known: reliability(ours, known) for known in ("text", "file")}
    seconds = {
        "read": round(sorted(one.read_seconds for one in measured)[len(measured) // 2], 3),
        "rank": round(sorted(one.rank_seconds for one in measured)[len(measured) // 2], 3),
        "bm25": round(sorted(one.bm25_seconds for one in measured)[len(measured) // 2], 3),
    }
    missing = sum(one.missing for one in measured)
    if as_json:
        result = {"rows": rows, "reliability": held, "median_seconds": seconds, "unread": dict(unread)}
        print(json.dumps(result | {"missing_candidates": missing}, indent=1))
        return
    print("\n".join(lines(rows)))
    for known, part in held.items():
        print(f"\nProbability of the commit named first, {known} known:\n\n| range | cases | mean | share right |")
        print("|---|--:|--:|--:|")
        for row in part:
            print(f"| {row['from']:.2f}-{row['to']:.2f} | {row['cases']} | {row['mean']:.2f} | {row['right']:.2f} |")
    print(
        f"\nMedian seconds of a case: {seconds['read']} to read its commits with diffs (not cached), {seconds['rank']} "
        f"to rank them, {seconds['bm25']} for plain BM25. {missing} candidates could not be read."
    )
    for reason, count in unread.items():
        print(f"skipped {count}: {reason}")


if __name__ == "__main__":
    sys.exit(main())

"""Does the right code rank first: issues whose fix is known, against the ranking of files and of their pieces.

    python bench/localise.py --cases FILE --repositories DIR [--repository OWNER/NAME=PATH ...] [--limit N]
                             [--ablations] [--hints] [--json] [--state DIR] [--misses]

A case is a JSON object a line: id, repository (OWNER/NAME), base (commit), problem (its first line is the title), gold
(files), patch (unified diff against the base, optional). A repository is looked for below DIR as OWNER+NAME/repo,
OWNER+NAME, OWNER/NAME, OWNER__NAME and NAME, each also with .git; bare or not. Each base is indexed from the one
before.

Acc@k: share of cases whose gold files are all among the first k. Recall: share of a case's hunks whose changed lines
(of an insertion the line before it) are all in what is packed into a budget of tokens, averaged over cases.
`--ablations` repeats all with each sign left out, and with each halved. `--hints` adds wrong hints, drawn by the case's
id, to see whether they push the truth out.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from deep_code_reasoning.code.index.code_index import CodeIndex, open_index
from deep_code_reasoning.code.ranking.query import Query
from deep_code_reasoning.code.ranking.rank import READ, rank
from deep_code_reasoning.code.ranking.ranked import RankedFile, best_chunks
from deep_code_reasoning.code.ranking.weights import Weights
from deep_code_reasoning.context.tokens import count_tokens
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings

DEPTHS = (1, 5, 10)
BUDGETS = (32_000, 64_000, 200_000)
FILL = 0.9
WHOLE_FILE_SHARE, WHOLE_FILES_SHARE = 0.25, 0.7
HEADER_TOKENS = 20
WRONG_HINTS = 3


@dataclass
class Result:
    case: str
    seconds: float
    index_seconds: float
    worst: int
    """Rank from 0 of the last gold file; 1,000 where one is missing."""
    recall: dict[int, float] = field(default_factory=dict)
    first: list[str] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--repositories", type=Path)
    parser.add_argument("--repository", action="append", default=[], metavar="OWNER/NAME=PATH")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--read", type=int, default=READ, help="files whose pieces are compared")
    parser.add_argument("--ablations", action="store_true")
    parser.add_argument("--hints", action="store_true")
    parser.add_argument("--misses", action="store_true", help="show the cases with a gold file behind the fifth")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--state", type=Path, help="where indexes are kept; without it they go when it ends")
    options = parser.parse_args()
    cases = [json.loads(line) for line in options.cases.read_text(encoding="utf-8").splitlines() if line.strip()]
    with tempfile.TemporaryDirectory() as passing:
        results = run(cases[: options.limit], options, Settings(state_dir=options.state or Path(passing)))
    if options.json:
        print(json.dumps({name: [vars(one) for one in some] for name, some in results.items()}))
        return
    table(results)
    if options.misses:
        for one in results["all signs"]:
            if one.worst >= DEPTHS[1]:
                print(one.case, one.worst, one.first[:5])


def run(cases: Sequence[dict], options: argparse.Namespace, settings: Settings) -> dict[str, list[Result]]:
    """Name of a variant -> its results."""
    found: defaultdict[str, list[Result]] = defaultdict(list)
    by_repository: defaultdict[str, list[dict]] = defaultdict(list)
    for case in cases:
        by_repository[case["repository"]].append(case)
    for name, some in sorted(by_repository.items()):
        root = locate(name, options)
        for case in in_time(root, some):
            start = time.perf_counter()
            index = open_index(root, settings, Work(), revision=case["base"], name=name)
            seconds = time.perf_counter() - start
            for variant, query, weights in variants(case, index, options):
                found[variant].append(measure(case, index, query, weights, seconds, options.read))
            told = found["all signs"]
            print(f"{case['id']}: {len(index):,} files, {seconds:.1f} s, rank {told[-1].worst}", file=sys.stderr)
    return dict(found)


def variants(case: dict, index: CodeIndex, options: argparse.Namespace) -> Iterator[tuple[str, Query, Weights]]:
    title, _, text = case["problem"].partition("\n")
    query, weights = Query(title, text), Weights()
    yield "all signs", query, weights
    if options.ablations:
        # Weights that no sign: a title and a compound name weigh as any word, all kinds of file are alike.
        neutral = {"title": 1.0, "compound": 1.0}
        for name in ("title", "compound", "path", "chunk", "mention", "definition", "quotation", "prior"):
            value = getattr(weights, name)
            yield f"without {name}", query, replace(weights, **{name: neutral.get(name, 0.0)})
            yield f"half {name}", query, replace(weights, **{name: value / 2})
            yield f"double {name}", query, replace(weights, **{name: value * 2})
    if options.hints:
        paths = [path for path in sorted(index.files) if path not in case["gold"]]
        wrong = tuple(Random(case["id"]).sample(paths, min(WRONG_HINTS, len(paths))))
        yield f"{WRONG_HINTS} wrong hints", replace(query, files=wrong), weights
        yield "right hint", replace(query, files=tuple(case["gold"])), weights


def measure(case: dict, index: CodeIndex, query: Query, weights: Weights, seconds: float, read: int) -> Result:
    start = time.perf_counter()
    files = rank([index], query, 50, weights=weights, read=read)
    took = time.perf_counter() - start
    places = {file.path: number for number, file in enumerate(files)}
    worst = max(places.get(path, 1_000) for path in case["gold"])
    result = Result(case["id"], took, seconds, worst, first=[file.path for file in files[:10]])
    if hunks := gold_hunks(case.get("patch") or ""):
        contents = {path: lines_of(data) for path, data in index.read(file.path for file in files).items()}
        for budget in BUDGETS:
            shown = pack(files, contents, int(budget * FILL))
            covered = [all(any(a <= n <= b for a, b in shown.get(path, ())) for n in lines) for path, lines in hunks]
            result.recall[budget] = sum(covered) / len(hunks)
    return result


def pack(files: Sequence[RankedFile], contents: dict[str, list[str]], budget: int) -> dict[str, list[tuple[int, int]]]:
    """Path -> ranges of lines: above the smallest budget small files whole first, then pieces by their score."""
    shown: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    left, whole = budget, budget * WHOLE_FILES_SHARE if budget > BUDGETS[0] else 0
    for file in files:
        lines = contents.get(file.path)
        if lines is None or not whole:
            continue
        cost = tokens(lines, 1, len(lines))
        if cost <= budget * WHOLE_FILE_SHARE and cost <= whole:
            whole, left = whole - cost, left - cost
            shown[file.path] = [(1, len(lines))]
    for file, chunk in best_chunks(files):
        lines = contents.get(file.path)
        if lines is None or (1, len(lines)) in shown[file.path]:
            continue
        cost = tokens(lines, chunk.line, chunk.end_line)
        if cost <= left:
            left -= cost
            shown[file.path].append((chunk.line, chunk.end_line))
    return shown


def tokens(lines: Sequence[str], first: int, last: int) -> int:
    return HEADER_TOKENS + _tokens("\n".join(lines[first - 1 : last]))


@lru_cache(20_000)
def _tokens(text: str) -> int:
    return count_tokens(text)


def lines_of(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").split("\n")


def gold_hunks(patch: str) -> list[tuple[str, list[int]]]:
    """(path before the change, lines it changed); files that the patch adds have none."""
    found: list[tuple[str, list[int]]] = []
    path, number, changed, before = "", 0, [], 0
    for line in patch.splitlines():
        if line.startswith("--- ") and not before:
            path = re.sub(r"^a/", "", line[4:].split("\t")[0])
        elif head := re.match(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@", line):
            number, before, changed = int(head[1]), int(head[2] or 1) + 1, []
            if path != "/dev/null":
                found.append((path, changed))
        elif line.startswith("diff --git "):
            before = 0
        elif before and line.startswith("-"):
            changed.append(number)
            number += 1
        elif before and line.startswith("+"):
            changed.append(max(1, number - 1))
        elif before and not line.startswith("\\"):
            number += 1
    return [(path, sorted(set(lines))) for path, lines in found if lines]


def locate(name: str, options: argparse.Namespace) -> Path:
    given = dict(one.split("=", 1) for one in options.repository)
    if name in given:
        return Path(given[name])
    owner, _, own = name.partition("/")
    if options.repositories:
        for form in (f"{owner}+{own}/repo", f"{owner}+{own}", name, f"{owner}__{own}", own):
            for place in (options.repositories / form, options.repositories / f"{form}.git"):
                if place.is_dir():
                    return place
    raise SystemExit(f"no repository of {name}; give --repository {name}=PATH")


def in_time(root: Path, cases: list[dict]) -> list[dict]:
    """By the date of their base, so that each index differs little from the one before."""
    asked = ["git", "-C", str(root), "-c", "safe.directory=*", "log", "--no-walk=unsorted", "--format=%H %ct"]
    told = subprocess.run([*asked, *(case["base"] for case in cases)], capture_output=True, text=True, check=True)
    dates = dict(line.split() for line in told.stdout.splitlines())
    return sorted(cases, key=lambda case: (int(dates.get(case["base"], 0)), case["id"]))


def table(results: dict[str, list[Result]]) -> None:
    head = [
        *(f"Acc@{k}" for k in DEPTHS),
        *(f"hunks {b // 1000}k" for b in BUDGETS),
        "s a query",
        "slowest",
        "s to index",
    ]
    print("| signs | cases | " + " | ".join(head) + " |\n|---|---|" + "---|" * len(head))
    for name, some in results.items():
        row: list[Any] = [f"{100 * sum(one.worst < k for one in some) / len(some):.1f}" for k in DEPTHS]
        for budget in BUDGETS:
            known = [one.recall[budget] for one in some if budget in one.recall]
            row.append(f"{sum(known) / len(known):.3f}" if known else "-")
        row += [f"{sum(one.seconds for one in some) / len(some):.2f}", f"{max(one.seconds for one in some):.2f}"]
        row.append(f"{sum(one.index_seconds for one in some) / len(some):.1f}")
        print(f"| {name} | {len(some)} | " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()

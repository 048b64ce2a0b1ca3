"""Does the right code rank first, and is it in the brief: issues whose fix is known, ranked and packed as in a brief.

    python bench/localise.py --cases FILE --repositories DIR [--repository OWNER/NAME=PATH ...] [--limit N]
                             [--ablations [--halved]] [--hints] [--json] [--state DIR] [--misses] [--processes N]

A case is a JSON object a line: id, repository (OWNER/NAME), base (commit), problem (its first line is the title), gold
(files), patch (unified diff against the base, optional). A repository is looked for below DIR as OWNER+NAME/repo,
OWNER+NAME, OWNER/NAME, OWNER__NAME and NAME, each also with .git; bare or not. Each process takes a run of a
repository's cases and indexes each base from the one before; with `--state` only what changed since the last time.

Acc@k: share of cases whose gold files are all among the first k. Recall: share of a case's hunks whose changed lines
(of an insertion the line before it) all stand in the text that a brief of so many tokens shows of code alone, averaged
over cases; the lines are read off that text, by its numbers. `--ablations` repeats all with each sign left out,
`--halved` with each weight halved, too. `--hints` adds wrong hints, drawn by the case's id, to see whether they push
the truth out.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from deep_code_reasoning.code.index.code_index import CodeIndex, open_index
from deep_code_reasoning.code.ranking.query import Query
from deep_code_reasoning.code.ranking.rank import rank
from deep_code_reasoning.code.ranking.ranked import RankedFile
from deep_code_reasoning.code.ranking.weights import Weights
from deep_code_reasoning.context.candidate import Candidate
from deep_code_reasoning.context.code_ranking import MOST_FILES
from deep_code_reasoning.context.fence import fence_for, fenced, preamble
from deep_code_reasoning.context.gather.code import CodeFiles
from deep_code_reasoning.context.packing.code_queue import CodeOrder
from deep_code_reasoning.context.packing.fill import FILL, pack
from deep_code_reasoning.context.ranked_code import RankedFile as FileOfBrief
from deep_code_reasoning.context.redact import Redactor
from deep_code_reasoning.context.render.code_window import shown_lines
from deep_code_reasoning.context.source_files import Unreadable, lines_of
from deep_code_reasoning.context.source_trees import SourceText, SourceTrees
from deep_code_reasoning.context.tokens import hundredths
from deep_code_reasoning.context.without_secrets import without_secrets
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings

DEPTHS = (1, 5, 10)
BUDGETS = (32_000, 64_000, 200_000)
WRONG_HINTS = 3
FEWEST_CASES = 8
"""Of a process: fewer take less time than an index from nothing."""


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
    parser.add_argument("--read", type=int, default=MOST_FILES, help="files whose pieces are compared")
    parser.add_argument("--ablations", action="store_true")
    parser.add_argument("--halved", action="store_true", help="with --ablations: each weight halved as well")
    parser.add_argument("--hints", action="store_true")
    parser.add_argument("--misses", action="store_true", help="show the cases with a gold file behind the fifth")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--state", type=Path, help="where indexes are kept; without it they go when it ends")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    cases = [json.loads(line) for line in options.cases.read_text(encoding="utf-8").splitlines() if line.strip()]
    with tempfile.TemporaryDirectory() as passing:
        results = run(cases[: options.limit], options, options.state or Path(passing))
    if options.json:
        print(json.dumps({name: [vars(one) for one in some] for name, some in results.items()}))
        return
    table(results)
    if options.misses:
        for one in results["all signs"]:
            if one.worst >= DEPTHS[1]:
                print(one.case, one.worst, one.first[:5])


def run(cases: Sequence[dict], options: argparse.Namespace, state: Path) -> dict[str, list[Result]]:
    """Name of a variant -> its results, in the order of the cases' ids."""
    found: defaultdict[str, list[Result]] = defaultdict(list)
    with ProcessPoolExecutor(options.processes) as pool:
        for done in as_completed(
            pool.submit(run_some, root, some, options, state / f"{number}")
            for number, (root, some) in enumerate(shares(cases, options))
        ):
            for name, results in done.result().items():
                found[name] += results
    return {name: sorted(results, key=lambda one: one.case) for name, results in found.items()}


def shares(cases: Sequence[dict], options: argparse.Namespace) -> Iterator[tuple[Path, list[dict]]]:
    """Runs of cases that lie near each other in the history of one repository."""
    by_repository: defaultdict[str, list[dict]] = defaultdict(list)
    for case in cases:
        by_repository[case["repository"]].append(case)
    for name, some in sorted(by_repository.items()):
        root = locate(name, options)
        ordered = in_time(root, some)
        count = min(options.processes, -(-len(some) // FEWEST_CASES))
        bounds = [len(some) * n // count for n in range(count + 1)]
        yield from ((root, ordered[a:b]) for a, b in pairwise(bounds))


def run_some(root: Path, cases: Sequence[dict], options: argparse.Namespace, state: Path) -> dict[str, list[Result]]:
    found: defaultdict[str, list[Result]] = defaultdict(list)
    for case in cases:
        start = time.perf_counter()
        index = open_index(root, Settings(state_dir=state), Work(), revision=case["base"], name=case["repository"])
        seconds = time.perf_counter() - start
        for variant, query, weights in variants(case, index, options):
            found[variant].append(measure(case, index, query, weights, seconds, options.read))
        told = found["all signs"][-1]
        print(f"{case['id']}: {len(index):,} files, {seconds:.1f} s, rank {told.worst}", file=sys.stderr)
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
            if options.halved:
                yield f"half {name}", query, replace(weights, **{name: value / 2})
    if options.hints:
        paths = [path for path in sorted(index.files) if path not in case["gold"]]
        wrong = tuple(Random(case["id"]).sample(paths, min(WRONG_HINTS, len(paths))))
        yield f"{WRONG_HINTS} wrong hints", replace(query, files=wrong), weights
        yield "right hint", replace(query, files=tuple(case["gold"])), weights


def measure(case: dict, index: CodeIndex, query: Query, weights: Weights, seconds: float, read: int) -> Result:
    start = time.perf_counter()
    files = rank([index], query, MOST_FILES, weights=weights, read=read)
    took = time.perf_counter() - start
    places = {file.path: number for number, file in enumerate(files)}
    worst = max(places.get(path, 1_000) for path in case["gold"])
    result = Result(case["id"], took, seconds, worst, first=[file.path for file in files[:10]])
    if hunks := gold_hunks(case.get("patch") or ""):
        candidates, order = candidates_of(files, index)
        for budget in BUDGETS:
            shown = lines_in_brief(candidates, order, budget)
            covered = [shown.get(f"code:{place_of(index, path)}", set()).issuperset(lines) for path, lines in hunks]
            result.recall[budget] = sum(covered) / len(hunks)
    return result


class Committed(SourceTrees):
    """The files of an index in the place of those on disk."""

    def __init__(self, index: CodeIndex, paths: Sequence[str]) -> None:
        self.roots = ()
        self._commit = index.commit or ""
        self._contents = {place_of(index, path): data for path, data in index.read(paths).items()}

    def read(self, path: Path) -> SourceText:
        content = self._contents.get(path)
        if content is None:
            raise Unreadable("not in the commit")
        return SourceText(path, content, lines_of(content))

    def revision(self, source: SourceText) -> str:
        return f"at commit {self._commit[:12]}"


def place_of(index: CodeIndex, path: str) -> Path:
    return Path("/", index.name, path)


def candidates_of(files: Sequence[RankedFile], index: CodeIndex) -> tuple[list[Candidate], CodeOrder]:
    """As a brief gathers them, without secrets."""
    redactor, work = Redactor(), Work()
    code = CodeFiles(Committed(index, [one.path for one in files]), redactor, work)
    code.ranked([FileOfBrief(place_of(index, one.path), one.score, one.reasons, one.blob, one.chunks) for one in files])
    return without_secrets(list(code.candidates()), code.order, redactor, None, work)


def lines_in_brief(candidates: Sequence[Candidate], order: CodeOrder, budget: int) -> dict[str, set[int]]:
    """Item -> the numbers of the lines that are shown of it."""
    fence = fence_for([])
    limit = int(budget * FILL * 100) - hundredths(preamble(fence))
    packed = pack(candidates, order, limit, lambda candidate: fenced(candidate, fence))
    return {share.candidate.id: {n for n, _ in shown_lines(share.candidate.text)} for share in packed.shares}


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

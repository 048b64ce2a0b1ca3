"""Could the second round find what the ranking missed: is the gold file in the outline that the specialist is shown?

    python bench/second_round.py --cases FILE --repositories DIR [--repository OWNER/NAME=PATH ...] [--limit N]
                                 [--state DIR]

Cases and repositories are those of bench/localise.py. It asks no model: it counts, for gold files that are not among
the first k of the ranking, those that the outline names (a folder's line with the file in it), and what the outline
takes. That is the most that a model which chooses well could bring back, not what one does.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
sys.path.append(str(Path(__file__).parent))

from deep_code_reasoning.code.index.code_index import CodeIndex, open_index
from deep_code_reasoning.code.ranking.query import Query
from deep_code_reasoning.code.ranking.rank import rank
from deep_code_reasoning.context.code_ranking import MOST_FILES
from deep_code_reasoning.context.tokens import count_tokens
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.specialists.second_round import OUTLINE_TOKENS
from deep_code_reasoning.specialists.tree_outline import tree_outline
from localise import in_time, locate

DEPTHS = (5, 10, MOST_FILES)


@dataclass(frozen=True)
class Gold:
    """`place` from 1, 0 where it is not ranked; `tokens` of the case's outline."""

    place: int
    is_named: bool
    tokens: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--repositories", type=Path)
    parser.add_argument("--repository", action="append", default=[], metavar="OWNER/NAME=PATH")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--state", type=Path)
    options = parser.parse_args()
    cases = [json.loads(line) for line in options.cases.read_text(encoding="utf-8").splitlines() if line.strip()]
    by_repository: defaultdict[str, list[dict]] = defaultdict(list)
    for case in cases[: options.limit]:
        by_repository[case["repository"]].append(case)
    found: list[Gold] = []
    with tempfile.TemporaryDirectory() as passing:
        settings = Settings(state_dir=options.state or Path(passing))
        for name, some in sorted(by_repository.items()):
            root = locate(name, options)
            for case in in_time(root, some):
                index = open_index(root, settings, Work(), revision=case["base"], name=name)
                found += measure(case, index)
                print(f"{case['id']}: {found[-1]}", file=sys.stderr)
    table(found)


def measure(case: dict, index: CodeIndex) -> Iterator[Gold]:
    title, _, text = case["problem"].partition("\n")
    ranked = [file.path for file in rank([index], Query(title, text), MOST_FILES)]
    outline = tree_outline({"tree": list(index.files)}, [f"tree/{path}" for path in ranked], OUTLINE_TOKENS)
    for path in case["gold"]:
        place = ranked.index(path) + 1 if path in ranked else 0
        yield Gold(place, is_named(path, outline), count_tokens(outline))


def is_named(path: str, outline: str) -> bool:
    folder, _, name = f"tree/{path}".rpartition("/")
    return any(line.startswith(f"{folder}/ ") and name in line.split(" ")[1:] for line in outline.splitlines())


def table(found: list[Gold]) -> None:
    print("| gold files | of them | in the outline |\n|---|---|---|")
    print(f"| all | {len(found)} | {sum(one.is_named for one in found)} |")
    for depth in DEPTHS:
        missed = [one for one in found if not 0 < one.place <= depth]
        print(f"| not among the first {depth} | {len(missed)} | {sum(one.is_named for one in missed)} |")
    if found:
        tokens = [one.tokens for one in found]
        print(f"\ntokens of the outline: median {statistics.median(tokens):,.0f}, at most {max(tokens):,}")


if __name__ == "__main__":
    main()

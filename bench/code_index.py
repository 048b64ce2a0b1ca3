"""How long indexing takes: cold, again with nothing changed, after a change; then a query. In seconds and peak memory.

    python bench/code_index.py --tree FOLDER --from GIT_DIR [GIT_DIR ...] [--files 120000]     makes the tree, once
    python bench/code_index.py --tree FOLDER [--json]                                         measures

The tree is made of the files of the repositories given, of their newest commit and of older ones, every 2,000 commits,
until there are enough; it is a git repository with one commit. Each step runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

EVERY = 2_000
QUESTION = (
    "Consumer group rebalance never finishes when a member leaves during the join phase",
    "After the deploy getUserById times out with ConnectionPoolTimeoutError: could not obtain a connection from pool. "
    "The scheduler retries, the queue grows and /api/v1/orders/{id} answers 503. The migration autodetector, the "
    "QuerySet filter and the serializer of model form fields were changed last week, see server/handler.go:120.",
)
STEPS = ("cold", "again", "one file changed", "query", "second query")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, required=True)
    parser.add_argument("--from", dest="sources", type=Path, nargs="*", default=[])
    parser.add_argument("--files", type=int, default=120_000)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.step:
        print(json.dumps(step(options.tree, options.state, options.step)))
    elif options.sources:
        make(options.tree, options.sources, options.files)
    else:
        measure(options)


def make(tree: Path, sources: list[Path], files: int) -> None:
    tree.mkdir(parents=True)
    for back in count(0, EVERY):
        for source in sources:
            revision = f"HEAD~{back}" if back else "HEAD"
            name = source.parent.name if source.name in ("repo", ".git") else source.name
            target = tree / f"{name}-{back}"
            target.mkdir()
            archive = subprocess.Popen(
                ["git", f"--git-dir={source}", "archive", revision], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            subprocess.run(
                ["tar", "-x", "-C", str(target)], stdin=archive.stdout, stderr=subprocess.DEVNULL, check=False
            )
            archive.wait()
            many = sum(1 for path in tree.rglob("*") if path.is_file())
            print(f"{target.name}: {many:,} files", file=sys.stderr)
            if many >= files:
                commit(tree)
                return


def commit(tree: Path) -> None:
    who = ("-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "gc.auto=0", "-c", "core.autocrlf=false")
    for arguments in (("init", "-q"), ("add", "-A", "-f"), (*who, "commit", "-q", "-m", "all")):
        subprocess.run(["git", *arguments], cwd=tree, check=True)


def measure(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(dir=options.state) as state:
        rows = {}
        for name in STEPS[:4]:
            arguments = [sys.executable, __file__, "--tree", str(options.tree), "--state", state, "--step", name]
            rows[name] = json.loads(subprocess.run(arguments, capture_output=True, text=True, check=True).stdout)
        rows["index on disk, MB"] = sum(p.stat().st_size for p in Path(state).rglob("*") if p.is_file()) / 1e6
    if options.json:
        print(json.dumps(rows))
        return
    for name, row in rows.items():
        print(name, row if not isinstance(row, dict) else "  ".join(f"{key} {value}" for key, value in row.items()))


def step(tree: Path, state: Path, name: str) -> dict[str, float]:
    from deep_code_reasoning.code.index.code_index import open_index
    from deep_code_reasoning.code.ranking.query import Query
    from deep_code_reasoning.code.ranking.rank import rank
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.settings import Settings

    if name == "one file changed":
        path = next(path for path in sorted(tree.iterdir()) if path.is_dir() and path.name != ".git") / "changed.py"
        path.write_text(f"def changed_at():\n    return {time.time_ns()}\n")
    start = time.perf_counter()
    index = open_index(tree, Settings(state_dir=state), Work())
    row = {"seconds": round(time.perf_counter() - start, 2)}
    if name == "query":
        for key in ("first query", "second query"):
            start = time.perf_counter()
            rank([index], Query(*QUESTION))
            row[key] = round(time.perf_counter() - start, 3)
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    row["CPU seconds"] = round(sum(one.ru_utime + one.ru_stime for one in (own, children)), 2)
    row["peak MB"] = round((own.ru_maxrss + children.ru_maxrss) / 1024)
    row["files"], row["MB"], row["left out"] = len(index), round(index.size / 1e6), len(index.left_out)
    return row


if __name__ == "__main__":
    main()

"""Log templates: lines a second on generated lines, and grouping accuracy on files with truth, beside drain3.

    python bench/log_templates.py [FOLDER] [--lines 1000000] [--drain-lines 20000] [--no-kernels]

FOLDER holds `<name>_structured.csv` files with the columns Content and EventId, as loghub has them; nothing of it comes
with this project. Grouping accuracy: the share of lines whose predicted group equals the true group exactly (Zhu et
al. 2019, "Tools and benchmarks for automated log parsing"). drain3 is measured if it can be imported; it slows down
as its clusters grow, so that `--drain-lines` should be as many as one has patience for.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import importlib.util
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

SYLLABLES = ["ba", "con", "der", "el", "fi", "gan", "hu", "in", "jo", "ker", "lo", "mi", "nu", "or", "pa", "re", "sta"]
NAMES = [a + b + "son" for a in SYLLABLES for b in SYLLABLES]
TEMPLATES = 1_000


def generated(lines: int) -> tuple[list[str], list[int]]:
    """Bodies of TEMPLATES sentences of 5 to 14 words and 1 to 4 values, and their sentences' numbers."""
    chance = random.Random(1)
    number = chance.randrange
    values: list[Callable[[], object]] = [
        lambda: number(10**9),
        lambda: f"10.{number(256)}.{number(256)}.7:{number(65536)}",
        lambda: f"{number(2**64):016x}",
        lambda: f"/srv/data/{number(10**6)}.bin",
        lambda: f"{number(10**5) / 10} ms",
        lambda: f"user={chance.choice(NAMES)}",
    ]
    words = [a + b for a in SYLLABLES for b in SYLLABLES]
    sentences = []
    for _ in range(TEMPLATES):
        sentence: list[str | Callable[[], object]] = [*chance.choices(words, k=chance.randint(5, 14))]
        for _ in range(chance.randint(1, 4)):
            sentence.insert(chance.randint(1, len(sentence)), chance.choice(values))
        sentences.append(sentence)
    true = [int(TEMPLATES * chance.random() ** 2) for _ in range(lines)]
    return [" ".join(w if isinstance(w, str) else str(w()) for w in sentences[n]) for n in true], true


def grouping_accuracy(predicted: Sequence[Hashable], true: Sequence[Hashable]) -> float:
    pairs, ours, theirs = Counter(zip(predicted, true, strict=True)), Counter(predicted), Counter(true)
    return sum(n for (p, t), n in pairs.items() if ours[p] == theirs[t] == n) / len(true)


def our_groups(bodies: list[str]) -> list[int]:
    """By the whole road: a segment is written, templates are derived, `logs` is read."""
    import pyarrow as pa

    from deep_code_reasoning.settings import Settings
    from deep_code_reasoning.store.derivation import derive
    from deep_code_reasoning.store.investigation_folder import InvestigationFolder
    from deep_code_reasoning.store.manifest import Manifest
    from deep_code_reasoning.store.tables import Tables
    from deep_code_reasoning.store.writer import SegmentWriter

    settings = Settings(threads=1, kernels=with_kernels[0])
    with tempfile.TemporaryDirectory() as scratch:
        folder = InvestigationFolder(Path(scratch) / "bench")
        folder.path.mkdir()
        manifest = Manifest(folder.name, segments=["segment-0001.duckdb"])
        manifest.replace(manifest.new_record("generated", "generated", 0, 0, "rows"))
        numbers = pa.array(range(len(bodies)), pa.int64())
        table = pa.table({"log_number": numbers, "body": pa.array(bodies, pa.string()), "source_offset": numbers})
        started = time.perf_counter()
        with SegmentWriter(folder.path / "segment-0001.duckdb", settings) as writer:
            for batch in table.to_batches(max_chunksize=65_536):
                writer.insert("logs", batch, source=0)
            writer.finish()
        written = time.perf_counter()
        derive(folder, manifest, settings)
        seconds.update(written=written - started, derived=time.perf_counter() - written)
        folder.publish(manifest)
        with Tables.open(folder, settings) as tables:
            return [row[0] for row in tables.rows("SELECT template_id FROM logs ORDER BY log_number")]


def drain_groups(bodies: list[str]) -> list[int]:
    miner = importlib.import_module("drain3").TemplateMiner()
    started = time.perf_counter()
    groups = [miner.add_log_message(body)["cluster_id"] for body in bodies]
    seconds.update(drain=time.perf_counter() - started)
    return groups


seconds: dict[str, float] = defaultdict(float)
with_kernels = [True]  # those compiled before, by `python -m deep_code_reasoning.kernels`


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--drain-lines", type=int, default=20_000)
    parser.add_argument("--no-kernels", action="store_true")
    arguments = parser.parse_args()
    with_kernels[0] = not arguments.no_kernels
    miners = {"ours": our_groups}
    if importlib.util.find_spec("drain3"):
        miners["drain3"] = drain_groups
    scores: dict[str, list[float]] = defaultdict(list)
    for file in sorted(arguments.folder.glob("*_structured.csv")) if arguments.folder else ():
        with file.open(encoding="utf-8", errors="replace", newline="") as text:
            rows = list(csv.DictReader(text))
        true = [row["EventId"] for row in rows]
        for name, groups in miners.items():
            scores[name].append(grouping_accuracy(groups([row["Content"] for row in rows]), true))
        print(f"{file.name.split('_')[0]:<12}", *(f"{name} {found[-1]:.3f}" for name, found in scores.items()))
    for name, found in scores.items():
        print(f"{name}: mean grouping accuracy {sum(found) / len(found):.4f} of {len(found)} sets")
    bodies, true = generated(arguments.lines)
    found = our_groups(bodies)
    total = seconds["written"] + seconds["derived"]
    print(f"ours: {len(bodies):,} lines, {sum(map(len, bodies)) / 1e6:.0f} MB,"
          f" {len(set(found))} templates for {len(set(true))},"
          f" accuracy {grouping_accuracy(found, true):.3f},"
          f" {total:.2f} s (insertion {seconds['written']:.2f}, derivation {seconds['derived']:.2f}),"
          f" {len(bodies) / total:,.0f} lines/s")  # fmt: skip
    if "drain3" in miners:
        lines = min(arguments.drain_lines, len(bodies))
        found = drain_groups(bodies[:lines])
        print(f"drain3: {lines:,} lines, {seconds['drain']:.2f} s, {lines / seconds['drain']:,.0f} lines/s,"
              f" {len(set(found))} clusters, accuracy {grouping_accuracy(found, true[:lines]):.3f}")  # fmt: skip


if __name__ == "__main__":
    main()

"""False alarms: how often evidence without an incident gets another verdict than "none".

    python bench/quiet.py [--seeds 30] [--size 6MB] [--noise 200]
    python bench/quiet.py --seeds 0 --real FOLDER... --quiet START/END [--quiet START/END]

Quiet evidence is the demo's shop without its fault: clocks right, no surge, no slow link, no deploys in the time shown,
no alert. Each seed is diagnosed without windows, with arbitrary windows (the second half against the first; a random
fifth against all before it), and as two exports with silence between (the middle left out). Of real evidence, the
times that are known to be quiet are halved. `--noise` is the onset search alone on autocorrelated counts. Intervals
are Wilson's, 95 %; what raised the alarms stands beside them.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from math import sqrt
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

if TYPE_CHECKING:
    from deep_code_reasoning.finding import Diagnosis
    from deep_code_reasoning.incident import TimeWindow
    from deep_code_reasoning.store.tables import Tables

NANOSECONDS = 1_000_000_000
MOMENT = re.compile(rb'imeUnixNano"\s*:\s*"?(\d{19})')
SIDES = 0.3
"""Of two exports each holds this share of the time; the rest between them is left out."""


def wilson(hits: int, tries: int, z: float = 1.959964) -> tuple[float, float]:
    """E. B. Wilson 1927."""
    share, weight = hits / tries, z * z / tries
    middle = (share + weight / 2) / (1 + weight)
    half = z * sqrt(share * (1 - share) / tries + weight / tries / 4) / (1 + weight)
    return max(0.0, middle - half), min(1.0, middle + half)


def quiet_shop(place: Path, seed: int, size_bytes: int) -> Path:
    """The shop as it is on a day without an incident; its surge lies behind the end of the evidence."""
    from deep_code_reasoning.demo.scenarios.lease_expiry import Parameters, play

    play(place, seed, size_bytes, parameters=Parameters(skew_ms=0.0, surge_share=10.0))
    (place / "alert.json").unlink()
    return place


def as_two_exports(place: Path) -> Path:
    """Leaves out the middle of the time, batch by batch; logs in files are left out altogether."""
    batches = {file: file.read_bytes().splitlines(keepends=True) for file in (place / "telemetry").iterdir()}
    moments = [int(found[1]) for lines in batches.values() for line in lines if (found := MOMENT.search(line))]
    first, last = min(moments), max(moments)
    kept = [(0, first + SIDES * (last - first)), (last - SIDES * (last - first), 2 * last)]
    for file, lines in batches.items():
        at = [(int(found[1]), line) for line in lines if (found := MOMENT.search(line))]
        file.write_bytes(b"".join(line for moment, line in at if any(a <= moment < b for a, b in kept)))
    for file in (place / "logs").rglob("*"):
        if file.is_file():
            file.unlink()
    return place


def opened(evidence: Path, state: Path) -> Tables:
    from deep_code_reasoning.investigation import Investigations
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.settings import load_settings
    from deep_code_reasoning.store.investigation_folder import folder_of
    from deep_code_reasoning.store.tables import Tables

    settings = load_settings(state.parent, {**os.environ, "DCR_STATE_DIR": str(state)})
    Investigations(settings).load([str(evidence)], work=Work())
    return Tables.open(folder_of(settings.state_dir, [str(evidence)], None), settings)


def diagnosed(evidence: Path, state: Path, windows: tuple[TimeWindow, TimeWindow] | None = None) -> Diagnosis:
    from deep_code_reasoning.diagnosis import diagnose
    from deep_code_reasoning.progress import Work

    baseline, incident = windows or (None, None)
    with opened(evidence, state) as tables:
        return diagnose(tables, investigation="quiet", baseline=baseline, incident=incident, work=Work())


def halves(window: TimeWindow) -> tuple[TimeWindow, TimeWindow]:
    from deep_code_reasoning.incident import TimeWindow

    middle = (window.start + window.end) // 2
    return TimeWindow(window.start, middle), TimeWindow(middle, window.end)


def random_fifth(window: TimeWindow, random: Random) -> tuple[TimeWindow, TimeWindow]:
    from deep_code_reasoning.incident import TimeWindow

    length = window.end - window.start
    start = window.start + int(length * random.uniform(0.3, 0.8))
    return TimeWindow(window.start, start), TimeWindow(start, start + length // 5)


def extent(evidence: Path, state: Path) -> TimeWindow:
    from deep_code_reasoning.incident import TimeWindow

    with opened(evidence, state) as tables:
        first, last = tables.rows("SELECT MIN(start_time_unix_nano), MAX(start_time_unix_nano) FROM spans")[0]
    return TimeWindow(first, last + 1)


def of_seed(seed: int, size_bytes: int, scratch: Path) -> Iterator[tuple[str, Diagnosis]]:
    state = scratch / f"state-{seed}"
    evidence = quiet_shop(scratch / f"shop-{seed}", seed, size_bytes)
    whole = extent(evidence, state)
    yield "no windows", diagnosed(evidence, state)
    yield "second half given", diagnosed(evidence, state, halves(whole))
    yield "a fifth given", diagnosed(evidence, state, random_fifth(whole, Random(seed)))
    exports = as_two_exports(quiet_shop(scratch / f"exports-{seed}", seed + 100_000, size_bytes))
    yield "two exports, no windows", diagnosed(exports, state)


def of_real(folders: list[Path], quiet: list[str], scratch: Path) -> Iterator[tuple[str, Diagnosis]]:
    from deep_code_reasoning.incident import TimeWindow

    for folder in folders:
        for text in quiet:
            window = TimeWindow.parse(text)
            known = extent(folder, scratch / "state")
            if known.start < window.end and window.start < known.end:
                yield "real, halves given", diagnosed(folder, scratch / "state", halves(window))


def source(diagnosis: Diagnosis) -> str:
    """The verdict and what the first suspect rests on most."""
    said = f"{diagnosis.verdict.kind} ({diagnosis.incident.origin})"
    if not diagnosis.suspects or not diagnosis.suspects[0].in_favour:
        return f"{said}: {diagnosis.incident.basis}" if diagnosis.incident.basis else said
    return f"{said}: {diagnosis.suspects[0].in_favour[0].finding.split('-')[0]}"


def noise_alarms(correlation: float, days: int) -> int:
    """Of days of 60 buckets of 40, 5 % bad on average, the log odds an AR(1) process of standard deviation 0.6."""
    import numpy as np

    from deep_code_reasoning.diagnosis.onset import Series, find_change, significant

    alarms = 0
    for day in range(days):
        random = np.random.default_rng(day)
        drift = [random.normal()]
        for _ in range(59):
            drift.append(correlation * drift[-1] + sqrt(1 - correlation**2) * random.normal())
        rate = 1 / (1 + 19 * np.exp(-0.6 * np.array(drift)))
        bad, total = random.binomial(40, rate), np.full(60, 40)
        change = find_change(Series("entries: errors", np.arange(61) * NANOSECONDS, bad, total))
        alarms += bool(change and significant([change]))
    return alarms


def told(name: str, alarms: int, tries: int, sources: Counter[str] | None = None) -> None:
    low, high = wilson(alarms, tries)
    what = "; ".join(f"{count} x {text}" for text, count in (sources or Counter()).most_common(4))
    print(f"{name:28} {alarms:4} of {tries:4}  {alarms / tries:6.1%}  [{low:.1%}, {high:.1%}]  {what}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--size", default="6MB")
    parser.add_argument("--noise", type=int, default=0)
    parser.add_argument("--real", type=Path, nargs="*", default=[])
    parser.add_argument("--quiet", action="append", default=[])
    options = parser.parse_args()
    from deep_code_reasoning.cli.demo import parse_size

    tries: Counter[str] = Counter()
    sources: dict[str, Counter[str]] = defaultdict(Counter)
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        runs = [of_seed(seed, parse_size(options.size), place) for seed in range(options.seeds)]
        for run in (*runs, of_real(options.real, options.quiet, place)):
            for name, diagnosis in run:
                tries[name] += 1
                if diagnosis.verdict.kind != "none":
                    sources[name][source(diagnosis)] += 1
    for name, count in tries.items():
        told(name, sources[name].total(), count, sources[name])
    for correlation in (0.0, 0.3, 0.5, 0.7, 0.9) if options.noise else ():
        told(f"AR(1) noise, {correlation:.1f}", noise_alarms(correlation, options.noise), options.noise)


if __name__ == "__main__":
    main()

"""How often the service to blame is named first: by fault kind, beside counting alerts, and with signals missing.

    python bench/diagnosis.py --data DIR --truth truth.json [--jobs 2] [--limit N] [--no-ablations]

What a set is: scored_incidents.py. AS@k: the share of the incidents whose service is among the first k distinct
services of the suspects. Alert counting (alert_counting.sql) reads the same store and ranks services by how many
alarms they sound; it needs both windows. It knows neither a threshold nor an alert of the system: published figures of
counting alerts rest on rules that people had set. Ablations give the same incidents with some of the files alone or
without them (`traces*`, `logs*`, `metrics*`), and without the windows. Seconds are whole processes with nothing loaded
before; --jobs makes them longer.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from scored_incidents import SOURCES, Answered, Incident, investigate, over, read_set

sys.path.insert(0, str(SOURCES))
SIGNALS = ("traces", "logs", "metrics")


def diagnosed(incident: Incident) -> tuple[Answered, Answered | None]:
    """What dcr says of all the evidence, and what counting alerts does."""
    with tempfile.TemporaryDirectory(prefix="dcr-bench-") as state:
        answered = investigate(incident, [incident.folder], Path(state))
        services = loudest(answered, Path(state)) if answered.investigation and len(incident.windows) == 4 else None
    return answered, replace(answered, services=services, verdict={}) if services is not None else None


def loudest(answered: Answered, state: Path) -> tuple[str, ...]:
    from deep_code_reasoning.incident import TimeWindow
    from deep_code_reasoning.settings import Settings
    from deep_code_reasoning.store.investigation_folder import folder_of
    from deep_code_reasoning.store.tables import Tables

    _, baseline, _, incident = answered.incident.windows
    before, after = TimeWindow.parse(baseline), TimeWindow.parse(incident)
    with Tables.open(folder_of(state, (), answered.investigation), Settings(state_dir=state)) as tables:
        rows = tables.rows(
            Path(__file__).with_name("alert_counting.sql").read_text(encoding="utf-8"),
            baseline_start=before.start,
            baseline_end=before.end,
            incident_start=after.start,
            incident_end=after.end,
        )
    return tuple(service for (service,) in rows)


def ablated(incident: Incident, only: str = "", without: str = "", windows: bool = True) -> Answered | None:
    """From the files whose names begin with `only` and not with `without`; None where there are none."""
    files = [path for path in incident.files() if path.name.startswith(only)]
    files = [path for path in files if not (without and path.name.startswith(without))]
    if not files:
        return None
    with tempfile.TemporaryDirectory(prefix="dcr-bench-") as state:
        return investigate(incident, files, Path(state), windows=windows)


def at(k: int, answers: Sequence[Answered]) -> str:
    return f"{sum(a.rank is not None and a.rank <= k for a in answers) / len(answers):.3f}"


def row(*cells: object) -> None:
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def table(*header: str) -> None:
    print()
    row(*header)
    row(*("---" if place == 0 else "--:" for place in range(len(header))))


def by_fault(answers: list[Answered], counted: list[Answered]) -> None:
    kinds: dict[str, list[str]] = defaultdict(list)
    for answer in answers:
        kinds[answer.incident.fault].append(answer.incident.name)
    table("fault", "incidents", "AS@1", "AS@3", "AS@5", "alerts AS@1", "alerts AS@3", "alerts AS@5")
    for kind, names in [*sorted(kinds.items()), ("all", [answer.incident.name for answer in answers])]:
        cells = [kind, len(names)]
        for found in (answers, counted):
            chosen = [answer for answer in found if answer.incident.name in names]
            cells += [at(k, chosen) if chosen else "-" for k in (1, 3, 5)]
        row(*cells)
    seconds = [answer.seconds for answer in answers]
    print(f"\nseconds an incident: median {statistics.median(seconds):.1f}, largest {max(seconds):.1f}", flush=True)


def ablation_row(name: str, answers: Sequence[Answered]) -> None:
    if not answers:
        return
    unknown = sum(answer.verdict.get("kind") in ("unknown", "none") for answer in answers)
    confidence = statistics.mean(answer.confidence for answer in answers)
    seconds = statistics.median(answer.seconds for answer in answers)
    scores = [at(k, answers) for k in (1, 3, 5)]
    row(name, len(answers), *scores, f"{unknown / len(answers):.2f}", f"{confidence:.2f}", f"{seconds:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path, help="the folder of the incidents")
    parser.add_argument("--truth", required=True, type=Path, help="their causes, as JSON")
    parser.add_argument("--limit", type=int, help="only the first so many")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--no-ablations", action="store_true")
    given = parser.parse_args()
    incidents = read_set(given.data, given.truth, given.limit)
    both = list(over(incidents, diagnosed, given.jobs))
    answers, counted = [answer for answer, _ in both], [count for _, count in both if count]
    for answer in answers:
        said = answer.problem or f"{answer.verdict['kind']} {answer.verdict['service']} {answer.confidence:.2f}"
        print(f"{answer.incident.name} {answer.incident.fault}: {answer.incident.service} rank {answer.rank}, {said}")
    by_fault(answers, counted)
    if given.no_ablations:
        return
    table("evidence", "incidents", "AS@1", "AS@3", "AS@5", "unknown or none", "mean confidence", "median s")
    ablation_row("all", answers)
    runs = {
        **{f"{signal} only": partial(ablated, only=signal) for signal in SIGNALS},
        **{f"without {signal}": partial(ablated, without=signal) for signal in SIGNALS},
        "without windows": partial(ablated, windows=False),
    }
    for name, run in runs.items():
        ablation_row(name, [answer for answer in over(incidents, run, given.jobs) if answer])


if __name__ == "__main__":
    main()

"""`dcr demo`: plays an incident in a simulated shop, then does what a user would do."""

from __future__ import annotations

import shlex
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from deep_code_reasoning.cli.evidence import JsonOption
from deep_code_reasoning.cli.output import console
from deep_code_reasoning.cli.terminal import working
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.progress import Progress

UNITS = {"": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9}


def demo(
    scenario: Annotated[str, typer.Argument(help="Which incident to play; `list` shows them.")] = "lease-expiry",
    size: Annotated[str, typer.Option(help="How much telemetry to write, as 10MB or 2GB.")] = "10MB",
    seed: Annotated[int, typer.Option(help="The same seed and size give the same bytes.")] = 7,
    directory: Annotated[Path | None, typer.Option("--dir", help="Where to write the evidence; it is kept.")] = None,
    only_generate: Annotated[bool, typer.Option("--only-generate", help="Write the evidence and stop.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Generate an incident of a shop of ten services, then investigate it."""
    from deep_code_reasoning.demo import SCENARIOS, generate

    if scenario == "list":
        for name, line in SCENARIOS.items():
            print(f"{name:16} {line}")
        return 0
    if scenario not in SCENARIOS:
        raise UsageError(f"demo: no scenario {scenario!r}; there are {', '.join(SCENARIOS)}")
    place = _empty_directory(directory, scenario)
    started = time.monotonic()
    with working(quiet=as_json) as work:

        def progress(fraction: float) -> None:
            work.report(Progress("generate", round(fraction * 100), 100, "%"))

        generate(scenario, place, seed=seed, size_bytes=parse_size(size), progress=progress)
    if not as_json:
        seconds = time.monotonic() - started
        written = sum(f.stat().st_size for f in place.rglob("*") if f.is_file() and ".git" not in f.parts)
        console().print(
            f"{SCENARIOS[scenario]}\nplayed in {seconds:.1f} s, {written / 1e6:.0f} MB of evidence in {place}",
            markup=False,
        )
        console().print(f"\n$ dcr investigate {shlex.quote(str(place))}\n", style="bold", markup=False)
    if only_generate:
        return 0
    from deep_code_reasoning.cli.investigate import investigate

    return investigate([str(place)], no_model=True, as_json=as_json)


def parse_size(text: str) -> int:
    """Bytes of `500MB`, `2 GB`, `10_000_000`. Raises UsageError."""
    compact = text.strip().lower().replace("_", "").replace(" ", "")
    digits = compact.rstrip("kmgb")
    try:
        return int(float(digits) * UNITS[compact[len(digits) :]])
    except (ValueError, KeyError):
        raise UsageError(f"size {text!r}: expected a number with kB, MB or GB, as 500MB") from None


def _empty_directory(directory: Path | None, scenario: str) -> Path:
    if directory is None:
        return Path(tempfile.mkdtemp(prefix=f"dcr-{scenario}-"))
    if directory.exists() and any(directory.iterdir()):
        raise UsageError(f"{directory}: not empty; give a new or an empty folder for the evidence")
    directory.mkdir(parents=True, exist_ok=True)
    return directory

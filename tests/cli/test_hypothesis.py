"""`dcr hypothesis` and `dcr tournament` on the simulated shop."""

from __future__ import annotations

import json

from cli.conftest import Dcr, Shop


def test_a_hypothesis_with_and_without_evidence_named(dcr: Dcr, shop: Shop) -> None:
    run = dcr("hypothesis", "GC pauses in inventory make payments fail", shop.evidence, "--no-model", "--json")
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert told["verdict"] == "refuted"
    assert told["nothing_was_run"] is True
    run = dcr("hypothesis", f"the clock of {shop.truth.culprit_host} is behind", "--no-model")
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("Supported (probability ")
    assert "Nothing was run" in run.stdout
    assert "  + TIME001" in run.stdout


def test_a_tournament(dcr: Dcr, shop: Shop) -> None:
    beliefs = ("--hypothesis", "GC pauses", "--hypothesis", "sunspots")
    run = dcr("tournament", "payments fail", shop.evidence, "--no-model", *beliefs)
    assert run.returncode == 0, run.stderr
    first, *_ = [line for line in run.stdout.splitlines() if line.startswith("1. ")]
    assert shop.truth.culprit_host in first
    assert "not tested, since it names no pattern: sunspots" in run.stdout
    assert "round 1: " in run.stdout


def test_usage(dcr: Dcr, shop: Shop) -> None:
    run = dcr("hypothesis", "x", "--model", "m", "--no-model")
    assert (run.returncode, "exclude each other" in run.stderr) == (2, True)
    run = dcr("tournament", "x", shop.evidence, "--max-rounds", "9")
    assert run.returncode == 2
    run = dcr("hypothesis", " ", shop.evidence, "--no-model")
    assert (run.returncode, run.stdout) == (2, "")

"""`dcr flame` on the simulated shop: the tree, its JSON and its folded stacks, which our own reader takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Dcr, Shop


@pytest.fixture(scope="module")
def flame(dcr: Dcr, shop: Shop) -> dict[str, Any]:
    run = dcr("flame", shop.evidence, "--json")
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_the_parts_add_up_to_the_change_of_the_mean(flame: dict[str, Any]) -> None:
    assert all(flame["requests"].values())
    for name in ("mean", "tail_95", "tail_99", "work"):
        split = flame["change"][name]
        parts = split["entry_mix_ms"] + split["variant_mix_ms"] + split["calls_ms"] + split["self_time_ms"]
        assert parts == pytest.approx(split["after_ms"] - split["before_ms"], rel=1e-9), name


def test_the_critical_path_of_an_entry_adds_up_and_its_shares_to_one(flame: dict[str, Any]) -> None:
    root: dict[int, int] = {}
    shares: dict[tuple[int, str], float] = {}
    for row in flame["nodes"]:
        root[row["node"]] = row["node"] if row["parent"] is None else root[row["parent"]]
        for window in ("baseline", "incident"):
            key = (root[row["node"]], window)
            shares[key] = shares.get(key, 0) + row[window]["critical_path_share"]
    assert [share for share in shares.values() if share] == pytest.approx(
        [1] * sum(map(bool, shares.values())), abs=1e-4
    )


def test_investigate_says_the_same_in_few_words(dcr: Dcr, shop: Shop, flame: dict[str, Any]) -> None:
    told = json.loads(dcr("investigate", shop.evidence, "--no-model", "--json").stdout)["differential"]
    assert told["mean"]["after_ms"] == pytest.approx(flame["change"]["mean"]["after_ms"], abs=1e-5)
    assert len(json.dumps(told)) < 10_000
    largest = sorted((row["change"]["overall_ms"] for row in flame["nodes"]), key=abs)[-1]
    assert told["contexts"][0]["overall_ms"] == largest
    shown = sum(context["overall_ms"] for context in told["contexts"]) + told["other_contexts_ms"]
    assert shown == pytest.approx(sum(row["change"]["overall_ms"] for row in flame["nodes"]), abs=1e-3)
    text = dcr("investigate", shop.evidence, "--no-model").stdout
    block = text.split("What changed the duration of requests")[1].split("\n\n")[0]
    assert f"{largest:+,.1f} ms  {told['contexts'][0]['service']}" in block


def test_the_tree_is_printed_larger_first(dcr: Dcr, shop: Shop) -> None:
    dcr("load", shop.evidence)
    header, *lines = dcr("flame").stdout.split("\n\n")[0].splitlines()
    column = header.index("operation, with what it calls")
    entries = [line for line in lines if line[column] != " "]
    assert len(lines) > len(entries)
    assert lines[0] == entries[0]
    assert lines[0][column:].strip() == "gateway POST /api/checkout"  # a payment waits longest


def test_folded_stacks_are_read_again(dcr: Dcr, shop: Shop, tmp_path: Path, flame: dict[str, Any]) -> None:
    dcr("load", shop.evidence)
    for line in dcr("flame", "--folded", "difference").stdout.splitlines():
        stack, before, after = line.rsplit(" ", 2)
        assert stack and int(before) >= 0 and int(after) >= 0 and int(before) + int(after) > 0
    written = dcr("flame", "--folded", "incident").stdout
    (tmp_path / "incident.folded").write_text(written, encoding="utf-8")
    dcr("load", tmp_path / "incident.folded", DCR_STATE_DIR=str(tmp_path / "state"))
    sql = "SELECT count(*) AS n, sum(value) / 1e6 AS ms FROM profiles"
    rows = json.loads(dcr("query", sql, "--json", DCR_STATE_DIR=str(tmp_path / "state")).stdout)["rows"]
    assert rows[0][0] == len(written.splitlines())
    assert rows[0][1] == pytest.approx(flame["change"]["mean"]["after_ms"], rel=1e-5)


def test_one_window_is_one_tree(dcr: Dcr, shop: Shop, tmp_path: Path) -> None:
    first = next(shop.evidence.glob("telemetry/traces*.jsonl"))
    short = tmp_path / "traces.jsonl"
    short.write_text("".join(first.read_text().splitlines(keepends=True)[:40]))
    only = {"DCR_STATE_DIR": str(tmp_path / "state")}
    told = json.loads(dcr("flame", short, "--json", **only).stdout)
    assert told["change"] is None
    assert told["nodes"] and all("baseline" not in row and "change" not in row for row in told["nodes"])
    assert dcr("flame", "--folded", "incident", **only).stdout
    refused = dcr("flame", "--folded", "difference", **only)
    assert refused.returncode == 2
    assert "no baseline" in refused.stderr


def test_two_outputs_at_once_are_refused(dcr: Dcr) -> None:
    assert dcr("flame", "--json", "--folded", "incident").returncode == 2

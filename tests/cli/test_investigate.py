"""`dcr investigate` on the simulated shop: does it find what was played?"""

from __future__ import annotations

import json
from typing import Any

import pytest

from cli.conftest import Dcr, Shop


@pytest.fixture(scope="module")
def answer(dcr: Dcr, shop: Shop) -> dict[str, Any]:
    run = dcr("investigate", shop.evidence, "--no-model", "--json")
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def finding(answer: dict[str, Any], code: str) -> dict[str, Any]:
    return next(f for f in answer["findings"] if f["code"] == code)


def test_it_names_the_client_that_renews_late(answer: dict[str, Any], shop: Shop) -> None:
    first = answer["suspects"][0]
    assert first["service"] == answer["verdict"]["service"] == shop.truth.culprit_service
    assert first["location"]["file"].endswith("LeaseKeeper.java")
    assert shop.truth.culprit_host in first["summary"]
    assert answer["verdict"]["commit"] is None  # two innocent deploys shortly before
    assert answer["verdict"]["confidence"] > 0.5


def test_the_skew_is_the_true_one_within_its_error(answer: dict[str, Any], shop: Shop) -> None:
    numbers = finding(answer, "LOCK001")["numbers"]
    offset, error = numbers["offset_ms"], numbers["error_ms"]
    assert abs(abs(offset) - shop.truth.skew_ms) <= error + 0.001 * shop.truth.skew_ms + 3  # the hosts drift meanwhile
    assert error < 5


def test_ttl_and_margin_are_the_ones_of_the_code(answer: dict[str, Any], shop: Shop) -> None:
    numbers = finding(answer, "LOCK001")["numbers"]
    assert numbers["ttl_ms"] == shop.truth.ttl_ms
    assert numbers["renew_margin_ms"] == pytest.approx(shop.truth.margin_ms, abs=1)


def test_overlapping_holders_are_named_by_spans_that_exist(answer: dict[str, Any], shop: Shop) -> None:
    found = {e["ref"] for e in finding(answer, "LOCK001")["evidence"]}
    played = {
        f"span:{holder.trace_id}/{holder.span_id}"
        for overlap in shop.truth.overlaps
        for holder in (overlap.late, overlap.other)
    }
    assert len(found & played) >= 2


def test_every_overlap_that_was_played_is_counted_and_none_remains_without_the_skew(
    answer: dict[str, Any], shop: Shop
) -> None:
    numbers = finding(answer, "LOCK001")["numbers"]
    assert numbers["overlaps"] == len(shop.truth.overlaps)
    assert numbers["overlaps_without_skew"] == 0


def test_the_onset_interval_holds_the_true_onset(answer: dict[str, Any], shop: Shop) -> None:
    low, high = answer["verdict"]["onset"]
    assert low <= f"{shop.truth.onset_at:%Y-%m-%dT%H:%M:%S}" <= high


def test_what_was_not_read_is_shown_with_its_place(answer: dict[str, Any], shop: Shop) -> None:
    assert any(shop.truth.truncated_file in unread["place"] for unread in answer["unread"])


def test_the_decoys_are_ruled_out_with_counts(answer: dict[str, Any]) -> None:
    codes = {ruled["finding"].split("-")[0] for ruled in answer["ruled_out"]}
    assert {"RUN001", "LAT002", "RETRY001"} <= codes
    assert all(any(digit in ruled["reason"] for digit in "0123456789") for ruled in answer["ruled_out"])


def test_the_text_says_the_same_and_every_reference_in_it_opens(dcr: Dcr, shop: Shop, answer: dict[str, Any]) -> None:
    run = dcr("investigate", shop.evidence, "--no-model")
    assert run.returncode == 0, run.stderr
    for heading in ("What happened", "Ranked suspects", "Ruled out", "Evidence", "What to do", "Not read"):
        assert heading in run.stdout
    references = {e["ref"] for f in answer["findings"][:6] for e in f["evidence"][:1]}
    assert references
    for ref in references:
        shown = dcr("show", ref)
        assert shown.returncode == 0, f"{ref}: {shown.stderr}"
        assert shown.stdout.strip()


def test_the_same_evidence_gives_the_same_answer(dcr: Dcr, shop: Shop, answer: dict[str, Any]) -> None:
    again = json.loads(dcr("investigate", shop.evidence, "--no-model", "--json").stdout)
    for part in ("verdict", "suspects", "changes", "findings", "unread"):
        assert again[part] == answer[part]


def test_a_named_model_without_a_key_fails_with_4_and_the_local_answer_stands(dcr: Dcr, shop: Shop) -> None:
    run = dcr("investigate", shop.evidence, "--model", "google:gemini-x", "--json")
    assert run.returncode == 4
    assert "GEMINI_API_KEY" in run.stderr
    assert json.loads(run.stdout)["verdict"]["service"] == shop.truth.culprit_service

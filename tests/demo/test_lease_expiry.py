"""The scenario is simulated, not painted on: its physics holds, and without the skew nothing happens."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime

from demo.evidence_reader import SIZE, Incident, spans

CONSUMER = 5


def roots(incident: Incident) -> list[tuple[str, str, str]]:
    return sorted(
        (span["traceId"], span["startTimeUnixNano"], span["name"])
        for _, span, _ in spans(incident[0])
        if not span["parentSpanId"]
    )


def test_payments_begin_to_fail_at_the_onset(incident: Incident) -> None:
    truth = incident[1]
    assert len(truth.overlaps) >= 20
    assert truth.failure_rate_before < 0.005
    assert truth.failure_rate_after > 0.08
    assert truth.onset_at is not None
    assert truth.surge_at <= truth.onset_at <= truth.alert_at < truth.ended_at


def test_every_overlap_has_the_skewed_host_as_the_late_renewer(incident: Incident) -> None:
    truth = incident[1]
    assert {overlap.late.host for overlap in truth.overlaps} == {truth.culprit_host}
    assert {overlap.late.service for overlap in truth.overlaps} == {"payment"}
    assert truth.late_renewals >= len({overlap.late.lease_id for overlap in truth.overlaps})


def test_the_victims_are_on_any_host(incident: Incident) -> None:
    assert len({overlap.other.host for overlap in incident[1].overlaps}) == 3


def test_late_renewals_reach_the_lock_service_about_50_ms_after_the_expiry(incident: Incident) -> None:
    directory, truth = incident
    expiries: dict[int, int] = {}
    late: list[float] = []
    events = sorted(
        (
            (int(span["startTimeUnixNano"]), span["name"].rsplit("/")[-1], attributes)
            for resource, span, attributes in spans(directory)
            if resource["service.name"] == "lock"
        ),
        key=lambda event: event[0],
    )
    for _, name, attributes in events:
        if name == "Acquire" and attributes["lock.outcome"] == "granted":
            expiries[attributes["lock.lease.id"]] = attributes["lock.lease.expires_at_unix_ms"]
    for start_ns, name, attributes in events:
        if name == "Renew" and attributes["lock.outcome"] == "expired":
            late.append(start_ns / 1e6 - expiries[attributes["lock.lease.id"]])
        elif name == "Renew":
            expiries[attributes["lock.lease.id"]] = attributes["lock.lease.expires_at_unix_ms"]
    assert len(late) == truth.late_renewals
    assert all(45 < milliseconds < 60 for milliseconds in late)


def test_overlaps_are_in_the_spans_once_the_clocks_are_corrected(incident: Incident) -> None:
    """An oracle of its own: intersect the hold spans of each key in true time."""
    directory, truth = incident
    holds: dict[str, list[tuple[float, float, str]]] = {}
    for resource, span, attributes in spans(directory):
        if span["name"] == "SettlementService.settle":
            clock = truth.host(resource["host.name"]).clock
            interval = (
                clock.true_s(int(span["startTimeUnixNano"])),
                clock.true_s(int(span["endTimeUnixNano"])),
            )
            holds.setdefault(attributes["lock.key"], []).append((*interval, span["spanId"]))
    found = {
        frozenset((one[2], other[2]))
        for intervals in holds.values()
        for one in intervals
        for other in intervals
        if one[0] < other[0] < one[1]
    }
    assert found == {frozenset((overlap.late.span_id, overlap.other.span_id)) for overlap in truth.overlaps}


def test_causes_come_before_effects_in_true_time(incident: Incident) -> None:
    directory, truth = incident
    times: dict[str, tuple[float, float, str, str]] = {}
    parents: list[tuple[str, str, int]] = []
    for resource, span, _ in spans(directory):
        clock = truth.host(resource["host.name"]).clock
        start, end = clock.true_s(int(span["startTimeUnixNano"])), clock.true_s(int(span["endTimeUnixNano"]))
        times[span["spanId"]] = (start, end, resource["service.name"], resource["host.name"])
        if span["parentSpanId"]:
            parents.append((span["spanId"], span["parentSpanId"], span["kind"]))
    checked = 0
    for child, parent, kind in parents:
        if parent not in times:
            continue  # the run ended before the parent did
        (start, end, _, _), (parent_start, parent_end, _, _) = times[child], times[parent]
        assert start >= parent_start - 1e-8
        if kind == CONSUMER:
            assert start >= parent_end - 1e-8
        else:
            assert end <= parent_end + 0.02
        checked += 1
    assert checked > 0.98 * len(parents)


def test_span_ids_are_unique(incident: Incident) -> None:
    ids = Counter(span["spanId"] for _, span, _ in spans(incident[0]))
    assert ids.most_common(1)[0][1] == 1


def test_without_the_skew_the_same_run_has_no_overlap(incident: Incident, without_skew: Incident) -> None:
    truth, counterfactual = incident[1], without_skew[1]
    assert counterfactual.overlaps == ()
    assert counterfactual.late_renewals == 0
    assert counterfactual.failure_rate_after < 0.01
    assert counterfactual.onset_at is None
    assert roots(incident) == roots(without_skew)
    assert counterfactual.heads == truth.heads
    assert counterfactual.deployed == truth.deployed
    gc, same_gc = (which.decoys[0].intervals_s for which in (truth, counterfactual))
    assert len(gc) == len(same_gc)
    changed = {one.name for one, other in zip(truth.hosts, counterfactual.hosts, strict=True) if one != other}
    assert changed == {truth.culprit_host}
    assert (incident[0] / "deploys.json").read_bytes() == (without_skew[0] / "deploys.json").read_bytes()


def test_the_decoys_are_there(incident: Incident) -> None:
    truth = incident[1]
    assert truth.onset_at is not None
    onset_s = (truth.onset_at - truth.started_at).total_seconds()
    decoys = {decoy.kind: decoy for decoy in truth.decoys}
    pauses = decoys["gc-pause"].intervals_s
    assert any(end < onset_s for _, end in pauses)
    assert any(start > onset_s for start, _ in pauses)
    longest = max(
        int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])
        for resource, span, _ in spans(incident[0])
        if resource["service.name"] == "inventory"
    )
    assert longest > 600_000_000


def test_the_link_to_the_catalog_is_slow_around_the_onset(incident: Incident) -> None:
    directory, truth = incident
    slow = next(decoy for decoy in truth.decoys if decoy.kind == "slow-network").intervals_s[0]
    durations: dict[str, tuple[float, float]] = {}
    children: dict[str, float] = {}
    for resource, span, attributes in spans(directory):
        clock = truth.host(resource["host.name"]).clock
        start, end = clock.true_s(int(span["startTimeUnixNano"])), clock.true_s(int(span["endTimeUnixNano"]))
        if attributes.get("server.address") == "catalog":
            durations[span["spanId"]] = (start, end - start)
        elif resource["service.name"] == "catalog" and span["kind"] == 2:
            children[span["parentSpanId"]] = end - start
    network = [(start, length - children[span]) for span, (start, length) in durations.items() if span in children]
    inside = [extra for start, extra in network if slow[0] <= start and start + extra < slow[1] - 1]
    outside = [extra for start, extra in network if start < slow[0] - 1 or start > slow[1]]
    assert min(inside) > 0.04 > 0.02 > max(outside)


def test_the_alert_and_the_deploys_read_as_their_formats_say(incident: Incident) -> None:
    directory, truth = incident
    alert = json.loads((directory / "alert.json").read_text())
    assert datetime.fromisoformat(alert["fired_at"]) == truth.alert_at
    assert alert["service"] == "payment"
    assert alert["observed"] > alert["threshold"]
    events = json.loads((directory / "deploys.json").read_text())
    stamps = [event["context"]["timestamp"] for event in events]
    assert stamps == sorted(stamps)
    last = {event["customData"]["service"]: event["customData"]["commit_sha"] for event in events}
    assert last == truth.deployed


def test_the_telemetry_has_the_size_asked_for(incident: Incident) -> None:
    directory, truth = incident
    written = sum(path.stat().st_size for path in (directory / "telemetry").iterdir())
    assert abs(written - SIZE) < 0.1 * SIZE
    assert truth.telemetry_bytes == written

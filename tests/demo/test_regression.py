"""The week is simulated, not painted on: one commit's loop makes it slow, and what looks guilty is not."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median

import pytest
import tree_sitter
import tree_sitter_java

from deep_code_reasoning.demo.scenarios import regression
from demo.evidence_reader import WEEK_SIZE, Regression, answered, attributes, metrics, spans

RESTRICTIONS = "GET /products/{product_id}/restrictions"


def git(directory: Path, repository: str, *arguments: str) -> str:
    place = directory / "repositories" / repository
    done = subprocess.run(["git", "-C", str(place), *arguments], capture_output=True, check=True, text=True)
    return done.stdout


def checkouts(directory: Path) -> list[tuple[float, str, int, int, float]]:
    """(start, version of the order service, lines of the cart, calls a line made, seconds) of traced ones."""
    orders: dict[str, tuple[float, str, int, float]] = {}
    asked: Counter[str] = Counter()
    for resource, span, told in spans(directory):
        start_ns, end_ns = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
        if span["name"] == "POST /orders":
            length = (end_ns - start_ns) / 1e9
            orders[span["traceId"]] = (start_ns / 1e9, resource["service.version"], told["app.cart.lines"], length)
        elif span["name"] == RESTRICTIONS:
            asked[span["traceId"]] += 1
    return [(at, version, lines, asked[trace], length) for trace, (at, version, lines, length) in orders.items()]


def seconds(truth_at: datetime | None) -> float:
    assert truth_at is not None
    return truth_at.timestamp()


def test_ten_repositories_have_two_hundred_commits(week: Regression) -> None:
    names = sorted(path.name for path in (week[0] / "repositories").iterdir())
    assert len(names) == 10
    assert sum(int(git(week[0], name, "rev-list", "--count", "--all")) for name in names) == 200
    authors = {line for name in names for line in git(week[0], name, "log", "--format=%an").splitlines()}
    assert len(authors) >= 5
    suffixes = {Path(path).suffix for name in names for path in git(week[0], name, "ls-files").splitlines()}
    assert {".java", ".py", ".ts", ".go", ".sql", ".kts", ".md"} <= suffixes


def nodes(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    yield node
    for child in node.children:
        yield from nodes(child)


def test_the_guilty_commit_adds_a_call_in_a_loop_that_parses(week: Regression) -> None:
    directory, truth = week
    assert truth.culprit_commit is not None
    code = truth.culprit_code[0]
    source = git(directory, truth.culprit_repository, "show", f"{truth.culprit_commit}:{code.path}")
    tree = tree_sitter.Parser(tree_sitter.Language(tree_sitter_java.language())).parse(source.encode())
    assert not tree.root_node.has_error
    loops = [node for node in nodes(tree.root_node) if node.type == "enhanced_for_statement"]
    calls = [call for loop in loops for call in nodes(loop) if call.type == "method_invocation"]
    in_loop = {(call.start_point.row + 1, (call.text or b"").split(b"(")[0]) for call in calls}
    assert (code.line, b"catalog.restrictions") in in_loop
    added = git(directory, truth.culprit_repository, "show", "--format=", "-U0", truth.culprit_commit)
    assert f"+            List<Restriction> restrictions = {regression.LOOP_CALL}" in added
    assert not re.search(r"^-[^-]", added, re.MULTILINE)


def test_every_java_file_of_the_library_and_of_the_order_service_parses(week: Regression) -> None:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_java.language()))
    for name in ("shop-validation", "order"):
        for commit in git(week[0], name, "rev-list", "HEAD").split():
            for path in git(week[0], name, "ls-tree", "-r", "--name-only", commit).splitlines():
                if path.endswith(".java"):
                    source = git(week[0], name, "show", f"{commit}:{path}")
                    assert not parser.parse(source.encode()).root_node.has_error, (name, commit, path)


def test_the_order_service_takes_the_library_along_by_a_bump(week: Regression) -> None:
    directory, truth = week
    assert truth.culprit_commit is not None
    tags = git(directory, truth.culprit_repository, "tag", "--contains", truth.culprit_commit).split()
    assert tags == ["v2.8.0"]
    bump = git(directory, "order", "show", "--format=%s", "-U0", truth.bump_commit)
    assert bump.startswith("Bump shop-validation from 2.7.1 to 2.8.0")
    changed = [line for line in bump.splitlines() if re.match(r"[+-][^+-]", line)]
    assert len(changed) == 2
    live = git(directory, "order", "show", f"{truth.deployed['order']}:build.gradle.kts")
    assert "shop-validation:2.8.0" in live


@pytest.fixture(params=[1, 2, 7])
def some_week(request: pytest.FixtureRequest, tmp_path: Path, week: Regression) -> Regression:
    return week if request.param == 7 else (tmp_path, regression.play(tmp_path, request.param, WEEK_SIZE))


def test_checkouts_take_forty_percent_longer(some_week: Regression) -> None:
    """An oracle of its own: the access log, which has every request."""
    directory, truth = some_week
    first, last = (truth.started_at.timestamp() + at_s for at_s in truth.new_pods_s)
    requests = list(answered(directory, "/api/checkout"))
    before = [length for at, length in requests if at < first]
    after = [length for at, length in requests if at >= last]
    assert 0.35 < fmean(after) / fmean(before) - 1 < 0.45
    assert 0.35 < median(after) / median(before) - 1 < 0.45
    told = truth.rise("POST /api/checkout")
    assert 0.35 < told.relative < 0.45
    assert told.relative == pytest.approx(fmean(after) / fmean(before) - 1, abs=0.03)
    assert told.after_median_s == pytest.approx(median(after), rel=0.01)
    pages = truth.rise("GET /api/products/{id}")
    assert pages.after_median_s == pytest.approx(pages.before_median_s, rel=0.05)


def test_the_added_calls_are_nearly_all_of_it_and_the_mix_a_little(
    week: Regression, week_without_deploy: Regression
) -> None:
    told = week[1].rise("POST /api/checkout")
    assert 0.85 < told.share_of_calls < 1.0
    assert 0.02 < told.share_of_mix < 0.15
    assert told.share_of_calls + told.share_of_mix == pytest.approx(1.0, abs=0.05)
    counterfactual = week_without_deploy[1].rise("POST /api/checkout")
    rose_s = counterfactual.after_s - counterfactual.before_s
    assert counterfactual.of_calls_s == 0
    assert 0 < counterfactual.relative < 0.06
    assert rose_s == pytest.approx(told.of_mix_s, abs=0.002)
    assert told.after_s - told.before_s - told.of_calls_s == pytest.approx(rose_s, abs=0.002)


def test_without_the_campaign_the_calls_are_all_of_it(tmp_path: Path) -> None:
    parameters = regression.Parameters(campaign=False)
    told = regression.play(tmp_path, 7, WEEK_SIZE, parameters=parameters).rise("POST /api/checkout")
    assert abs(told.share_of_mix) < 0.03
    assert told.share_of_calls == pytest.approx(1.0, abs=0.07)
    assert 0.25 < told.relative < 0.38


def test_old_pods_ask_once_a_cart_and_new_ones_once_a_line_more(week: Regression) -> None:
    directory, truth = week
    traced = checkouts(directory)
    onset = seconds(truth.onset_at)
    assert {version for at, version, *_ in traced if at < onset} == {"5.13.1"}
    assert {calls for _, version, _, calls, _ in traced if version == "5.13.1"} == {0}
    new = [(lines, calls) for _, version, lines, calls, _ in traced if version == "5.14.0"]
    assert len(new) > 30
    assert all(lines == calls for lines, calls in new)
    assert truth.calls_before == 1
    assert truth.calls_after == pytest.approx(1 + truth.lines_after)


def test_old_and_new_pods_run_side_by_side(week: Regression) -> None:
    directory, truth = week
    first, last = (truth.started_at.timestamp() + at_s for at_s in truth.new_pods_s)
    both = [version for at, version, *_ in checkouts(directory) if first <= at < last]
    assert min(Counter(both)["5.13.1"], Counter(both)["5.14.0"]) >= 2
    assert truth.side_by_side_s["2.8.0"] > 1.25 * truth.side_by_side_s["2.7.1"]
    versions = {
        resource["service.version"] for resource, _ in metrics(directory) if resource["service.name"] == "order"
    }
    assert versions == {"5.13.1", "5.14.0"}


def test_carts_are_bigger_from_half_a_day_before_the_onset(week_without_deploy: Regression) -> None:
    directory, truth = week_without_deploy
    campaign = truth.campaign_at.timestamp()
    traced = checkouts(directory)
    before = [lines for at, _, lines, _, _ in traced if at < campaign]
    after = [lines for at, _, lines, _, _ in traced if at >= campaign]
    assert fmean(after) > fmean(before) + 0.5
    sizes: dict[bool, dict[int, list[float]]] = {False: defaultdict(list), True: defaultdict(list)}
    for at, _, lines, _, length in traced:
        sizes[at >= campaign][lines].append(length)
    same = [(fmean(sizes[False][lines]), fmean(sizes[True][lines])) for lines in (3, 4, 5)]
    assert fmean(later for _, later in same) == pytest.approx(fmean(earlier for earlier, _ in same), rel=0.12)
    (mark,) = json.loads((directory / "annotations.json").read_text())
    assert mark["time"] == campaign * 1000


def test_four_deploys_lie_near_the_onset_and_the_latest_is_innocent(week: Regression) -> None:
    directory, truth = week
    events = json.loads((directory / "deploys.json").read_text())
    deployed = [(datetime.fromisoformat(each["context"]["timestamp"]), each["customData"]) for each in events]
    assert all(one <= other for (one, _), (other, _) in pairwise(deployed))
    assert truth.onset_at is not None
    near = [data["service"] for at, data in deployed if abs(at - truth.onset_at) <= timedelta(hours=2)]
    assert near == ["payment", "catalog", "order", "gateway"]
    assert {data["service"]: data["commit_sha"] for at, data in deployed if at < truth.ended_at} == truth.deployed
    innocent = {service for decoy in truth.decoys if decoy.kind == "innocent-deploy" for service in decoy.services}
    assert innocent == {"payment", "catalog", "gateway"}


def test_commits_go_live_after_they_were_made(week: Regression) -> None:
    directory, _ = week
    for event in json.loads((directory / "deploys.json").read_text()):
        data, at = event["customData"], datetime.fromisoformat(event["context"]["timestamp"])
        made = git(directory, data["service"], "show", "-s", "--format=%cI", data["commit_sha"]).strip()
        assert datetime.fromisoformat(made) < at
        assert (
            git(directory, data["service"], "tag", "--points-at", data["commit_sha"]).strip() == f"v{data['version']}"
        )


def test_a_part_of_the_calls_says_where_in_the_library_they_are_made(week: Regression) -> None:
    directory, truth = week
    code = truth.culprit_code[0]
    asked = [
        told for _, span, told in spans(directory) if span["kind"] == 3 and "restrictions?" in told.get("url.full", "")
    ]
    placed = [told for told in asked if "code.file.path" in told]
    assert 0.15 < len(placed) / len(asked) < 0.35
    assert {(told["code.file.path"], told["code.line.number"]) for told in placed} == {(code.path, code.line)}
    assert placed[0]["code.function.name"] == "com.example.shop.validation.RestrictionRule.check"
    shown = git(directory, truth.culprit_repository, "show", f"v2.8.0:{code.path}").splitlines()[code.line - 1]
    assert regression.LOOP_CALL in shown


def test_services_tell_of_their_code_in_different_ways(week: Regression) -> None:
    told = {resource["service.name"]: resource for resource, _, _ in spans(week[0])}
    assert set(told) == {"gateway", "catalog", "pricing", "cart", "order", "inventory"}
    assert told["order"]["container.image.tags"] == [told["order"]["service.version"]]
    assert told["catalog"]["vcs.ref.head.revision"] == week[1].deployed["catalog"]
    for name in ("order", "cart", "pricing"):
        assert "vcs.ref.head.revision" not in told[name]
    assert not any(key.startswith("container.") for key in told["pricing"])


def test_traces_are_the_sample_that_their_state_says(week: Regression) -> None:
    directory, truth = week
    states = {(span["traceId"], span["traceState"]) for _, span, _ in spans(directory)}
    thresholds = {state.removeprefix("ot=th:") for _, state in states}
    assert thresholds == {"f8", "fe"}
    for trace_id, state in states:
        assert int(trace_id[-14:], 16) >= int(state.removeprefix("ot=th:").ljust(14, "0"), 16)
    bought = sum(1 for _ in answered(directory, "/api/checkout"))
    kept = sum(state == "ot=th:f8" for _, state in states)
    assert kept == pytest.approx(bought / 32, rel=0.3)
    assert truth.visits > bought


def test_metrics_show_the_week_and_its_days(week: Regression) -> None:
    directory, _ = week
    counts: dict[int, int] = defaultdict(int)
    for resource, metric in metrics(directory):
        if resource["service.name"] == "gateway" and metric["name"] == "http.server.request.duration":
            for point in metric["histogram"]["dataPoints"]:
                if attributes(point["attributes"])["http.route"] == "/api/products/{id}":
                    counts[int(point["timeUnixNano"]) // 3_600_000_000_000] += int(point["count"])
    hours = sorted(counts)
    assert (hours[-1] - hours[0]) >= 24 * 6.8
    grown = {
        later: counts[later] - counts[earlier]
        for earlier, later in pairwise(hours)
        if counts[later] > counts[earlier]  # a new version counts from 0 again
    }
    evening = fmean(more for hour, more in grown.items() if 17 <= hour % 24 <= 21)
    night = fmean(more for hour, more in grown.items() if 3 <= hour % 24 <= 8)
    assert evening > 2.5 * night


def test_the_alert_fires_after_the_onset(week: Regression) -> None:
    directory, truth = week
    alert = json.loads((directory / "alert.json").read_text())
    assert datetime.fromisoformat(alert["fired_at"]) == truth.alert_at
    assert truth.alert_at.timestamp() - seconds(truth.onset_at) > 6 * 3600
    assert alert["service"] == "gateway"
    assert 1.3 < alert["observed"] < 1.45


def test_the_telemetry_of_the_week_has_the_size_asked_for(week: Regression) -> None:
    written = sum(path.stat().st_size for path in (week[0] / "telemetry").iterdir())
    assert abs(written - WEEK_SIZE) < 0.1 * WEEK_SIZE
    assert week[1].telemetry_bytes == written


def test_nothing_outside_the_repositories_names_the_commit(week: Regression) -> None:
    directory, truth = week
    assert truth.culprit_commit is not None
    for path in directory.rglob("*"):
        if path.is_file() and "repositories" not in path.parts:
            content = path.read_bytes()
            assert truth.culprit_commit.encode() not in content
            assert b"culprit" not in content.lower()

"""The folder as a whole: repeatable, with real repositories and readable log files."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning import demo
from deep_code_reasoning.demo import git_history
from demo.evidence_reader import Incident, spans


def digests(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and ".git" not in path.parts
    }


def git(directory: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(directory), *arguments], capture_output=True, check=True, text=True)
    return done.stdout


@pytest.mark.parametrize("scenario", demo.SCENARIOS)
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, scenario: str) -> None:
    truths = [demo.generate(scenario, tmp_path / name, seed=3, size_bytes=2_000_000) for name in "ab"]
    assert truths[0] == truths[1]
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    other = demo.generate(scenario, tmp_path / "c", seed=4, size_bytes=2_000_000)
    assert digests(tmp_path / "c")["telemetry/traces.jsonl"] != digests(tmp_path / "a")["telemetry/traces.jsonl"]
    assert other.heads == truths[0].heads


def test_a_bigger_size_gives_more_of_the_same(tmp_path: Path) -> None:
    seen: list[float] = []
    truth = demo.generate("lease-expiry", tmp_path, size_bytes=40_000_000, progress=seen.append)
    assert abs(truth.telemetry_bytes - 40_000_000) < 4_000_000
    assert len(truth.overlaps) > 80
    assert {overlap.late.host for overlap in truth.overlaps} == {truth.culprit_host}
    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[-1] <= 1


def test_unknown_scenarios_and_used_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="lease-expiry"):
        demo.generate("earthquake", tmp_path)
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(FileExistsError):
        demo.generate("lease-expiry", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_importing_the_demo_is_cheap() -> None:
    code = "import sys, deep_code_reasoning.demo; print('simpy' in sys.modules)"
    path = str(Path(demo.__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {path!r}); {code}"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("played", "service", "last"),
    [
        *(("incident", service, datetime(2026, 10, 13, 9, tzinfo=UTC)) for service in git_history.services()),
        *(("week", service, datetime(2026, 11, 9, tzinfo=UTC)) for service in git_history.services("regression")),
    ],
)
def test_repositories_are_sound(request: pytest.FixtureRequest, played: str, service: str, last: datetime) -> None:
    directory, truth = request.getfixturevalue(played)
    repository = directory / "repositories" / service
    git(repository, "fsck", "--strict", "--no-dangling")
    assert git(repository, "status", "--porcelain") == ""
    assert git(repository, "rev-parse", "HEAD").strip() == truth.heads[service]
    log = git(repository, "log", "--format=%H %ct", "--shortstat").split("\n\n")
    commits = git(repository, "rev-list", "--count", "HEAD").strip()
    assert 15 <= int(commits) <= 25
    assert len(log) - 1 == int(commits), "every commit changes something"
    stamps = [int(stamp) for stamp in git(repository, "log", "--reverse", "--format=%ct").split()]
    assert stamps == sorted(stamps)
    assert stamps[-1] < last.timestamp()


def test_spans_point_to_real_lines(incident: Incident) -> None:
    directory, truth = incident
    places = {
        (resource["service.name"], attributes["code.file.path"], attributes["code.line.number"]): attributes[
            "code.function.name"
        ]
        for resource, _, attributes in spans(directory)
        if "code.file.path" in attributes
    }
    assert len(places) == 2
    for (service, path, line), function in places.items():
        text = (directory / "repositories" / service / path).read_text().splitlines()[line - 1]
        assert f"{function.rsplit('.')[-1]}(" in text
    code = truth.culprit_code[0]
    flaw = (directory / "repositories" / code.service / code.path).read_text().splitlines()[code.line - 1]
    assert "expiresAt().minus(margin)" in flaw


def test_log_files_have_stack_traces_json_lines_and_a_gzip(incident: Incident) -> None:
    logs = incident[0] / "logs"
    (payment, *_) = [path for path in logs.glob("payment/*.log") if "Exception" in path.read_text()]
    assert "\n\tat com.example.shop.payment.SettlementRepository.book(" in payment.read_text()
    for path in logs.glob("gateway/*.jsonl"):
        for line in path.read_text().splitlines():
            assert json.loads(line)["method"] in ("GET", "POST")
    rotated = sorted(logs.glob("order/*.gz"))
    assert len(rotated) == 2
    assert all(b"attempts=1" in gzip.decompress(path.read_bytes()) for path in rotated)
    assert any("Pause Full" in path.read_text() for path in logs.glob("inventory/*.gc.log"))


def test_nothing_in_the_folder_names_the_culprit(incident: Incident) -> None:
    for path in incident[0].rglob("*"):
        if path.is_file() and ".git" not in path.parts and "repositories" not in path.parts:
            content = path.read_bytes().lower()
            assert b"skew" not in content
            assert b"offset_ms" not in content


@given(
    st.integers(1, 30),
    st.lists(st.tuples(st.integers(1, 20), st.integers(0, 20), st.text("ab\n", max_size=9))),
)
def test_unweaving_shows_exactly_the_lines_of_a_revision(revision: int, blocks: list[tuple[int, int, str]]) -> None:
    woven = "".join(f"%% {first}-{last}\n{text}\n" if last else f"%% {first}\n{text}\n" for first, last, text in blocks)
    expected = "".join(
        f"{text}\n" for first, last, text in blocks if first <= revision and (not last or revision <= last)
    )
    assert git_history.unweave(woven, revision) == expected

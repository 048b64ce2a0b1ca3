"""A folder with one file of every feed of changes: each is read by its own reader, and told apart by content alone."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from deep_code_reasoning.settings import Settings
from ingest.loading import load_all, opened
from sources.feeds_of_changes import FEEDS, at, sha
from store.otlp import logs_line, write_traces

DEPLOYS_CSV = f"deployed_at,service,version,commit,repository\n{at(50)},till,3.1,{sha(50)},shop/till\n"
COMMITS_CSV = f'date,commit,author,message\n{at(51)},{sha(51)},ada,"two\nlines"\n'
METRICS_CSV = f"time,service,version,error_rate\n{at(0)},cart,1.7,0.5\n{at(1)},cart,1.7,0.6\n"


def folder_of_everything(tmp_path: Path) -> Path:
    folder = tmp_path / "evidence"
    folder.mkdir()
    for number, (reader, entry) in enumerate(FEEDS.items()):
        text = json.dumps([entry(number), entry(number + 20)], indent=number % 2 or None)
        (folder / f"{reader}.data").write_text(text)
    (folder / "deploys.data").write_text(DEPLOYS_CSV)
    (folder / "history.data").write_text(COMMITS_CSV)
    (folder / "metrics.data").write_text(METRICS_CSV)
    (folder / "logs.data").write_text(logs_line("order 17 done"))
    write_traces(folder / "traces.data", range(3))
    return folder


def test_every_file_is_read_by_its_own_reader(tmp_path: Path, settings: Settings) -> None:
    report = load_all(folder_of_everything(tmp_path), settings)
    assert report.unread == ()
    readers = {Path(source.path).stem: source.reader for source in report.sources}
    assert {name: readers[name] for name in FEEDS} == {name: name for name in FEEDS}
    assert (readers["deploys"], readers["history"], readers["metrics"]) == ("changes-csv", "changes-csv", "metrics-csv")
    assert (readers["logs"], readers["traces"]) == ("otlp-json", "otlp-json")
    with opened(settings) as tables:
        told = tables.rows("SELECT s.path, d.kind FROM deploys d JOIN sources s USING (source)")
        kinds = Counter((Path(path).stem, kind) for path, kind in told)
        assert kinds["launchdarkly", "flag"] == kinds["unleash", "flag"] == kinds["argocd", "deployed"] == 2
        assert kinds["deploys", "deployed"] == 1
        assert tables.rows("SELECT repository, sha FROM changes WHERE service_name = 'till'") == [
            ("shop/till", sha(50))
        ]
        assert tables.rows("SELECT repository, message FROM commits WHERE sha = $sha", sha=sha(51)) == [
            ("history", "two\nlines")
        ]


def test_damage_is_told_by_place_and_costs_nothing_else(tmp_path: Path, settings: Settings) -> None:
    folder = folder_of_everything(tmp_path)
    entry = FEEDS["github-deployments"]
    good = [json.dumps(entry(number)) for number in range(3)]
    late = json.dumps({**entry(9), "created_at": "9999-12-31T23:59:59Z", "updated_at": None})
    (folder / "damaged.data").write_text("\n".join([good[0], good[1][:90], late, "17", good[2]]))
    report = load_all(folder, settings)
    places = {(Path(part.place).name, part.reason) for part in report.unread}
    assert places == {
        ("damaged.data:2", "not well-formed JSON (broken off or damaged)"),
        ("damaged.data:3", "deployment without a time that can be read"),
        ("damaged.data:4", "JSON that is neither a deployment of GitHub's API nor a status of one"),
    }
    with opened(settings) as tables:
        query = "SELECT count(*) FROM deploys JOIN sources USING (source) WHERE path LIKE '%damaged.data'"
        assert tables.rows(query) == [(2,)]

"""Feeds of changes in whatever wrapping, with whatever else in them, cut or damaged anywhere."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deep_code_reasoning.sources.changes.deploy import change_nanos
from deep_code_reasoning.sources.changes.environment import split_environment
from deep_code_reasoning.sources.changes.image import commit_in_tag, image_of
from deep_code_reasoning.sources.detect import detect
from deep_code_reasoning.sources.json_documents import BROKEN_JSON
from deep_code_reasoning.sources.reader import Sample
from deep_code_reasoning.sources.stream import DOCUMENT_TOO_LARGE, Limits
from sources.feeds_of_changes import FEEDS, at, sha
from sources.reading import Reading, read_bytes

TABLES = ("deploys", "commits", "commit_files")
WRAPPINGS = {
    "array": lambda entries: json.dumps(entries),
    "pretty array": lambda entries: json.dumps(entries, indent=2, ensure_ascii=False),
    "one a line": lambda entries: "".join(json.dumps(entry) + "\n" for entry in entries),
    "items": lambda entries: json.dumps({"total": 3, "items": entries}),
    "values behind an object": lambda entries: json.dumps({"paging": {"next": None}, "values": entries}, indent=1),
    "pages, one a line": lambda entries: "".join(json.dumps({"results": [entry]}) + "\n" for entry in entries),
}
OPEN = sorted({*FEEDS} - {"grafana-annotations"})  # an annotation is known by having no other members
cheap = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def rows(reading: Reading) -> dict[str, list[dict[str, Any]]]:
    """What was read, without the places."""
    found = {table: reading.rows[table] for table in TABLES if reading.count(table)}
    return {t: [{k: v for k, v in row.items() if k != "source_offset"} for row in many] for t, many in found.items()}


def read_feed(text: str, folder: Path, reader: str) -> Reading:
    reading = read_bytes(text.encode(), folder)
    assert reading.reader == reader
    return reading


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize("reader", FEEDS)
def test_the_wrapping_does_not_matter(reader: str, wrapping: str, tmp_path: Path) -> None:
    entries = [FEEDS[reader](number) for number in range(3)]
    alone = [read_feed(json.dumps(entry), tmp_path, reader) for entry in entries]
    wrapped = read_feed(WRAPPINGS[wrapping](entries), tmp_path, reader)
    assert wrapped.skipped == []
    found = rows(wrapped)
    if reader in ("grafana-annotations", "changes-json"):  # what has no id is numbered
        found["deploys"] = [{**row, "deploy_id": ""} for row in found["deploys"]]
        for one in alone:
            one.rows["deploys"] = [{**row, "deploy_id": ""} for row in one.rows["deploys"]]
    assert found == {table: [row for one in alone for row in rows(one)[table]] for table in found}
    assert sum(map(len, found.values())) >= 3


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@cheap
@given(reader=st.sampled_from(OPEN), more=st.dictionaries(st.text(min_size=3, max_size=9), values, max_size=4))
def test_members_that_nobody_knows_change_nothing(reader: str, more: dict[str, Any], tmp_path: Path) -> None:
    entries = [FEEDS[reader](number) for number in range(3)]
    unknown = {f"x_{name}": value for name, value in more.items()}
    plain = read_bytes(json.dumps(entries).encode(), tmp_path)
    assert rows(read_bytes(json.dumps([{**e, **unknown} for e in entries]).encode(), tmp_path)) == rows(plain)


@cheap
@given(reader=st.sampled_from(sorted(FEEDS)), indent=st.sampled_from([None, 1, 4]), data=st.data())
def test_a_cut_keeps_the_whole_entries_before_it(
    reader: str, indent: int | None, data: st.DataObject, tmp_path: Path
) -> None:
    entries = [FEEDS[reader](number) for number in range(6)]
    text = json.dumps(entries, indent=indent)
    ends = [len(json.dumps(entries[: count + 1], indent=indent).rstrip("]\n")) for count in range(6)]
    cut = data.draw(st.integers(ends[0], ends[-1] - 1))
    whole = sum(end <= cut for end in ends)
    reading = read_feed(text[:cut], tmp_path, reader)
    assert rows(reading) == rows(read_bytes(json.dumps(entries[:whole]).encode(), tmp_path))
    assert set(reading.reasons) == {BROKEN_JSON}


@cheap
@given(reader=st.sampled_from(sorted(FEEDS)), value=values, data=st.data())
def test_a_member_of_another_kind_costs_at_most_its_entry(
    reader: str, value: Any, data: st.DataObject, tmp_path: Path
) -> None:
    """Any member of the middle one, at any depth, becomes anything: the others are as they were."""
    entries = [copy.deepcopy(FEEDS[reader](number)) for number in range(3)]
    at_hand: Any = entries[1]
    while True:
        key = data.draw(st.sampled_from(sorted(at_hand) if isinstance(at_hand, dict) else range(len(at_hand))))
        if not isinstance(at_hand[key], dict | list) or not at_hand[key] or data.draw(st.booleans()):
            break
        at_hand = at_hand[key]
    at_hand[key] = value
    reading = read_bytes("".join(json.dumps(entry) + "\n" for entry in entries).encode(), tmp_path)
    table = "commits" if "commits" in reader else "deploys"
    expected = rows(read_bytes(json.dumps([entries[0], entries[2]]).encode(), tmp_path))[table]
    times = {row["time_unix_nano"] for row in reading.rows[table]}
    assert {row["time_unix_nano"] for row in expected} <= times
    assert reading.count(table) + len(reading.skipped) >= 3 or reader == "github-deployments"


def test_a_document_is_not_held(tmp_path: Path) -> None:
    """Twenty times as much as may be held at once, and more than is looked at at once: only an entry is held."""
    count = 5_000
    entries = [{**FEEDS["launchdarkly"](number), "comment": "x" * 4_000} for number in range(count)]
    text = json.dumps({"totalCount": count, "items": entries})
    assert len(text) > 20 << 20
    reading = read_bytes(text.encode(), tmp_path, limits=Limits(document_bytes=1 << 20))
    assert (reading.skipped, reading.count("deploys")) == ([], count)


def test_an_entry_that_is_too_large_is_told(tmp_path: Path) -> None:
    entries = [FEEDS["gitlab-deployments"](number) for number in range(3)]
    entries[1]["user"] = {"bio": "x" * (18 << 20)}
    text = "".join(json.dumps(entry) + "\n" for entry in entries)
    reading = read_bytes(text.encode(), tmp_path, limits=Limits(document_bytes=1 << 20))
    assert (reading.reasons, reading.count("deploys")) == ([DOCUMENT_TOO_LARGE], 2)


def test_texts_made_to_set_a_pattern_backtracking_cost_no_time(tmp_path: Path) -> None:
    """A hundred kilobytes in each text of each entry: patterns that are not linear would take minutes."""
    evil = ["Flag " * 20_000, "://a/" * 20_000, " " * 100_000 + "x", "-" * 100_000, "sha-" * 25_000, "1" * 100_000]
    for reader, make in FEEDS.items():
        entries = [evilly(make(number), text) for number, text in enumerate(evil)]
        reading = read_bytes(json.dumps([make(9), *entries]).encode(), tmp_path)
        assert reading.reader == reader
        assert max(reading.count("deploys"), reading.count("commits")) >= 1


def evilly(value: Any, text: str) -> Any:
    """With `text` in place of every text but ids, kinds and times."""
    if isinstance(value, dict):
        kept = {"id", "sha", "type", "kind", "apiVersion", "state", "status", "date", "creationTimestamp", "resource"}
        return {k: v if k in kept or k.endswith(("_at", "At")) else evilly(v, text) for k, v in value.items()}
    if isinstance(value, list):
        return [evilly(one, text) for one in value]
    return text if isinstance(value, str) else value


moments = st.datetimes(datetime(2000, 1, 3), datetime(2099, 12, 30)).map(lambda moment: moment.replace(tzinfo=UTC))
zones = st.integers(-14 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
WAYS = {
    "%Y-%m-%dT%H:%M:%S.%f%z": 1_000,
    "%Y-%m-%d %H:%M:%S.%f %z": 1_000,
    "%Y-%m-%dT%H:%M:%S%z": 1_000_000_000,
    "%Y-%m-%d %H:%M:%S %z UTC": 1_000_000_000,
    "%Y-%m-%dT%H:%M%z": 60_000_000_000,
    "%Y%m%dT%H%M%S%z": 1_000_000_000,
    "%G-W%V-%uT%H:%M:%S%z": 1_000_000_000,
    "%a, %d %b %Y %H:%M:%S %z": 1_000_000_000,
}


@settings(max_examples=300, deadline=None)
@given(moment=moments, zone=zones, way=st.sampled_from(sorted(WAYS)))
def test_times_as_people_write_them(moment: datetime, zone: timezone, way: str) -> None:
    nanos = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1_000
    written = moment.astimezone(UTC if way.endswith("UTC") else zone).strftime(way)
    assert change_nanos(written) == nanos // WAYS[way] * WAYS[way]


@settings(max_examples=200, deadline=None)
@given(moment=moments, unit=st.sampled_from([1, 1_000, 1_000_000, 1_000_000_000]), as_text=st.booleans())
def test_epochs_of_every_unit(moment: datetime, unit: int, as_text: bool) -> None:
    nanos = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1_000
    number = nanos // unit
    assert change_nanos(str(number) if as_text else number) == number * unit


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("2026-10-13", 1791849600), ("2026-10-13T09:00:00", 1791882000), ("1.791882e9", 1791882000), (1791882000.5, None)],
)
def test_a_day_a_time_without_zone_an_exponent(written: object, seconds: int | None) -> None:
    assert change_nanos(written) == (seconds or 1791882000.5) * 1_000_000_000


@pytest.mark.parametrize(
    "written",
    [
        *(
            None,
            "",
            "soon",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "1970-01-01T00:00:00Z",
            "2026-13-01",
            0,
            -1,
        ),
        *(True, float("nan"), float("inf"), 10**30, "9" * 400, "1e400", [], {}, "2026-02-30T09:00:00Z", "NaN"),
    ],
)
def test_what_is_no_time(written: object) -> None:
    assert change_nanos(written) is None


@pytest.mark.parametrize(
    ("tag", "commit"),
    [
        *(("sha-0a1b2c3", "0a1b2c3"), ("v1.2-14-g0a1b2c3", "0a1b2c3"), ("0a1b2c3", "0a1b2c3"), ("main-0a1b2c3d", None)),
        *(("1.7", None), ("20261013", None), ("latest", None), ("deadbeef", None), (sha(3), sha(3)), (None, None)),
        *(("1" * 40, "1" * 40), ("release-20261013", None), ("git-1234567", "1234567")),
    ],
)
def test_the_commit_in_a_tag(tag: str | None, commit: str | None) -> None:
    assert commit_in_tag(tag) == commit


def test_a_port_is_no_tag() -> None:
    assert image_of("r.example.com:5000/shop/cart")[:2] == ("cart", None)
    assert image_of("r.example.com:5000/shop/cart:1.7@sha256:ab")[:2] == ("cart", "1.7")


@pytest.mark.parametrize(
    ("name", "split"),
    [
        *(
            ("cart-production", ("cart", "production")),
            ("staging / cart", ("cart", "staging")),
            ("prod", (None, "prod")),
        ),
        *(("cart", ("cart", None)), ("latest-cart", ("latest-cart", None)), ("", (None, None)), (None, (None, None))),
    ],
)
def test_the_environment_in_a_name(name: str | None, split: tuple) -> None:
    assert split_environment(name) == split


OTHER = {
    "metrics by version": f"time,service,version,error_rate\n{at(0)},cart,1.7,0.5\n{at(1)},cart,1.7,0.6\n",
    "metrics by commit": "".join(
        ["time,service,commit,latency_p99\n", *(f"{at(n)},cart,{sha(1)},{n}.5\n" for n in range(9))]
    ),
    "long metrics": f"timestamp,service,metric,value\n{at(0)},cart,cpu,0.5\n",
    "logs with a level": f"time,level,service,commit,message\n{at(0)},INFO,cart,{sha(1)},started\n",
    "access log": f"time,service,status,path\n{at(0)},cart,200,/\n",
    "traffic": f"date,service,requests\n{at(0)},cart,17\n",
    "a header alone": "deployed_at,service,version,sha\n",
    "no times": "deployed_at,service,version\nsoon,cart,1\nlater,cart,2\n",
    "people": "created_at,user,email,action\n2026-10-13T09:00:00Z,ada,a@b.c,login\n",
}
OTHER_JSON = {
    "logs with a build": [{"time": at(n), "msg": "ready", "service": "cart", "commit": sha(1)} for n in range(9)],
    "logs with a version": [{"time": at(n), "message": "a b", "service": "cart", "version": "1.7"} for n in range(9)],
    "an audit log": [{"timestamp": at(0), "user": "ada", "action": "login", "description": "x"}],
    "a manifest": {"name": "cart", "version": "1.7", "description": "x", "author": "ada"},
    "points": [{"time": at(0), "service": "cart", "version": "1", "value": 3}],
    "pods": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}},
}
CHANGES = {*FEEDS, "changes-csv"}


def named(content: str) -> str | None:
    reader = detect(Sample(Path("evidence"), content.encode(), complete=True))
    return reader.name if reader else None


@pytest.mark.parametrize("content", OTHER.values(), ids=OTHER)
def test_other_tables_are_left_to_others(content: str) -> None:
    assert named(content) not in CHANGES


@pytest.mark.parametrize("value", OTHER_JSON.values(), ids=OTHER_JSON)
def test_other_json_is_left_to_others(value: object) -> None:
    assert named(json.dumps(value)) not in CHANGES
    if isinstance(value, list):
        assert named("".join(json.dumps(one) + "\n" for one in value)) not in CHANGES


@cheap
@given(text=st.text(st.sampled_from('",\n;ab1\r'), max_size=60))
def test_a_table_with_quotes_anywhere_loses_nothing_silently(text: str, tmp_path: Path) -> None:
    """Whatever stands between two good lines: those are rows, or the reading tells what it passed over."""
    head = f"deployed_at,service,version,commit\n{at(0)},cart,1.6,{sha(0)}\n"
    reading = read_bytes(f"{head}{text}\n{at(1)},cart,1.7,{sha(1)}\n".encode(), tmp_path)
    if reading.reader == "changes-csv":
        assert {row["version"] for row in reading.rows["deploys"]} >= {"1.6"}
        assert "1.7" in {row["version"] for row in reading.rows["deploys"]} or reading.skipped

"""Which texts are taken as metrics, and which look like them and are not."""

from pathlib import Path

import pytest

from deep_code_reasoning.sources.detect import detect
from deep_code_reasoning.sources.reader import Sample

METRICS = {"metrics-csv", "prometheus-text", "prometheus-api"}

CLAIMED = {
    "a long table": (b"time,metric,value\n2026-09-22T10:30:00Z,a,1\n", "metrics-csv"),
    "a wide table": (b"Time;cpu;mem\n1790000000;1;2\n", "metrics-csv"),
    "a value alone": (b'"time"\t"value"\n"2026-09-22 10:30:00"\t"5.3"\n', "metrics-csv"),
    "the header of a long table": (b"timestamp,service,metric,value\n", "metrics-csv"),
    "a table with a cut last line": (
        b"timestamp,a\n1790000000,1\n1790000001,1\n1790000002,1\n1790000003,1\n179",
        "metrics-csv",
    ),
    "samples without types": (b'up{job="a"} 1\nup{job="b"} 0\n', "prometheus-text"),
    "a type and a bare sample": (b"# TYPE up gauge\nup 1\n", "prometheus-text"),
    "an empty answer": (b'{"status":"success","data":{"resultType":"vector","result":[]}}', "prometheus-api"),
    "data first": (b'{"data":{"result":[],"resultType":"matrix"},"status":"success"}', None),
}

OTHER = {
    "a table of logs": b"timestamp,service,level,message\n2026-09-22T10:30:00Z,cart,INFO,started\n",
    "a table of templates": b"LineId,Time,Content,EventId\n1,2026-09-22 10:30:00,Receiving block,E5\n",
    "a table of spans": b"timestamp,traceID,spanID,duration\n1790000000,ab,cd,5\n",
    "a table of free text": b"time,count,note\n1790000000,1,the disk of the host is full again\n",
    "a table without times": b"service,errors\ncart,1\npayment,2\n",
    "a table without numbers": b"time,state\n1790000000,open\n1790000001,shut\n",
    "a table without a header": b"2026-09-22T10:30:00Z,cart,0.5\n2026-09-22T10:31:00Z,cart,0.7\n",
    "the header of a wide table": b"time,cpu\n",
    "numbers with names": b"apples 5\npears 7\n",
    "a comment on types": b"# TYPE is a word\nx = 1\n",
    "an answer of another API": b'{"status":"success","data":{"items":[]}}',
    "rules as JSON": b'{"status":"success","data":{"groups":[{"name":"resultType"}]}}',
    "prose with commas": b"Yesterday, it broke.\nToday, it works.\n",
}


def sample(content: bytes) -> Sample:
    return Sample(Path("evidence"), content, complete=True)


@pytest.mark.parametrize(("content", "name"), [case for case in CLAIMED.values() if case[1]])
def test_metrics_are_recognised(content: bytes, name: str) -> None:
    reader = detect(sample(content))
    assert reader
    assert reader.name == name


@pytest.mark.parametrize("content", OTHER.values(), ids=OTHER)
def test_other_things_are_not_metrics(content: bytes) -> None:
    reader = detect(sample(content))
    assert reader is None or reader.name not in METRICS

"""The Jaeger kernel gives the rows that the plain road gives, whatever it is handed."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deep_code_reasoning.kernels.cache import Kernels
from deep_code_reasoning.sources.reader import Batch, Skipped
from deep_code_reasoning.sources.stream import EvidenceStream
from deep_code_reasoning.sources.traces import compiled_traces
from deep_code_reasoning.sources.traces.jaeger import READER
from deep_code_reasoning.sources.traces.jaeger_spans import JaegerSpans
from sources.reading import cases
from sources.test_traces_round_trip import jaeger, traces

often = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

PAGE = Path(__file__).with_name("jaeger-json.md")
EXAMPLES = [case.data for case in cases(PAGE)]
PIECES = [
    *('"', "{", "]", "\\", "\n", "null", "true", "-1", "1e5", "-0", "0", "1.50", '"CHILD_OF"', '"p1"', '"error"'),
    *('"event"', '"span.kind"', '"server"', '"client"', '"otel.status_code"', '"otel.scope.name"', '"é"', '"\\u0041"'),
    *('"http.method"', '"http.status_code"', '"A1"', '"00"', '"ERROR"', '""', '"\\ud83d\\ude00"', '"\\ud800"'),
    *('"tags"', '"logs"', '"traceID"', '"references"', "9223372036854775", "12345678901234567890", " ", '"error.kind"'),
]


def read(path: Path, kernels: Kernels | None) -> tuple[dict[str, list[dict[str, Any]]], list[Skipped]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    skipped = []
    for part in READER.read(EvidenceStream(path, kernels=kernels)):
        if isinstance(part, Batch):
            part.rows.validate(full=True)
            rows.setdefault(part.table, []).extend(part.rows.to_pylist())
        else:
            skipped.append(part)
    for table, number in (("spans", "span_number"), ("events", "span_number"), ("links", "span_number")):
        rows.get(table, []).sort(key=lambda row: row[number])
    return rows, skipped


def is_json(text: bytes) -> bool:
    try:
        for line in text.splitlines() if b"\n{" in text else [text]:
            json.loads(line)
    except ValueError:
        return False
    return True


def check(text: bytes, kernels: Kernels, folder: Path) -> None:
    """On what is not JSON the kernel may see less of the damage; it never breaks."""
    path = folder / "evidence"
    path.write_bytes(text)
    compiled = read(path, kernels)
    if is_json(text):
        assert compiled == read(path, None)


@pytest.mark.parametrize("text", EXAMPLES)
def test_golden_pages(text: bytes, kernels: Kernels, tmp_path: Path) -> None:
    path = tmp_path / "evidence"
    path.write_bytes(text)
    assert read(path, kernels) == read(path, None)


@often
@given(written=traces(), bare=st.booleans(), indent=st.sampled_from([None, 2]), ascii_only=st.booleans())
def test_random_traces(
    written: list, bare: bool, indent: int | None, ascii_only: bool, kernels: Kernels, tmp_path: Path
) -> None:
    documents = {"data": [jaeger(trace, spans, bare) for trace, spans in written]}
    check(json.dumps(documents, indent=indent, ensure_ascii=ascii_only).encode(), kernels, tmp_path)


@often
@given(data=st.data())
def test_mutated_traces(data: st.DataObject, kernels: Kernels, tmp_path: Path) -> None:
    """Values, names and stretches of the examples give place to others, so that much of it stays JSON."""
    import re

    text = data.draw(st.sampled_from(EXAMPLES)).decode()
    for _ in range(data.draw(st.integers(1, 4))):
        if data.draw(st.integers(0, 4)):
            tokens = [match.span() for match in re.finditer(r'"(?:[^"\\]|\\.)*"|-?[\d.]+|true|false|null|\[\]', text)]
            start, end = data.draw(st.sampled_from(tokens)) if tokens else (0, 0)
        else:
            start = data.draw(st.integers(0, len(text)))
            end = min(len(text), start + data.draw(st.integers(0, 20)))
        text = text[:start] + data.draw(st.sampled_from(PIECES)) + text[end:]
    check(text.encode("utf-8", "surrogatepass"), kernels, tmp_path)


@often
@given(value=st.sampled_from(PIECES), key=st.sampled_from(PIECES), place=st.sampled_from(["tags", "fields", "process"]))
@example(value='"error"', key='"event"', place="fields")
def test_tags_of_every_kind(key: str, value: str, place: str, kernels: Kernels, tmp_path: Path) -> None:
    """Every tag twice over, in every place where tags are."""
    tags = f'[{{"key":{key},"type":"string","value":{value}}},{{"value":"x","key":"error"}}]'
    lists = {name: tags if name == place else "[]" for name in ("tags", "fields", "process")}
    text = (
        '{"data":[{"traceID":"a1","spans":[{"traceID":"a1","spanID":"1","startTime":1,"duration":2,"processID":"p1",'
        f'"tags":{lists["tags"]},"logs":[{{"timestamp":1,"fields":{lists["fields"]}}}]}}],'
        f'"processes":{{"p1":{{"serviceName":"cart","tags":{lists["process"]}}}}}}}]}}'
    )
    check(text.encode(), kernels, tmp_path)


NAMES = ["server.address", "net.peer.name", "net.peer.port", "server.port", "http.host"]


@pytest.mark.parametrize("first", range(len(NAMES)))
def test_names_old_and_new_of_one_column(
    first: int, kernels: Kernels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [*NAMES[first:], *NAMES[:first], NAMES[first]]
    tags = [{"key": n, "type": "string", "value": "80" if "port" in n else n} for n in ("span.kind-x", *names)]
    span = {"traceID": "a1", "spanID": "1", "startTime": 1, "duration": 2, "processID": "p1", "tags": tags}
    trace = {"traceID": "a1", "spans": [span], "processes": {"p1": {"serviceName": "cart", "tags": []}}}
    text = json.dumps({"data": [trace]}).encode()
    check(text, kernels, tmp_path)
    refuse_the_plain_road(monkeypatch)
    (tmp_path / "evidence").write_bytes(text)
    rows, _ = read(tmp_path / "evidence", kernels)
    assert [row["server_address"] for row in rows["spans"]] == ["server.address"]


def refuse_the_plain_road(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("read by the plain road")

    monkeypatch.setattr(JaegerSpans, "element", refuse)


def test_the_kernel_takes_what_is_usual(kernels: Kernels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The UI's download, old ids and references included, does not come to the plain road."""
    path = tmp_path / "evidence"
    path.write_bytes(EXAMPLES[0])
    refuse_the_plain_road(monkeypatch)
    rows, skipped = read(path, kernels)
    assert (len(rows["spans"]), skipped) == (1, [])


@pytest.mark.parametrize("size", [1_000, 70_000, 1_000_000])
def test_windows_that_end_anywhere(
    size: int, kernels: Kernels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Traces lie across the ends of windows, are larger than one, and some are for the plain road."""
    from deep_code_reasoning.sources.traces.json_elements import Window

    monkeypatch.setattr(Window.__init__, "__defaults__", (size,))
    monkeypatch.setattr(compiled_traces, "_MOST_BYTES", 2 * size)
    documents = []
    for number in range(3_000):
        span = {"traceID": f"{number + 1:x}", "operationName": "é" * (number % 97), "startTime": number, "duration": 1}
        count = 400 if number % 500 == 250 else 1 + number % 3
        spans = [{**span, "spanID": f"{n + 1:x}", "processID": "p1" if number % 7 else "p2"} for n in range(count)]
        processes = {"p1": {"serviceName": f"s{number % 5}"}}
        documents.append({"traceID": f"{number + 1:x}", "spans": spans, "processes": processes})
    path = tmp_path / "evidence"
    path.write_text(json.dumps({"data": documents}))
    assert read(path, kernels) == read(path, None)


SPAN = {"traceID": "1", "startTime": 1, "duration": 1, "processID": "p1"}
CART = {"p1": {"serviceName": "cart"}}
REFERENCE = {"refType": "FOLLOWS_FROM", "traceID": "2", "spanID": "3"}


@pytest.mark.parametrize(
    ("spans", "processes"),
    [
        ([{**SPAN, "spanID": "1", "processID": f"p{n}"} for n in range(1)], {f"p{n}": {} for n in range(300)}),
        ([{**SPAN, "spanID": "1", "processID": "p" * 70_000}], {"p" * 70_000: {}}),
        ([{**SPAN, "spanID": f"{n + 1:x}"} for n in range(66_000)], CART),
        ([{**SPAN, "spanID": "1", "logs": [{}] * 50_000}], CART),
        ([{**SPAN, "spanID": "1", "references": [REFERENCE] * 20_000}], CART),
        ([{**SPAN, "spanID": "1", "tags": [{"key": "", "value": ""}] * 50_000}], CART),
        ([{**SPAN, "spanID": "1", "tags": [{"key": "k", "value": "\t" * 9}] * 9_000}] * 3, CART),
        ([{**SPAN, "spanID": f"{n:x}" if n else "0"} for n in range(300)], CART),
        ([{**SPAN, "spanID": "1", "operationName": "x" * 5_000_000}], CART),
        ([], {}),
    ],
    ids=["processes", "name", "spans", "logs", "references", "tags", "twice", "zero", "long", "none"],
)
def test_shapes_that_fill_its_memory(spans: list, processes: dict, kernels: Kernels, tmp_path: Path) -> None:
    usual = {"traceID": "1", "spans": [{**SPAN, "spanID": "1"}], "processes": CART}
    document = {"data": [usual, {"traceID": "1", "spans": spans, "processes": processes}, usual]}
    check(json.dumps(document, separators=(",", ":")).encode(), kernels, tmp_path)

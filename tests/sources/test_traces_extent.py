"""Where a JSON value ends, and that looking for it stays linear where many values never do."""

import json
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.sources.traces.json_extent import BROKEN, SHORT, end_of_value, matching_end
from sources.reading import read_bytes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)
CONTAINERS = st.lists(JSON, max_size=3) | st.dictionaries(st.text(max_size=4), JSON, max_size=3)


@given(value=CONTAINERS, behind=st.sampled_from([b"", b",{", b"]", b" x"]))
def test_the_end_is_where_it_was_written(value: object, behind: bytes) -> None:
    text = json.dumps(value).encode()
    end = end_of_value(text + behind, 0, len(text + behind))
    assert (text + behind)[:end].rstrip() == text
    assert matching_end(text + behind, 0, len(text + behind)) == len(text)


@pytest.mark.parametrize(
    ("text", "end"), [(b'{"a":[1}', BROKEN), (b'{"a":"\n', SHORT), (b'{"a":[1', SHORT), (b"}", BROKEN)]
)
def test_values_without_an_end(text: bytes, end: int) -> None:
    assert matching_end(text, 0, len(text)) == end


@pytest.mark.parametrize("cut", [27, 40, 60, 200], ids=["in an array", "in a name", "at a comma", "in a tag"])
def test_lines_that_break_off_are_not_read_again_and_again(cut: int, tmp_path: Path) -> None:
    """Each would go on to the end of the file, were its successor not seen to start anew."""
    span = {"traceID": "1", "spanID": "1", "operationName": "é", "startTime": 1, "duration": 1, "processID": "p1"}
    spans = [{**span, "tags": [{"key": "k", "value": "x"}]}] * 2
    line = json.dumps({"traceID": "1", "spans": spans, "processes": {"p1": {"serviceName": "s"}}}).encode()
    began = perf_counter()
    reading = read_bytes(b"\n".join([line, *[line[:cut]] * 20_000, line]), tmp_path)
    assert (reading.count("spans"), len(reading.skipped)) == (4, 20_000)
    assert perf_counter() - began < 30, "linear: under a second; it was minutes when each looked at all that follow"

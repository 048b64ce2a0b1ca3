"""Shapes of log bodies, their merging into templates, and ids that do not depend on the load."""

from __future__ import annotations

import random
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deep_code_reasoning.kernels.cache import Kernels
from deep_code_reasoning.store.log_shape_ids import KERNEL, identity, shape_ids
from deep_code_reasoning.store.log_shape_tables import CLASSES, KNOWN, ROOM
from deep_code_reasoning.store.log_shape_tables import WORDS as WORDS_TABLE
from deep_code_reasoning.store.log_template_masking import SHAPE_BYTES, shape
from deep_code_reasoning.store.log_template_merging import merged
from deep_code_reasoning.store.log_templates import with_template_ids
from store.rows import tables_of

CASES = r"""
order 123 done                                                    | order <*> done
GET https://a.example/b?c=1 took 12.5ms                           | GET <*>?c=<*> took <*>
held 1m3.5s, ttl=500ms                                            | held <*>, ttl=<*>
free 12.5 KB of 3 GB                                              | free <*> of <*>
peer fe80::1ff:fe23:4567:890a left                                | peer <*> left
dial db.internal.example:5432 and 10.0.0.1:80 failed              | dial <*> and <*> failed
2026-10-13T09:24:31.204Z started                                  | <*> started
Jan  2 03:04:05 node sshd[123]: Failed                            | <*> node sshd[<*>]: Failed
at Fri Jun 17 07:07:00 2005 from ()                               | at <*> from (<*>)
it may stop on a Sat or in May                                    | it may stop on a Sat or in May
mail to jo.doe+x@shop.example failed                              | mail to <*> failed
open /var/log/app/x.log: denied                                   | open <*>: denied
open C:\logs\app.txt failed                                       | open <*> failed
trace 4bf92f3577b34da6a3ce929d0e0e4736 at 0xdeadBEEF              | trace <*> at <*>
id 123e4567-e89b-12d3-a456-426614174000, mask ffffffff            | id <*>, mask <*>
copied to [10.0.0.1, 10.0.0.2, 10.0.0.3] and 4 5 6                | copied to [<*>] and <*>
took <1 sec                                                       | took <*>
at com.foo.Bar.baz(Bar.java:123)                                  | at com.foo.Bar.baz(Bar.java:<*>)
the facade of a cafe                                              | the facade of a cafe
prüfung für Überweisung 7                                         | prüfung für Überweisung <*>
INFO   ---   [   handler-1] started                               | INFO - [ <*>] started
link state=up, was state=down, owner=ada                           | link state=up, was state=down, owner=<*>
training failed......... nothing varies                           | training failed.. nothing varies
"""
WORDS = ["a", "user", "root", "=", " ", " ", ",", ":", ".", "..", "0", "12", "f", "Jan", "KB", "/", "(", ")", "@", "-",
         "<", ">", "~", "'", "db.c", "h.x", "up", "half_open",
         "s", "Mon", "A", "_", ";", "|", ".go", "+", "é", "\\", "ü", "deadbeef", "\n"]  # fmt: skip


@pytest.mark.parametrize("line", CASES.strip().splitlines())
def test_shape(line: str) -> None:
    body, expected = (part.strip() for part in line.rsplit("|", 1))
    assert shape(body.encode()).decode() == expected


def test_a_value_with_few_and_a_word_with_some_values_are_variable() -> None:
    names = ["ada", "bob", "cleo", "dan", "eve"]
    shapes = [f"login refused for {name} from <*> port <*>" for name in names]
    shapes += [f'lock tag="{name}" taken' for name in names[:3]]
    shapes += [f"cache of the {name} pool is full" for name in names[:4]]
    found = merged(shapes)
    assert {found[text] for text in shapes[:5]} == {"login refused for <*> from <*> port <*>"}
    assert {found[text] for text in shapes[5:8]} == {'lock tag="<*>" taken'}
    assert not set(shapes[8:]) & set(found)


def test_subjects_of_a_sentence_stay_apart() -> None:
    assert merged([f"{name} startup succeeded" for name in ("portmap", "klogd", "sshd", "cron", "atd", "gpm")]) == {}


def test_merged_records_show_their_template(tmp_path: Path) -> None:
    logs = [
        {"body": f"order of customer {name} was {n} late", "service_name": "web" if n else None, "time_unix_nano": n}
        for n, name in enumerate(["ada", "bob", "cleo", "dan", "eve", "eve"])
    ]
    logs.append({"body": "lease lost"})
    with tables_of(tmp_path, logs=logs) as tables:
        rows = tables.rows("SELECT * EXCLUDE template_id FROM log_templates ORDER BY template")
        assert rows == [
            ("lease lost", 1, [], 6, None, None),
            ("order of customer <*> was <*> late", 6, ["web"], 0, 0, 5),
        ]
        found = tables.rows("SELECT count(*) FROM logs l JOIN log_templates t USING (template_id) WHERE t.count = 6")
        assert found == [(6,)]
        assert tables.rows("SELECT DISTINCT template_id FROM logs WHERE body <> 'lease lost'") == [
            (identity(b"order of customer <*> was <*> late"),)
        ]


def test_an_id_is_the_same_in_every_version() -> None:
    """Segments of an earlier release hold them."""
    assert identity(b"") == 11286133854226296554
    assert identity(b"order <*> done") == 10915929599694364928
    assert identity(bytes(8)) != identity(b"")


BODIES = st.lists(st.sampled_from(WORDS), max_size=12).map("".join) | st.text(max_size=40)


def ids_of(bodies: list[str | None], kernels: Kernels | None = None, kind: pa.DataType | None = None) -> list[int]:
    rows = pa.table({"n": range(len(bodies)), "body": pa.array(bodies, kind or pa.string())})
    rows = with_template_ids(rows, kernels)
    assert rows.column("n").to_pylist() == list(range(len(bodies)))
    assert rows.column("body").to_pylist() == bodies
    return rows.column("template_id").to_pylist()


@given(st.lists(BODIES, min_size=1))
def test_the_id_of_a_body_is_that_of_its_shape(bodies: list[str]) -> None:
    """The engine takes digits out first; that must not change a shape."""
    assert ids_of([*bodies, None]) == [*(identity(shape(body.encode())) for body in bodies), None]


@given(bodies=st.lists(BODIES | st.none(), min_size=1), kind=st.sampled_from([pa.string(), pa.string_view()]))
@example(bodies=["=a:a", "=up:a", "=1:a", "=a.b:9", "=q", "=queued", "a=b=up0"], kind=pa.string())
def test_the_kernel_gives_the_same_ids(kernels: Kernels, bodies: list[str | None], kind: pa.DataType) -> None:
    assert kernels.find(KERNEL)
    assert ids_of(bodies, kernels, kind) == ids_of(bodies)


@given(
    st.lists(st.sampled_from([word.encode() for word in WORDS]), max_size=60).map(b"".join) | st.binary(),
    st.sampled_from([1, 64]),
)
@settings(max_examples=1_000, deadline=None)
def test_the_kernel_gives_the_same_shape_of_any_bytes(kernels: Kernels, body: bytes, behind: int) -> None:
    kernel = kernels.find(KERNEL)
    assert kernel
    out, known, ids = np.zeros(ROOM, np.uint8), np.zeros((KNOWN, 2), np.uint64), np.zeros(1, np.uint64)
    text = np.frombuffer(b"0=" + body + b"0" * behind, np.uint8)
    length = kernel(text, np.array([2, 2 + len(body)], np.int32), SHAPE_BYTES, CLASSES, WORDS_TABLE, out, known, ids)
    assert out[:length].tobytes() == shape(body)
    assert ids.tolist() == [identity(shape(body))]


@given(
    st.lists(BODIES, min_size=1, max_size=3),
    st.lists(st.from_regex(r"[0-9][0-9a-z_]{0,9}", fullmatch=True), min_size=2, max_size=9),
)
def test_a_shape_that_the_kernel_remembers_is_that_of_the_body(
    kernels: Kernels, bodies: list[str], numbers: list[str]
) -> None:
    """Bodies that differ in what is evened out share what is remembered, and no others."""
    bodies = [*bodies, " ".join(bodies * 5), "7" * 80]  # some longer than what the kernel looks at at once
    alike = [re.sub("[0-9][0-9A-Za-z_]*", number, body) for body in bodies for number in numbers]
    assert ids_of(alike, kernels) == [identity(shape(body.encode())) for body in alike]


def test_the_kernel_takes_part_of_an_array(kernels: Kernels) -> None:
    bodies = pa.array(["a 1", None, "b 2", "", "c=up", "x" * 10_000_000]).slice(1, 4)
    chunked = pa.chunked_array([bodies, bodies.slice(4), pa.array([None], pa.string())])
    expected = [None, *(identity(text) for text in (b"b <*>", b"", b"c=up")), None]
    assert shape_ids(chunked, kernels).to_pylist() == expected
    assert shape_ids(chunked).to_pylist() == expected


@given(st.binary(max_size=200))
def test_any_bytes_have_a_shape(body: bytes) -> None:
    assert len(shape(body)) <= 4 * len(body)


@pytest.mark.parametrize(
    "body", ["", "\0\1\2", "x" * 10_000_000, "1=" * 5_000_000, ":" * 9_999, "." * 9_999, "(" * 999, "()" * 2_000]
)
def test_hostile_bodies(body: str, tmp_path: Path, kernels: Kernels) -> None:
    assert ids_of([body], kernels) == ids_of([body])
    with tables_of(tmp_path, logs=[{"body": body}]) as tables:
        ((template, count),) = tables.rows("SELECT template, count FROM log_templates JOIN logs USING (template_id)")
        assert count == 1
        assert len(template) <= 4 * SHAPE_BYTES


def test_templates_do_not_depend_on_the_order_of_shapes() -> None:
    chance = random.Random(5)
    shapes = [f"{a} failed for {b} in {c}" for a in ("read", "write") for b in "abcdefg" for c in ("x_1", "y_2")]
    expected = merged(shapes)
    for _ in range(5):
        chance.shuffle(shapes)
        assert merged(shapes) == expected

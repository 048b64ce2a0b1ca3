"""Masking of log bodies, and ids that do not depend on the load."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.store.log_templates import with_template_ids
from store.rows import tables_of

ENGINE = duckdb.connect(":memory:", config={"threads": 1})
CASES = r"""
order 123 done                                                    | order <num> done
GET https://a.example/b?c=1 took 12.5ms                           | GET <url> took <duration>
held 1m3.5s, ttl=500ms                                            | held <duration>, ttl=<duration>
can't open '/etc/x y' at 10.0.0.1:80                              | can't open <text> at <ip>
peer fe80::1ff:fe23:4567:890a left                                | peer <ip> left
2026-10-13T09:24:31.204Z started                                  | <time> started
Jan  2 03:04:05 node sshd[123]: Failed                            | <time> node sshd[<num>]: Failed
mail to jo.doe+x@shop.example failed                              | mail to <email> failed
open /var/log/app/x.log: denied                                   | open <path>: denied
open C:\logs\app.txt failed                                       | open <path> failed
trace 4bf92f3577b34da6a3ce929d0e0e4736 at 0xdeadBEEF              | trace <hex> at <hex>
id 123e4567-e89b-12d3-a456-426614174000                           | id <uuid>
{"level":"info","order_id":17,"msg":"a \"b\" c"}                  | {level:<text>,order_id:<num>,msg:<text>}
at com.foo.Bar.baz(Bar.java:123)                                  | at com.foo.Bar.baz(Bar.java:<num>)
the facade of a cafe                                              | the facade of a cafe
INFO   --- [   handler-1] started                                 | INFO --- [ handler-<num>] started
nothing varies                                                    | nothing varies
"""


@pytest.mark.parametrize("line", CASES.strip().splitlines())
def test_masked(line: str, tmp_path: Path) -> None:
    body, template = (part.strip() for part in line.rsplit("|", 1))
    with tables_of(tmp_path, logs=[{"body": body}]) as tables:
        assert tables.rows("SELECT template FROM log_templates") == [(template,)]


def test_templates_count_their_records_and_name_their_services(tmp_path: Path) -> None:
    logs = [
        {"body": "order 1 done", "service_name": "web"},
        {"body": "order 22 done", "service_name": "pay"},
        {"body": "order 22 done", "service_name": None},
        {"body": "lease lost"},
    ]
    with tables_of(tmp_path, logs=logs) as tables:
        rows = tables.rows("SELECT template, count, service_names FROM log_templates ORDER BY template")
        assert rows == [("lease lost", 1, []), ("order <num> done", 3, ["pay", "web"])]
        found = tables.rows("SELECT l.body FROM logs l JOIN log_templates t USING (template_id) WHERE t.count = 3")
        assert len(found) == 3


def test_an_id_is_the_lower_half_of_the_md5_of_the_template(tmp_path: Path) -> None:
    """So it is the same in every load, on every machine and in every version of the engine."""
    digest = hashlib.md5(b"order <num> done", usedforsecurity=False).digest()
    with tables_of(tmp_path, logs=[{"body": "order 1 done"}]) as tables:
        assert tables.rows("SELECT template_id FROM logs") == [(int.from_bytes(digest[8:], "little"),)]


@given(st.lists(st.text(max_size=40), min_size=1, max_size=30))
def test_equal_bodies_have_equal_ids_and_order_is_kept(bodies: list[str]) -> None:
    rows = with_template_ids(ENGINE, pa.table({"n": range(len(bodies)), "body": pa.array(bodies, pa.string())}))
    assert rows.column("n").to_pylist() == list(range(len(bodies)))
    assert rows.column("body").to_pylist() == bodies
    ids = dict(zip(bodies, rows.column("template_id").to_pylist(), strict=True))
    assert [ids[body] for body in bodies] == rows.column("template_id").to_pylist()
    assert None not in ids.values()

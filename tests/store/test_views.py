"""The service graph and the trees as users query them."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot

from deep_code_reasoning.store.views import view_files
from store.rows import tables_of


def span(span_id: str, parent: str | None, service: str, kind: str, **more: object) -> dict:
    return {
        "span_id": span_id,
        "parent_span_id": parent,
        "service_name": service,
        "kind": kind,
        "name": span_id,
        **more,
    }


def edges(path: Path, *spans: dict) -> dict[tuple[str, str, str], tuple[int, int]]:
    with tables_of(path, spans=spans) as tables:
        rows = tables.rows("SELECT caller, callee, kind, calls, errors FROM service_edges")
    return {(caller, callee, kind): (calls, errors) for caller, callee, kind, calls, errors in rows}


@pytest.mark.parametrize("file", [*view_files(), *Path(view_files()[0]).parents[1].glob("*.sql")], ids=lambda f: f.name)
def test_every_statement_can_be_carried_to_clickhouse(file: Path) -> None:
    written = sqlglot.transpile(
        file.read_text("utf-8"), read="duckdb", write="clickhouse", unsupported_level=sqlglot.ErrorLevel.RAISE
    )
    assert len(written) == 1


def test_a_call_is_a_client_span_and_the_server_span_under_it(tmp_path: Path) -> None:
    found = edges(
        tmp_path,
        span("a", None, "web", "server"),
        span("b", "a", "web", "client", http_request_method="GET"),
        span("c", "b", "pay", "server", http_request_method="GET", status_code="error"),
        span("d", "a", "web", "client", rpc_system="grpc", status_code="error"),
        span("e", "d", "cart", "server"),
    )
    assert found == {("web", "pay", "http"): (1, 1), ("web", "cart", "rpc"): (1, 1)}


def test_databases_are_named_by_system_and_namespace_and_counted_once_under_an_orm(tmp_path: Path) -> None:
    found = edges(
        tmp_path,
        span("a", None, "web", "server"),
        span("orm", "a", "web", "internal", db_system_name="postgresql", db_namespace="shop"),
        span("sql", "orm", "web", "client", db_system_name="postgresql", db_namespace="shop"),
        span("get", "a", "web", "client", db_system_name="redis"),
        span("hit", "a", "web", "client", db_system_name="redis", server_address="cache-1"),
    )
    assert found == {
        ("web", "db:postgresql/shop", "db"): (1, 0),
        ("web", "db:redis", "db"): (1, 0),
        ("web", "db:redis/cache-1", "db"): (1, 0),
    }


def test_a_queue_stands_between_producer_and_consumer(tmp_path: Path) -> None:
    found = edges(
        tmp_path,
        span("p", None, "web", "producer", messaging_system="kafka", messaging_destination_name="orders"),
        span("c", "p", "mail", "consumer", messaging_system="kafka", messaging_destination_name="orders"),
    )
    assert found == {("web", "queue:orders", "messaging"): (1, 0), ("queue:orders", "mail", "messaging"): (1, 0)}


def test_a_queue_has_the_name_its_sender_used(tmp_path: Path) -> None:
    def queue(name: str) -> dict:
        return {"messaging_system": "rabbitmq", "messaging_destination_name": name}

    spans = [
        span("p", None, "web", "producer", span_number=0, **queue("orders")),
        span("c", "p", "mail", "consumer", span_number=1, **queue("orders:mail")),
        span("d", None, "ship", "consumer", span_number=2, trace_id="f" * 32, **queue("orders:ship")),
        span("e", None, "audit", "consumer", span_number=3, trace_id="e" * 32, **queue("orders:audit")),
    ]
    links = [{"span_number": 2, "trace_id": f"{1:032x}", "span_id": "p"}]
    with tables_of(tmp_path, spans=spans, links=links) as tables:
        found = set(tables.rows("SELECT caller, callee FROM service_edges"))
    assert found == {
        ("web", "queue:orders"),
        ("queue:orders", "mail"),
        ("queue:orders", "ship"),
        ("queue:orders:audit", "audit"),
    }


def test_an_unanswered_call_counts_for_the_service_its_address_names(tmp_path: Path) -> None:
    found = edges(
        tmp_path,
        span("a", None, "web", "client", http_request_method="GET", server_address="pay.shop.svc", status_code="error"),
        span("b", None, "web", "client", http_request_method="GET", server_address="api.bank.example"),
        span("c", None, "pay", "server"),
    )
    assert found == {("web", "pay", "http"): (1, 1), ("web", "external:api.bank.example", "http"): (1, 0)}


def test_edge_times_are_exact_quantiles_of_callee_and_caller(tmp_path: Path) -> None:
    spans = []
    for i in range(1, 101):
        spans += [
            span(f"c{i}", None, "web", "client", duration_nano=10 * i),
            span(f"s{i}", f"c{i}", "pay", "server", duration_nano=i),
        ]
    with tables_of(tmp_path, spans=spans) as tables:
        (row,) = tables.rows("SELECT p50_nano, p99_nano, client_p50_nano, client_p99_nano FROM service_edges")
    assert row == (50, 99, 500, 990)


def test_the_entry_of_a_trace_is_its_earliest_root(tmp_path: Path) -> None:
    with tables_of(
        tmp_path,
        spans=[
            span("lost", "nowhere", "pay", "server", start_time_unix_nano=1),
            span("late", None, "web", "server", start_time_unix_nano=9),
            span("root", None, "web", "server", start_time_unix_nano=5),
            span("child", "root", "web", "internal", status_code="error"),
            span("only-lost", "nowhere", "pay", "server", trace_id="f" * 32),
        ],
    ) as tables:
        rows = tables.rows("SELECT name, is_orphan, spans, errors FROM trace_roots ORDER BY trace_number")
    assert rows == [("root", False, 4, 1), ("only-lost", True, 1, 0)]


def test_span_tree_is_every_span_with_its_place(tmp_path: Path) -> None:
    with tables_of(
        tmp_path,
        spans=[
            span("a", None, "web", "server", start_time_unix_nano=100, duration_nano=100),
            span("b", "a", "web", "internal", start_time_unix_nano=110, duration_nano=30),
            span("c", "a", "web", "internal", start_time_unix_nano=120, duration_nano=500),
            span("x", "y", "web", "internal"),
            span("y", "x", "web", "internal"),
        ],
    ) as tables:
        rows = tables.rows(
            "SELECT name, parent_number, depth, self_time_nano, is_orphan, in_cycle FROM span_tree ORDER BY 1"
        )
    assert rows == [
        ("a", None, 0, 10, False, False),
        ("b", 0, 1, 30, False, False),
        ("c", 0, 1, 500, False, False),
        ("x", None, 0, 0, False, True),
        ("y", None, 0, 0, False, True),
    ]

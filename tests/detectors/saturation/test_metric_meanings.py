"""What names of metrics, as collectors and exporters write them, are taken to mean."""

from __future__ import annotations

import pytest

from deep_code_reasoning.detectors.groundwork.metrics.metric_meanings import meaning_of, words_of

IDLE, STEAL, USER = (f"[{{'key': state, 'value': {state}}}]" for state in ("idle", "steal", "user"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CpuUsageRate(%)", "_cpu_usage_rate_%_"),
        ("k8s.pod.cpu.usage", "_k8s_pod_cpu_usage_"),
        ("aws.sqs.ApproximateAgeOfOldestMessage", "_aws_sqs_approximate_age_of_oldest_message_"),
        ("node_memory_MemAvailable_bytes", "_node_memory_mem_available_bytes_"),
    ],
)
def test_words_of_a_name(name: str, words: str) -> None:
    assert words_of(name) == words


@pytest.mark.parametrize(
    ("name", "attributes", "about", "measure", "scope"),
    [
        ("system.cpu.utilization", IDLE, "cpu", "free", "host"),
        ("system.cpu.utilization", STEAL, "cpu", "stolen", "host"),
        ("node_cpu_seconds_total", "[{'key': cpu, 'value': 0}, {'key': mode, 'value': idle}]", "cpu", "free", "host"),
        ("container_cpu_usage_seconds_total", "", "cpu", "used", "service"),
        ("container_cpu_cfs_throttled_periods_total", "", "throttling", "waiting", "service"),
        ("k8s.pod.cpu.usage", "", "cpu", "used", "service"),
        ("k8s.pod.cpu_limit_utilization", "", "cpu", "share", "service"),
        ("k8s.node.cpu.utilization", "", "cpu", "share", "host"),
        ("process_cpu_seconds_total", "", "cpu", "used", "service"),
        ("CpuUsageRate(%)", "", "cpu", "share", "service"),
        ("node_pressure_cpu_waiting_seconds_total", "", "cpu", "waiting", "host"),
        ("kube_pod_container_resource_limits", "[{'key': resource, 'value': cpu}]", "cpu", "limit", "service"),
        ("jvm_memory_used_bytes", "", "memory", "used", "service"),
        ("jvm_memory_max_bytes", "", "memory", "limit", "service"),
        ("memory_usage", "", "memory", "used", "service"),
        ("node_memory_MemAvailable_bytes", "", "memory", "free", "host"),
        ("hikaricp_connections_pending", "", "pool", "waiting", "service"),
        ("hikaricp_connections_active", "", "pool", "used", "service"),
        ("hikaricp_connections_max", "", "pool", "limit", "service"),
        ("db.client.connections.usage", IDLE, "pool", "free", "service"),
        ("db.client.connection.pending_requests", "", "pool", "waiting", "service"),
        ("tomcat_threads_busy_threads", "", "pool", "used", "service"),
        ("tomcat_threads_config_max_threads", "", "pool", "limit", "service"),
        ("kafka_consumergroup_lag", "", "queue", "waiting", "service"),
        ("kafka.consumer.records-lag-max", "", "queue", "waiting", "service"),
        ("rabbitmq_queue_messages_unacked", "", "queue", "waiting", "service"),
        ("process_open_fds", "", "file-descriptors", "used", "service"),
        ("node_filesystem_avail_bytes", "", "disk", "free", "host"),
        ("http.server.request.duration", "", "latency", "", "service"),
        ("http_server_requests_seconds", "", "latency", "", "service"),
        ("p90", "", "latency", "", "service"),
        ("http_requests_total", "", "traffic", "", "service"),
        ("http_requests_total", "[{'key': code, 'value': 503}]", "errors", "", "service"),
        ("upstream_call_error_ratio", "", "errors", "", "service"),
        ("kube_pod_container_status_restarts_total", "", "availability", "", "service"),
    ],
)
def test_meaning_of_a_name(name: str, attributes: str, about: str, measure: str, scope: str) -> None:
    found = meaning_of(name, "", attributes)
    assert found is not None
    assert (found.about, found.measure, found.scope) == (about, measure, scope)


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("system.cpu.utilization", USER),  # idle tells it all
        ("jvm.gc.duration", ""),  # pauses have a rule of their own
        ("k8s.pod.network.receive", ""),  # follows demand
        ("tls_cert_seconds_until_expiry", ""),
        ("jvm.memory.committed", ""),
        ("kube_pod_container_resource_requests", ""),
        ("something_else", ""),
    ],
)
def test_names_that_say_nothing_here(name: str, attributes: str) -> None:
    assert meaning_of(name, "", attributes) is None


def test_less_is_worse_where_a_metric_tells_what_is_left() -> None:
    assert [meaning_of(name, "", "").worse for name in ("pod_ready_replicas", "success_rate", "error_rate")] == [
        -1,
        -1,
        1,
    ]  # ty: ignore[possibly-missing-attribute]

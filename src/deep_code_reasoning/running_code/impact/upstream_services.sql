-- Every edge of the service graph.
SELECT caller AS service, callee AS calls_to, kind, calls, errors, p50_nano / 1e6 AS p50_ms, p99_nano / 1e6 AS p99_ms
FROM service_edges
ORDER BY calls DESC, service, calls_to, kind

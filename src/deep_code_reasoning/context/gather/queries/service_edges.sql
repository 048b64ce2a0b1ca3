SELECT caller, callee, kind, calls, errors, error_rate, p50_nano, p99_nano
FROM service_edges
ORDER BY calls DESC, caller, callee, kind
LIMIT $most;

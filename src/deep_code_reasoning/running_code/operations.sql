-- Operations of services as spans tell them: how often, how slow, by which route or RPC method, and one span to look at.
SELECT
    s.service_name AS service,
    s.name AS operation,
    count(*) AS calls,
    CAST(sum(CASE WHEN s.status_code = 'error' THEN 1 ELSE 0 END) AS BIGINT) AS errors,
    quantile(s.duration_nano, 0.5) / 1e6 AS p50_ms,
    quantile(s.duration_nano, 0.99) / 1e6 AS p99_ms,
    count(DISTINCT s.trace_id) AS traces,
    max(CASE WHEN s.kind IN ('server', 'consumer', 'unspecified') THEN s.http_route END) AS http_route,
    max(CASE WHEN s.kind IN ('server', 'consumer', 'unspecified') THEN s.rpc_method END) AS rpc_method,
    max(s.messaging_destination_name) AS destination,
    bool_or(s.kind IN ('server', 'consumer')) AS is_entry,
    bool_or(s.kind IN ('client', 'producer')) AS is_exit,
    min(concat('span:', s.trace_id, '/', s.span_id)) AS exemplar
FROM spans AS s
WHERE s.service_name IS NOT NULL
GROUP BY s.service_name, s.name
ORDER BY calls DESC, service, operation
LIMIT $most

-- Who calls the operations in question (`keys`: service, unit separator, operation), from another service or over a queue.
SELECT
    c.caller AS service,
    s.service_name AS calls_to,
    c.kind AS kind,
    count(*) AS calls,
    CAST(sum(CASE WHEN c.failed THEN 1 ELSE 0 END) AS BIGINT) AS errors,
    quantile(c.callee_nano, 0.5) / 1e6 AS p50_ms,
    quantile(c.callee_nano, 0.99) / 1e6 AS p99_ms
FROM service_calls AS c
JOIN spans AS s ON s.span_number = c.callee_span_number
WHERE list_contains($keys, concat(s.service_name, chr(31), s.name))
GROUP BY c.caller, s.service_name, c.kind
ORDER BY calls DESC, service, calls_to, kind

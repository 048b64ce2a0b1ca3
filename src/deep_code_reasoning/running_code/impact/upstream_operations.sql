-- Who calls the operations in question (`keys`: service, unit separator, operation), from another service or over a queue.
-- One that is not called from outside (an internal or client span) counts as run by the calls into its service of the
-- same trace.
WITH inner_spans AS (
    SELECT DISTINCT trace_id, service_name
    FROM spans
    WHERE kind NOT IN ('server', 'consumer') AND list_contains($keys, concat(service_name, chr(31), name))
)
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
LEFT JOIN inner_spans AS i ON i.trace_id = s.trace_id AND i.service_name = s.service_name
WHERE (list_contains($keys, concat(s.service_name, chr(31), s.name)) OR i.trace_id IS NOT NULL)
    AND c.caller <> s.service_name
GROUP BY c.caller, s.service_name, c.kind
ORDER BY calls DESC, service, calls_to, kind

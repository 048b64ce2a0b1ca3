-- The parent spans with the most calls, each with the first of its calls.
SELECT
    p.trace_id,
    p.span_id,
    c.span_id AS call_span_id,
    r.calls,
    CASE
        WHEN c.db_system_name IS NOT NULL THEN 'db:' || c.db_system_name || COALESCE('/' || c.db_namespace, '')
        ELSE COALESCE(c.server_address, c.rpc_service)
    END AS peer
FROM repeated_calls AS r
JOIN trace_outcomes AS o ON o.trace_number = r.trace_number
JOIN spans AS p ON p.span_number = r.parent_number
JOIN spans AS c ON c.span_number = r.span_number
WHERE o.phase = 'incident'
    AND p.service_name IS NOT DISTINCT FROM $service_name
    AND p.name = $operation
    AND r.statement = $statement
ORDER BY r.calls DESC, p.span_number
LIMIT 2

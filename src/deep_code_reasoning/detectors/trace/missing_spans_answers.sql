-- client_answers: calls that succeeded, and whether the callee wrote a span; a row a trace and kind of call.
CREATE OR REPLACE TEMPORARY TABLE client_answers AS
WITH served AS (
    SELECT t.parent_number, MIN(s.service_name) AS callee
    FROM topology AS t
    JOIN spans AS s ON s.span_number = t.span_number
    WHERE s.kind = 'server' AND t.parent_number IS NOT NULL
    GROUP BY t.parent_number
)
SELECT
    c.service_name AS parent_service,
    c.name AS parent_operation,
    COALESCE(c.server_address, c.rpc_service, '') AS address,
    o.trace_number,
    o.phase,
    MAX(v.callee) AS callee,
    MAX(CASE WHEN v.parent_number IS NULL THEN 1 ELSE 0 END) AS unanswered
FROM spans AS c
JOIN topology AS t ON t.span_number = c.span_number
JOIN trace_outcomes AS o ON o.trace_number = t.trace_number
LEFT JOIN served AS v ON v.parent_number = c.span_number
LEFT JOIN failed_spans AS f ON f.span_number = c.span_number
WHERE c.kind = 'client' AND f.span_number IS NULL AND o.phase <> 'outside' AND c.db_system_name IS NULL
    AND c.service_name IS NOT NULL
GROUP BY c.service_name, c.name, COALESCE(c.server_address, c.rpc_service, ''), o.trace_number, o.phase;

SELECT
    parent_service,
    parent_operation,
    MAX(callee) AS child_service,
    '' AS child_operation,
    address,
    COUNT(*) FILTER (WHERE phase = 'incident') AS after,
    COUNT(*) FILTER (WHERE phase = 'incident' AND unanswered = 0) AS after_with,
    COUNT(*) FILTER (WHERE phase = 'baseline') AS before,
    COUNT(*) FILTER (WHERE phase = 'baseline' AND unanswered = 0) AS before_with
FROM client_answers
GROUP BY parent_service, parent_operation, address
HAVING COUNT(*) FILTER (WHERE phase = 'incident') > 0 AND COUNT(*) FILTER (WHERE phase = 'baseline') > 0
    AND COUNT(DISTINCT callee) = 1
ORDER BY parent_service, parent_operation, address;

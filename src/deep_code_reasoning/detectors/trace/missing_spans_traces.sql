-- missing_traces: for each place (a row of missing_places) the traces of both windows in which the span is missing.
CREATE OR REPLACE TEMPORARY TABLE missing_traces AS
SELECT m.number, r.trace_number
FROM missing_places AS m
JOIN (SELECT DISTINCT parent, service_name, operation FROM operations) AS p
    ON p.service_name = m.parent_service AND p.operation = m.parent_operation
JOIN (SELECT DISTINCT child, service_name, operation, address FROM operations) AS k
    ON k.service_name = m.child_service AND k.operation = m.child_operation AND k.address = m.address
JOIN parent_runs AS r ON r.parent = p.parent
JOIN trace_outcomes AS o ON o.trace_number = r.trace_number
LEFT JOIN child_calls AS c ON c.trace_number = r.trace_number AND c.parent = p.parent AND c.child = k.child
WHERE m.kind = 'not called' AND c.trace_number IS NULL AND o.phase <> 'outside'
UNION ALL
SELECT m.number, a.trace_number
FROM missing_places AS m
JOIN client_answers AS a
    ON a.parent_service = m.parent_service AND a.parent_operation = m.parent_operation AND a.address = m.address
WHERE m.kind = 'lost below' AND a.unanswered = 1
UNION ALL
SELECT m.number, o.trace_number
FROM missing_places AS m
JOIN orphan_traces AS o ON o.parent_service = m.parent_service
WHERE m.kind = 'lost above' AND o.orphaned = 1;

WITH told AS (
    SELECT DISTINCT x.number, x.trace_number
    FROM missing_traces AS x
    JOIN missing_places AS m ON m.number = x.number
    JOIN trace_outcomes AS o ON o.trace_number = x.trace_number
    JOIN logs AS l ON l.trace_id = o.trace_id AND l.service_name = m.child_service
)
SELECT
    x.number,
    COUNT(*) FILTER (WHERE o.symptomatic) AS symptomatic_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE symptomatic) AS symptomatic,
    COUNT(*) FILTER (WHERE NOT o.symptomatic) AS healthy_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE NOT symptomatic) AS healthy,
    ARG_MIN(o.trace_id, CASE WHEN o.phase = 'incident' THEN o.start_time_unix_nano END) AS example,
    ARG_MAX(o.trace_id, CASE WHEN o.phase = 'incident' THEN o.start_time_unix_nano END) AS another,
    COUNT(*) FILTER (WHERE o.phase = 'incident' AND l.trace_number IS NOT NULL) AS with_logs
FROM missing_traces AS x
JOIN trace_outcomes AS o ON o.trace_number = x.trace_number
LEFT JOIN told AS l ON l.number = x.number AND l.trace_number = x.trace_number
GROUP BY x.number
ORDER BY x.number;
